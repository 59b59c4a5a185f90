"""Plugin files written, broken, repaired, renamed and deleted at random while messages arrive.

A model says which versions are live. Every message must be answered by each live version exactly once: never by a
half-loaded one, never by none, never by two versions of one plugin.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from machine.trace import InvocationFailed
from tests.conftest import BotUnderTest

SLOTS = st.sampled_from(["one", "two", "three"])

GOOD = """
    import asyncio
    FIRST = {version}
    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to

    class Plugin(MachineBasePlugin):
        async def init(self):
            await asyncio.sleep(0)

        @listen_to(r"^question (?P<number>\\d+)$")
        async def answer(self, msg, number):
            await asyncio.sleep(0)
            await msg.say(f"answer {{number}} by {{FIRST}} and {{LAST}}")

    LAST = {version}
"""

BROKEN = {
    "syntax": "def (:\n",
    "import": "import a_module_that_is_not_there\n",
    "import half-way": GOOD + "\n    raise RuntimeError('half-way')\n",
    "constructor": GOOD.replace(
        "async def init(self):", "def __init__(self, *a): 1 / 0\n        async def init(self):"
    ),
    "init": GOOD.replace("await asyncio.sleep(0)\n\n        @", "raise RuntimeError('init')\n\n        @"),
    "handler": GOOD.replace("async def answer", "def answer").replace("await ", ""),
}


HANGING = GOOD.replace("await asyncio.sleep(0)\n\n        @", "await asyncio.Event().wait()\n\n        @")


class Reloading(RuleBasedStateMachine):
    """One bot through many changes of its files."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.bot = BotUnderTest(Path(self.folder.name))
        self.versions = itertools.count(1)
        self.numbers = itertools.count(1)
        self.files: dict[str, int] = {}  # the version in a file, negative where it is broken
        self.taken: dict[str, int] = {}  # what was in it when it was taken over
        self.waiting: dict[str, int | None] = {}  # what could not be taken over
        self.live: dict[str, int] = {}
        self.runner.run(self.bot.start())

    def teardown(self) -> None:
        self.runner.run(self.bot.stop())
        self.runner.close()
        self.folder.cleanup()

    @rule(slot=SLOTS)
    def write(self, slot: str) -> None:
        """A new version is saved."""
        version = next(self.versions)
        self.bot.write_plugin(slot, GOOD.format(version=version))
        self.files[slot] = version
        self.take_over()

    @rule(slot=SLOTS, kind=st.sampled_from(sorted(BROKEN)))
    def break_it(self, slot: str, kind: str) -> None:
        """Something that cannot be loaded is saved."""
        version = next(self.versions)
        self.bot.write_plugin(slot, BROKEN[kind].format(version=version) + f"# {version}\n")
        self.files[slot] = -version
        self.take_over()

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """A file goes away, and its plugin with it."""
        slot = data.draw(st.sampled_from(sorted(self.files)))
        self.path(slot).unlink()
        del self.files[slot]
        self.take_over()

    @precondition(lambda self: self.files)
    @rule(data=st.data(), to=SLOTS)
    def rename(self, data: st.DataObject, to: str) -> None:
        """A file gets another name, perhaps that of another file."""
        slot = data.draw(st.sampled_from(sorted(self.files)))
        self.path(slot).rename(self.path(to))
        self.files[to] = self.files.pop(slot)
        self.take_over()

    @rule(slots=st.sets(SLOTS, min_size=2))
    def write_several(self, slots: set[str]) -> None:
        """Several files are saved at once."""
        for slot in slots:
            version = next(self.versions)
            self.bot.write_plugin(slot, GOOD.format(version=version))
            self.files[slot] = version
        self.take_over()

    @rule(slot=SLOTS, patience=st.integers(0, 20))
    def overtake(self, slot: str, patience: int) -> None:
        """A version whose `init()` hangs is saved, and before long a good one."""
        self.files[slot] = next(self.versions)
        self.bot.write_plugin(slot, HANGING.format(version=self.files[slot]))
        self.waiting.update(self.changed())
        hanging = self.runner.run(self._begin_to_reload(patience))
        self.write(slot)
        assert hanging.done()

    @invariant()
    def nothing_failed(self) -> None:
        """No handler ran into a module that was not whole."""
        assert not self.bot.traced(InvocationFailed)

    def path(self, slot: str) -> Path:
        return self.bot.project / "plugins" / f"{slot}.py"

    def take_over(self) -> None:
        """Reload while messages arrive, and hold every answer against the model."""
        before, changed = dict(self.live), self.changed()
        fresh = {slot: version for slot, version in changed.items() if self.waiting.get(slot, 0) != version}
        if not self.succeeds(changed) and not (fresh and self.succeeds(fresh)):
            self.waiting.update(changed)
        self.runner.run(self._reload_among_messages(before))

    def changed(self) -> dict[str, int | None]:
        """The files that are other than when they were taken over."""
        now = {slot: self.files.get(slot) for slot in self.files.keys() | self.taken.keys()}
        return {slot: version for slot, version in now.items() if version != self.taken.get(slot)}

    def succeeds(self, changed: dict[str, int | None]) -> bool:
        """Take over these files in the model, unless one that is live is broken."""
        if any((version or 0) < 0 and slot in self.live for slot, version in changed.items()):
            return False
        for slot, version in changed.items():
            if version is None:
                self.live.pop(slot, None)
                self.taken.pop(slot, None)
            else:
                self.taken[slot] = version
            self.waiting.pop(slot, None)
        for slot, version in self.files.items():
            if version > 0 and (slot in changed or slot not in self.live):
                self.live[slot] = version
        return True

    async def _begin_to_reload(self, patience: int) -> asyncio.Task[bool]:
        task = asyncio.create_task(self.bot.machine.reload())
        for _ in range(patience):
            await asyncio.sleep(0)
        return task

    async def _reload_among_messages(self, before: dict[str, int]) -> None:
        early = [self._ask() for _ in range(3)]
        reloading = asyncio.create_task(self.bot.machine.reload())
        during = []
        while not reloading.done():
            during.append(self._ask())
            await asyncio.sleep(0)
        late = [self._ask() for _ in range(3)]
        await self.bot.settled()

        answers = self._answers()
        for number in late:
            assert answers[number] == Counter(self.live.values())
        for number in [*early, *during]:
            assert answers[number] in (Counter(before.values()), Counter(self.live.values()))

    def _ask(self) -> int:
        number = next(self.numbers)
        self.bot.workspace.post("alice", "general", f"question {number}")
        return number

    def _answers(self) -> dict[int, Counter[int]]:
        answers: dict[int, Counter[int]] = {number: Counter() for number in range(1, next(self.numbers))}
        for message in self.bot.said():
            _, number, _, first, _, last = message.text.split()
            assert first == last, "a half-loaded module answered"
            answers[int(number)][int(first)] += 1
        return answers


TestReloading = Reloading.TestCase
TestReloading.settings = settings(
    max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
