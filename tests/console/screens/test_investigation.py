"""The screens that one investigates with, drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import ModalScreen

from machine_console.app.theme import DARK, LIGHT
from machine_console.history.event_outcome import Call, Outcome, Run, compare
from machine_console.history.replay import Replayed
from machine_console.screens.comparison import ComparisonScreen
from machine_console.screens.payload_editor import PayloadScreen
from machine_console.screens.playground import PlaygroundScreen
from tests.console.story import CHANNELS, PEOPLE, STYLE_SHEET, ToldSession, told_history

pytestmark = pytest.mark.slow

SIZES = [(80, 24), (160, 45)]


class Host(App[None]):
    """Shows one screen, in the console's style."""

    CSS_PATH = STYLE_SHEET
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, make: Callable[[], ModalScreen[object]], theme: str = DARK.name) -> None:
        super().__init__()
        self._make = make
        self.shown: ModalScreen[object]
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = theme

    def on_mount(self) -> None:
        self.shown = self._make()
        self.push_screen(self.shown)


def replayed() -> Replayed:
    """An event whose handler says something else now."""
    before, after = (
        Outcome(
            runs=(
                Run(handler="plugins.greeter.Greeter.stay", calls=(Call(method="reactions.add"),)),
                Run(
                    handler="plugins.greeter.Greeter.hello",
                    calls=(Call(method="chat.postMessage", arguments={"channel": "C1", "text": text}),),
                ),
            )
        )
        for text in ("Hello world", "Howdy world")
    )
    return Replayed("message: hello world", told_history().events[0], tuple(compare(before, after, {})))


def screen_of(name: str) -> ModalScreen[object]:
    screens: dict[str, Callable[[], ModalScreen[object]]] = {
        "comparison": lambda: ComparisonScreen([replayed()], is_captured=True),  # type: ignore[dict-item,return-value]  # ends with nothing
        "payload": lambda: PayloadScreen("Payload of event 4", told_history().events[3].envelope.payload),  # type: ignore[dict-item,return-value]  # ends with a payload
        "playground": lambda: PlaygroundScreen(ToldSession().explain, "ping, are you there?", PEOPLE, CHANNELS),  # type: ignore[dict-item,return-value]  # ends with nothing
    }
    return screens[name]()


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["comparison", "payload", "playground"])
def test_looks_right(snap_compare: Callable[..., bool], name: str, size: tuple[int, int], theme: str) -> None:
    """The picture was looked at."""
    app = Host(lambda: screen_of(name), theme)

    async def before(pilot: Pilot[None]) -> None:
        screen = app.shown
        if isinstance(screen, PlaygroundScreen):
            screen.input.cursor_blink = False
        if isinstance(screen, PayloadScreen):
            screen.area.cursor_blink = False
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


async def test_the_next_person_and_channel_are_a_key_away() -> None:
    """Whether one may, and where one is heard, depends on who and where."""
    app = Host(lambda: screen_of("playground"))
    async with app.run_test() as pilot:
        screen = app.shown
        assert isinstance(screen, PlaygroundScreen)
        await pilot.press("ctrl+t", "ctrl+down")

        assert "bob in #ops" in str(screen._who.render())


async def test_n_goes_from_difference_to_difference() -> None:
    """Between them may lie pages that are the same."""
    screen = ComparisonScreen([replayed(), replayed()])
    app = Host(lambda: screen)  # type: ignore[arg-type,return-value]  # ends with nothing
    async with app.run_test() as pilot:
        await pilot.press("n")
        first = screen.view.cursor
        await pilot.press("n", "N")

        assert screen.view.cursor == first
        assert screen.view.differences == 2
