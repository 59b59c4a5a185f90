"""Small screens that ask for one thing: yes or no, a text, a choice, a day."""

from __future__ import annotations

import calendar
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar, TypeAlias, TypeVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option as ListedOption

from machine.errors import MachineError
from machine_console.blockkit.controls import Option
from machine_console.text.formatting import counted
from machine_console.text.styled_text import clean

Search: TypeAlias = Callable[[str], Awaitable[Sequence[Option]]]
"""Finds what can be chosen for what was typed."""
Answer = TypeVar("Answer")

_DAYS_SHOWN = 42


class AskingScreen(ModalScreen[Answer | None]):
    """A frame with a question in it; Escape leaves it unanswered."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel")]

    def __init__(self, title: str, hint: str = "Enter takes it, Esc leaves") -> None:
        super().__init__()
        self._title = title
        self._hint = hint

    def frame(self, *inner: Widget) -> Vertical:
        """The frame around what is asked."""
        frame = Vertical(*inner, classes="asking")
        frame.border_title = Text(clean(self._title), style="bold")
        frame.border_subtitle = Text(self._hint, style="dim")
        return frame


class ConfirmScreen(AskingScreen[bool]):
    """Asks whether to do something."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n", "answer(False)", "No"),
        Binding("left,right", "app.focus_next", "Other", show=False),
    ]

    def __init__(self, title: str, text: str, confirm: str = "Yes", deny: str = "No") -> None:
        super().__init__(title, "y or n")
        self._text = text
        self._labels = (confirm, deny)

    def compose(self) -> ComposeResult:
        """The question and two buttons."""
        confirm, deny = (Text(clean(label)) for label in self._labels)
        yield self.frame(
            Static(Text("\n".join(map(clean, self._text.splitlines())))),
            Horizontal(
                Button(confirm, variant="primary", id="confirm", compact=True),
                Button(deny, id="deny", compact=True),
                classes="buttons",
            ),
        )

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take the answer."""
        self.dismiss(event.button.id == "confirm")

    def action_answer(self, answer: bool) -> None:
        """Take the answer."""
        self.dismiss(answer)


class TextScreen(AskingScreen[str]):
    """Asks for a text.

    Args:
        title: What it is for.
        text: What stands there already.
        is_multiline: Enter begins a new line, and Ctrl+S takes the text.
        example: What the empty input says.
        check: Raises `MachineError` for a text that cannot be taken: why is shown, and the text stays to be mended.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "take", "Take", priority=True)]

    def __init__(
        self,
        title: str,
        text: str = "",
        *,
        is_multiline: bool = False,
        example: str = "",
        check: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__(title, "Ctrl+S takes it, Esc leaves" if is_multiline else "Enter takes it, Esc leaves")
        self._check = check
        self._problem = Static(id="asked-problem")
        self._problem.display = False
        self._field: Input | TextArea = (
            TextArea(text, compact=True)
            if is_multiline
            else Input(text, placeholder=clean(example), compact=True, select_on_focus=False)
        )
        self._field.id = "asked-text"

    def compose(self) -> ComposeResult:
        """The place to type in."""
        yield self.frame(self._field, self._problem)

    def on_mount(self) -> None:
        """Type on where the text ends."""
        if isinstance(self._field, TextArea):
            self._field.move_cursor(self._field.document.end)

    def on_input_submitted(self) -> None:
        """Take it."""
        self.action_take()

    def action_take(self) -> None:
        """Take what is written, unless it must be mended."""
        text = self._field.value if isinstance(self._field, Input) else self._field.text
        try:
            if self._check is not None:
                self._check(text)
        except MachineError as error:
            self._problem.update(Text("\n".join(map(clean, str(error).splitlines()))))
            self._problem.display = True
            return
        self.dismiss(text)


class ChoiceScreen(AskingScreen[tuple[str, ...]]):
    """Asks to choose; typing narrows down what there is.

    Args:
        title: What it is for.
        options: What can be chosen; ignored where `search` is given.
        chosen: What is chosen already.
        is_multiple: Space chooses and Enter takes all that is chosen.
        search: Finds options for what is typed.
        min_query: After how many characters `search` is asked.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("enter", "take", "Take", priority=True),
        Binding("tab", "choose", "Choose", priority=True),
    ]

    def __init__(
        self,
        title: str,
        options: Sequence[Option] = (),
        chosen: Sequence[str] = (),
        *,
        is_multiple: bool = False,
        search: Search | None = None,
        min_query: int = 0,
    ) -> None:
        hint = "Tab or click chooses, Enter takes, Esc leaves" if is_multiple else "type to search, Enter takes"
        super().__init__(title, hint)
        self._options = tuple(options)
        self._shown: list[Option] = []
        self._chosen = list(chosen)
        self._is_multiple = is_multiple
        self._search = search
        self._min_query = min_query
        self._input = Input(placeholder="Search", compact=True, id="asked-search")
        self._list = OptionList(id="asked-options", markup=False)

    def compose(self) -> ComposeResult:
        """What is searched for, and what there is."""
        yield self.frame(self._input, self._list)

    def on_mount(self) -> None:
        """Show what there is."""
        self._list.can_focus = False
        self._input.focus()
        self._look("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow it down."""
        event.stop()
        self._look(event.value)

    def _look(self, query: str) -> None:
        if self._search is None:
            self._list_options([one for one in self._options if query.lower() in one.label.lower()])
        elif len(query) >= self._min_query:
            ask: Any = partial(self._ask, self._search, query)  # Textual's types know no coroutine functions
            self.run_worker(ask, exclusive=True, exit_on_error=False)
        else:
            self._list_options(self._options)

    async def _ask(self, search: Search, query: str) -> None:
        self._list_options(await search(query))

    def _list_options(self, options: Sequence[Option]) -> None:
        place = self._list.highlighted or 0
        self._shown = list(options)
        self._list.clear_options()
        self._list.add_options(self._label(one) for one in self._shown)
        if not self._shown:
            is_short = self._search is not None and len(self._input.value) < self._min_query
            hint = f"Type at least {counted(self._min_query, 'character')}" if is_short else "Nothing is found"
            self._list.add_option(ListedOption(Text(hint, style="dim"), disabled=True))
        else:
            self._list.highlighted = min(place, len(self._shown) - 1)

    def _label(self, option: Option) -> Text:
        sign = ("[x] " if option.value in self._chosen else "[ ] ") if self._is_multiple else ""
        about = f"  {clean(option.description)}" if option.description else ""
        return Text.assemble(sign, clean(option.label), (about, "dim"))

    def action_move(self, step: int) -> None:
        """Go to the next option."""
        if self._shown:
            self._list.highlighted = ((self._list.highlighted or 0) + step) % len(self._shown)

    def action_choose(self) -> None:
        """Choose the option, or take it out again."""
        option = self._current()
        if option is not None and self._is_multiple:
            if option.value in self._chosen:
                self._chosen.remove(option.value)
            else:
                self._chosen.append(option.value)
            self._list_options(self._shown)

    def action_take(self) -> None:
        """Take what is chosen."""
        option = self._current()
        if self._is_multiple:
            self.dismiss(tuple(self._chosen))
        elif option is not None:
            self.dismiss((option.value,))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click chooses."""
        event.stop()
        self._list.highlighted = event.option_index
        if self._is_multiple:
            self.action_choose()
        else:
            self.action_take()

    def _current(self) -> Option | None:
        index = self._list.highlighted
        return self._shown[index] if index is not None and index < len(self._shown) else None


class DateScreen(AskingScreen[str]):
    """Asks for a day, on the page of a calendar; arrow keys move by days and weeks, Page keys by months."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Day before", show=False),
        Binding("right,l", "move(1)", "Day after", show=False),
        Binding("up,k", "move(-7)", "Week before", show=False),
        Binding("down,j", "move(7)", "Week after", show=False),
        Binding("pageup", "month(-1)", "Month before", show=False),
        Binding("pagedown", "month(1)", "Month after", show=False),
        Binding("enter,space", "take", "Take"),
    ]

    def __init__(self, title: str, day: date) -> None:
        super().__init__(title, "arrows, PgUp PgDn, Enter")
        self._day = day
        self._page = Static(id="calendar")

    @property
    def day(self) -> date:
        """The day the cursor is on."""
        return self._day

    def compose(self) -> ComposeResult:
        """The page."""
        yield self.frame(self._page)

    def on_mount(self) -> None:
        """Draw the page."""
        self._draw()

    def _first(self) -> date:
        start = self._day.replace(day=1)
        return start - timedelta(days=start.weekday())

    def _draw(self) -> None:
        page = Text(f"{self._day:%B %Y}".center(28) + "\n" + " Mo  Tu  We  Th  Fr  Sa  Su \n")
        for number in range(_DAYS_SHOWN):
            day = self._first() + timedelta(days=number)
            style = "reverse bold" if day == self._day else "" if day.month == self._day.month else "dim"
            page.append(f" {day.day:2} ", style)
            if number % 7 == 6:
                page.append("\n")
        self._page.update(page)

    def action_move(self, days: int) -> None:
        """Go on by some days."""
        self._day += timedelta(days=days)
        self._draw()

    def action_month(self, step: int) -> None:
        """Go on by a month."""
        year, month = divmod(self._day.year * 12 + self._day.month - 1 + step, 12)
        last = calendar.monthrange(year, month + 1)[1]
        self._day = date(year, month + 1, min(self._day.day, last))
        self._draw()

    def action_take(self) -> None:
        """Take the day."""
        self.dismiss(self._day.isoformat())

    def on_click(self, event: events.Click) -> None:
        """A click takes the day."""
        offset = event.get_content_offset(self._page)
        if offset is not None and 2 <= offset.y < 8 and offset.x < 28:
            self._day = self._first() + timedelta(days=(offset.y - 2) * 7 + offset.x // 4)
            self.action_take()
