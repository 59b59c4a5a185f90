"""One session at a prompt: inputs go in, what they print, come to or fail with comes out, safe to show.

The pane of the console, the plain terminal and `machine repl -c` differ only in where the output goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from machine_console.repl.language.confirmation import Ask, asker
from machine_console.repl.language.evaluator import Evaluation, Evaluator
from machine_console.repl.language.output import PrintedLines, printed_lines
from machine_console.repl.language.task_isolation import contain_tasks
from machine_console.repl.prompt.magics import Edit, Magics
from machine_console.repl.prompt.rendering import render, render_error, safe_text
from machine_console.repl.verbs.display import NAMES, spoken_names
from machine_console.text.names import LiveNames

if TYPE_CHECKING:  # a script needs no prompt
    from machine_console.repl.prompt.prompt import Prompt


class Session:
    """Evaluates inputs and writes what becomes of them.

    Args:
        namespace: The names the session begins with.
        write: Takes each piece of output; called on the event loop's thread or, for what other threads print, theirs.
        width: Cells there are for a line of output.
        write_error: Takes errors; by default they go where the rest goes.
        takes_sigint: See `Evaluator`.
        number: See `Evaluator`.
        ask: Puts a question to the person; by default nobody can be asked.
        display: Writes a result; by default it is rendered for people to read.
        edit: Lets the person change a text in their editor; by default they have none.
    """

    def __init__(
        self,
        namespace: Mapping[str, object],
        write: Callable[[RenderableType], None],
        width: Callable[[], int],
        *,
        write_error: Callable[[RenderableType], None] | None = None,
        takes_sigint: bool = False,
        number: int | None = None,
        ask: Ask | None = None,
        display: Callable[[object], None] | None = None,
        edit: Edit | None = None,
    ) -> None:
        self._write = write
        self._write_error = write_error or write
        self._width = width
        self._printed = PrintedLines(lambda line: write(safe_text(line)))
        self.evaluator = Evaluator(
            namespace,
            display=display or self._display,
            on_warning=lambda text: self._write_error(safe_text(text, "yellow")),
            takes_sigint=takes_sigint,
            number=number,
        )
        self._magics = Magics(self.evaluator, write, width, edit)
        context = self.evaluator.context
        context.run(printed_lines.set, self._printed)
        context.run(asker.set, ask)
        names = namespace.get(NAMES)
        if isinstance(names, LiveNames):
            context.run(spoken_names.set, names)

    @property
    def namespace(self) -> dict[str, object]:
        """The names known at the prompt now."""
        return self.evaluator.namespace

    @property
    def is_running(self) -> bool:
        """Whether an input is being evaluated."""
        return self.evaluator.is_running

    def cancel(self) -> bool:
        """Stop the running input; see `Evaluator.cancel`."""
        return self.evaluator.cancel()

    async def run(self, source: str) -> Evaluation:
        """Evaluate one input, or do what a `%command` says, and write its output; see `Evaluator.evaluate`."""
        contain_tasks(asyncio.get_running_loop())
        if source.lstrip().startswith("%"):
            outcome = await self._magics.run(source)
        else:
            self._magics.inputs.append(source.rstrip())
            outcome = await self.evaluator.evaluate(source)
        self._printed.finish()
        if outcome.error:
            self._write_error(render_error(outcome.error))
        elif outcome.is_cancelled:
            self._write_error(Text("cancelled", style="yellow"))
        return outcome

    def _display(self, value: object) -> None:
        shown = render(value, self._width())
        self._printed.finish()
        self._write(shown)


async def converse(prompt: Prompt, session: Session, entered: Callable[[str], None] = lambda _: None) -> int:
    """Run what is typed at a prompt until the person leaves.

    Args:
        prompt: Where it is typed.
        session: Runs it.
        entered: Called with each input before it runs.

    Returns:
        The exit code: 0, or what `exit(code)` said.
    """
    while True:
        try:
            source = await prompt.ask()
        except EOFError:
            return 0
        if source.strip():
            entered(source)
            done = await session.run(source)
            if done.exit_code is not None:
                return done.exit_code
