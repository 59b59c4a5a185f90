"""The pane is a real prompt-toolkit session: editing, completion, search, history, paste, and Ctrl-C work in it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from prompt_toolkit.application import application as application_module
from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.keys import _character_to_key
from textual.pilot import Pilot

from machine_console.app.theme import DARK, LIGHT
from machine_console.repl.language.interrupt import interrupt_blocking_code
from machine_console.repl.pane.ptk_bridge import key_presses
from machine_console.repl.pane.terminal import ReplTerminal
from machine_console.repl.verbs.candidates import CANDIDATES, Candidate
from tests.console.story import THEMES
from tests.waiting import Waiter


async def say(channel: str, text: str) -> str:
    return f"{text} in {channel}"


CHANNELS = [Candidate("#general", "everybody"), Candidate("#ops", "on call")]
NAMESPACE: dict[str, Any] = {"say": say, "asyncio": asyncio, CANDIDATES: {"say": {"channel": lambda: CHANNELS}}}


class WatchedTerminal(ReplTerminal):
    """Tells a waiter whenever it is to be drawn again, so whenever anything of it changed."""

    def __init__(self, history_path: Path | None, waiter: Waiter) -> None:
        super().__init__(history_path)
        self._waiter = waiter

    def refresh(self, *regions: Any, **options: Any) -> WatchedTerminal:
        super().refresh(*regions, **options)
        self._waiter.notify()
        return self


class PaneApp(App[None]):
    """Nothing but the pane."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f6", "leave", priority=True), Binding("f5", "other")]
    COMMAND_PALETTE_BINDING = "ctrl+backslash"

    def __init__(self, history_path: Path | None = None) -> None:
        super().__init__()
        self.waiter = Waiter()
        self.terminal = WatchedTerminal(history_path, self.waiter)
        self.pressed: list[str] = []
        self.left = 0

    def compose(self) -> ComposeResult:
        yield self.terminal

    def on_mount(self) -> None:
        self.terminal.focus()

    def action_leave(self) -> None:
        self.pressed.append("f6")

    def action_other(self) -> None:
        self.pressed.append("f5")
        self.waiter.notify()

    def on_repl_terminal_left(self) -> None:
        self.left += 1
        self.waiter.notify()


class Session:
    """A person at the pane."""

    def __init__(self, app: PaneApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.terminal = app.terminal

    def press(self, *keys: str) -> None:
        """Press keys, by Textual's names for them."""
        for key in keys:
            character = "\r" if key == "enter" else None
            self.app.post_message(events.Key(key, character))

    def type(self, text: str, *keys: str) -> None:
        """Type characters, then press keys."""
        for character in text:
            self.app.post_message(events.Key(_character_to_key(character), character))
        self.press(*keys)

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        try:
            await self.app.waiter.until(condition, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen was\n{self.screen}") from None

    async def sees(self, text: str) -> None:
        """Wait until the pane shows a text."""
        await self.until(lambda: text in self.screen, f"{text!r} on the screen")

    async def typed(self, text: str) -> None:
        """Wait until the prompt holds exactly this."""
        await self.until(lambda: self.terminal.prompt_text == text, f"{text!r} at the prompt")

    @property
    def screen(self) -> str:
        """What the pane shows."""
        if self.terminal.content_size.width == 0:
            return ""
        lines = [self.terminal.render_line(y).text for y in range(self.terminal.content_size.height)]
        return "\n".join(line.rstrip() for line in lines)

    async def evaluate(self, source: str, expected: str) -> None:
        self.type(source, "enter")
        await self.sees(expected)


@asynccontextmanager
async def session(
    history_path: Path | None = None, size: tuple[int, int] = (80, 24), *, is_attached: bool = True
) -> AsyncIterator[Session]:
    app = PaneApp(history_path)
    async with app.run_test(size=size) as pilot:
        person = Session(app, pilot)
        if is_attached:
            person.terminal.attach(NAMESPACE)
            await person.sees(">>>")
        yield person


async def test_an_expression_is_evaluated_and_shown() -> None:
    """And the prompt is there again."""
    async with session() as person:
        await person.evaluate("1 + 41", "\n42\n>>>")


async def test_a_coroutine_is_awaited() -> None:
    """Verbs are coroutines."""
    async with session() as person:
        await person.evaluate('say("#ops", "hi")', "'hi in #ops'")


async def test_an_editor_without_a_terminal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a browser there is none to give away."""
    monkeypatch.setenv("EDITOR", "true")
    async with session() as person:
        await person.evaluate("%edit", "An editor needs a terminal of its own, and a browser has none.\n>>>")


async def test_the_keys_that_the_footer_names_can_be_pressed_there() -> None:
    """By a click, or from the command palette."""
    async with session() as person:
        await person.evaluate("1 + 41", "\n42\n>>>")
        await person.pilot.app.run_action("press('ctrl+l')", person.terminal)
        await person.until(lambda: "42" not in person.screen, "the output cleared")
        await person.pilot.app.run_action("press('ctrl+r')", person.terminal)
        await person.sees("I-search")


async def test_a_block_is_indented_and_ends_with_a_blank_line() -> None:
    """Typing a function needs no spaces."""
    async with session() as person:
        person.type("def double(x):", "enter")
        person.type("return x * 2", "enter", "enter")
        await person.sees("...     return x * 2")
        await person.evaluate("double(21)", "\n42\n")


async def test_the_menu_completes_channels_inside_a_string() -> None:
    """With what they are, over the output, and Tab takes one."""
    async with session() as person:
        person.type('say("#')
        await person.sees("everybody")
        person.type("o")
        await person.until(lambda: "on call" in person.screen and "everybody" not in person.screen, "only #ops")
        person.press("tab")
        await person.typed('say("#ops')
        await person.evaluate('", "x")', "'x in #ops'")


async def test_the_history_is_kept_for_the_next_session(tmp_path: Path) -> None:
    """Up brings back the last input, Ctrl-R finds an older one; secrets are not kept."""
    path = tmp_path / ".machine" / "repl_history"
    async with session(path) as person:
        await person.evaluate("'needle'", "'needle'\n>>>")
        await person.evaluate("'hay'", "'hay'\n>>>")
        await person.evaluate("len('xoxb-1234-5678-abcdef')", "\n21\n>>>")

    async with session(path) as person:
        person.press("up")
        await person.typed("'hay'")
        person.press("ctrl+c")
        await person.typed("")
        person.press("ctrl+r")
        person.type("need")
        await person.sees("I-search backward: need")
        person.press("enter", "enter")
        await person.sees("'needle'\n>>>")
    assert "xoxb" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


async def test_pasted_lines_wait_for_enter() -> None:
    """A paste is text, not a series of commands."""
    async with session() as person:
        person.app.post_message(events.Paste("a = 20\nb = 22\na + b"))
        await person.typed("a = 20\nb = 22\na + b")
        person.press("enter")
        await person.sees("\n42\n>>>")


async def test_a_huge_paste_is_refused() -> None:
    """Five megabytes at the prompt would hold up the bot at every key."""
    async with session() as person:
        person.app.post_message(events.Paste("x" * 5_000_000))
        await person.sees("too many to paste")
        await person.evaluate("'fine'", "'fine'\n>>>")


async def test_wide_characters_keep_their_place() -> None:
    """Two cells each, before the cursor and under the menu."""
    async with session() as person:
        person.type("'日本語🎉'")
        await person.sees(">>> '日本語🎉'")
        person.press("enter")
        await person.sees("\n'日本語🎉'\n>>>")


async def test_a_flood_of_output_is_bounded() -> None:
    """The pane keeps the end of it, and the prompt comes back."""
    async with session() as person:
        person.type("print(*range(20_000), sep=chr(10))", "enter")
        await person.sees("\n19999\n>>>")
        assert len(person.terminal.output_text.splitlines()) <= 5_000


async def test_ctrl_c_clears_the_prompt() -> None:
    """And neither leaves nor stops anything."""
    async with session() as person:
        person.type("half an inp")
        await person.typed("half an inp")
        person.press("ctrl+c")
        await person.typed("")
        await person.evaluate("1 + 1", "\n2\n")


async def test_ctrl_c_cancels_what_runs_and_typing_ahead_is_kept() -> None:
    """Keys pressed while something runs are not lost, and come after it."""
    async with session() as person:
        person.type("await asyncio.Event().wait()", "enter")
        await person.until(lambda: person.terminal.is_running, "the input running")
        person.type("'typed ahead'")
        person.press("ctrl+c")
        await person.sees("cancelled")
        await person.typed("'typed ahead'")


async def test_blocking_code_is_interrupted_by_the_keyboard_thread() -> None:
    """`while True: pass` holds up everything but the thread that reads the keyboard."""
    async with session() as person:
        pause = threading.Event()

        def press_ctrl_c() -> None:
            while not interrupt_blocking_code():
                pause.wait(0.01)

        keyboard = threading.Thread(target=press_ctrl_c)
        keyboard.start()
        person.type("while True: pass", "enter", "enter")
        await person.sees("cancelled")
        keyboard.join()
        await person.evaluate("1 + 1", "\n2\n")


async def test_output_fits_a_new_width() -> None:
    """After a resize, output and prompt are drawn for the new size."""
    async with session(size=(100, 30)) as person:
        await person.evaluate("'word ' * 12", "'word word")
        await person.pilot.resize_terminal(40, 12)
        await person.until(lambda: person.terminal.content_size.width == 38, "the new width")
        await person.evaluate("'after'", "'after'\n>>>")
        assert all(len(line) <= 38 for line in person.screen.splitlines())


async def test_the_window_change_signal_stays_with_the_application() -> None:
    """prompt-toolkit would take it and, at the end of the first input, remove it for good."""
    assert callable(application_module.attach_winch_signal_handler)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, lambda: None)
    try:
        async with session() as person:
            await person.evaluate("1 + 1", "\n2\n>>>")
    finally:
        assert loop.remove_signal_handler(signal.SIGWINCH)


async def test_the_pane_is_drawn_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR must not crash the application."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with session() as person:
        await person.evaluate("{'a': 1}", "{'a': 1}\n>>>")
        person.type("sa")
        await person.sees("(channel, text)")


async def test_the_bots_errors_do_not_stop_the_prompt() -> None:
    """prompt-toolkit's exception handler would wait for ENTER after any error in the background."""
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
    async with session() as person:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await person.evaluate("1 + 1", "\n2\n>>>")

    assert len(reported) == 1


async def test_what_is_typed_before_the_bot_runs_is_kept() -> None:
    """The pane is there before the bot is."""
    async with session(is_attached=False) as person:
        person.type("1 + 1", "enter")
        await person.sees("as soon as the bot runs")
        person.terminal.attach(NAMESPACE, label="Acme", is_live=True)
        await person.sees("2\nAcme >>>")


async def test_function_keys_belong_to_the_application() -> None:
    """Focus goes out by key; Tab and Ctrl-C stay in."""
    async with session() as person:
        person.press("f6", "f5", "tab", "ctrl+p")
        await person.until(lambda: person.app.pressed == ["f6", "f5"], "both keys")
        assert person.app.focused is person.terminal


async def test_leaving_is_told_to_the_application() -> None:
    """Ctrl-D on an empty line and `exit()` do not end the bot."""
    async with session() as person:
        person.press("ctrl+d")
        await person.until(lambda: person.app.left == 1, "Ctrl-D noticed")
        person.type("exit()", "enter")
        await person.until(lambda: person.app.left == 2, "exit() noticed")
        await person.evaluate("1 + 1", "\n2\n")


async def test_prints_go_where_they_belong(capsys: pytest.CaptureFixture[str]) -> None:
    """A print at the prompt is shown in the pane, one of the bot is not."""
    async with session() as person:
        print("from the bot")
        await person.evaluate("print('from the prompt')", "\nfrom the prompt\n>>>")
        person.type("asyncio.get_running_loop().call_soon(print, 'later');", "enter")
        await person.sees("\nlater")
        assert "from the bot" not in person.screen


async def test_the_output_can_be_scrolled() -> None:
    """The prompt stays where it is; typing comes back to the end."""
    async with session() as person:
        person.type("print(*range(100, 150), sep=chr(10))", "enter")
        await person.sees("\n149\n>>>")
        person.press("pageup")
        await person.sees("more lines")
        assert "\n149" not in person.screen
        assert person.screen.splitlines()[-1].startswith(">>>")
        person.type("x")
        await person.sees("\n149\n>>> x")


async def test_the_mouse_chooses_from_the_menu_and_selects_output() -> None:
    """A click takes a completion; dragging over the output selects it for the clipboard."""
    async with session() as person:
        await person.evaluate("'select me'", "'select me'\n>>>")
        person.type('say("#')
        await person.sees("on call")
        row = next(y for y, line in enumerate(person.screen.splitlines()) if "on call" in line)
        column = person.screen.splitlines()[row].index("#ops")
        await person.pilot.click(person.terminal, offset=(column + 2, row))
        await person.typed('say("#ops')
        person.press("ctrl+c")
        await person.typed("")
        await person.pilot.mouse_down(person.terminal, offset=(1, 1))
        await person.pilot.hover(person.terminal, offset=(20, 1))
        await person.pilot.mouse_up(person.terminal, offset=(20, 1))
        assert person.app.screen.get_selected_text() == "'select me'"


async def test_a_prompt_that_fails_comes_back() -> None:
    """A mistake in a key binding or in drawing costs a line of output, and not the bot."""
    async with session(size=(160, 60)) as person:  # the traceback shows paths, however long they are
        prompt = person.terminal._prompt
        assert prompt is not None
        failing = KeyBindings()
        failing.add("c-t")(lambda event: 1 / 0)
        prompt.app.key_bindings = merge_key_bindings([prompt.app.key_bindings or KeyBindings(), failing])
        person.press("ctrl+t")
        await person.sees("That key failed")
        prompt.app.exit(exception=ValueError("drawing"))
        await person.sees("ValueError: drawing")
        await person.evaluate("1 + 1", "\n2\n")


async def test_the_application_closes_while_something_runs() -> None:
    """Nothing is left behind, and nothing hangs."""
    async with session() as person:
        source = "try:\n    await asyncio.Event().wait()\nfinally:\n    asyncio.ended = True"
        person.app.post_message(events.Paste(source))
        await person.typed(source)
        person.press("enter", "enter")
        await person.until(lambda: person.terminal.is_running, "the input running")

    assert getattr(asyncio, "ended", False)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("repl-")]
    del asyncio.ended  # type: ignore[attr-defined]  # set by the input above


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 12)], ids=["80x24", "160x45", "40x12"])
def test_looks_right(snap_compare: Callable[..., bool], theme: str, size: tuple[int, int]) -> None:
    """Output, a traceback, the prompt in colour, and the menu over the output."""

    async def talk(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, PaneApp)
        person = Session(app, pilot)
        person.terminal.attach(NAMESPACE)
        await person.sees(">>>")
        await person.evaluate('{"numbers": [1, 2], "text": "words"}', "'words'}\n>>>")
        await person.evaluate("1 / 0", "division by zero\n>>>")
        person.type('say("#')
        await person.sees("everybody")

    app = PaneApp()
    app.register_theme(DARK)
    app.register_theme(LIGHT)
    app.theme = theme
    assert snap_compare(app, terminal_size=size, run_before=talk)


@pytest.mark.parametrize(
    ("key", "character", "expected"),
    [
        ("a", "a", ["a"]),
        ("left_parenthesis", "(", ["("]),
        ("enter", "\r", ["c-m"]),
        ("ctrl+a", "\x01", ["c-a"]),
        ("ctrl+shift+left", None, ["c-s-left"]),
        ("shift+tab", None, ["s-tab"]),
        ("alt+f", None, []),
        ("alt+b", "b", ["escape", "b"]),
        ("alt+enter", None, ["escape", "c-m"]),
        ("f1", None, []),
        ("é", "é", ["é"]),
    ],
)
def test_keys_are_translated(key: str, character: str | None, expected: list[str]) -> None:
    """Textual's names for keys, in prompt-toolkit's."""
    assert [getattr(press.key, "value", press.key) for press in key_presses(key, character)] == expected
