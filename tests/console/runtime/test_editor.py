"""The person's own editor: each wants its line and its waiting in its own way, and an edit is never lost."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from machine_console.repl.prompt.session import Session
from machine_console.runtime.editor import EditorError, edit_file, edit_text, editor_command

FILE = Path("/bot/plugins/a.py")

WINDOW = """#!/bin/sh
# As editors with a window of their own: without the flag to wait, the file is written only after this has returned.
for file; do :; done
case " $* " in
*" {flag} "*) echo "'edited'" > "$file" ;;
*) (read -r _ < {go}; echo "'edited'" > "$file") > /dev/null 2>&1 & ;;
esac
"""


@pytest.mark.parametrize(
    ("editor", "expected"),
    [
        ("vim", ["vim", "+7", "/bot/plugins/a.py"]),
        ("/usr/bin/emacs -nw", ["/usr/bin/emacs", "-nw", "+7", "/bot/plugins/a.py"]),
        ("code", ["code", "--wait", "--goto", "/bot/plugins/a.py:7"]),
        ("code --wait", ["code", "--wait", "--goto", "/bot/plugins/a.py:7"]),
        ("code -w", ["code", "-w", "--goto", "/bot/plugins/a.py:7"]),
        ("code --new-window", ["code", "--new-window", "--wait", "--goto", "/bot/plugins/a.py:7"]),
        ("/snap/bin/code-insiders", ["/snap/bin/code-insiders", "--wait", "--goto", "/bot/plugins/a.py:7"]),
        ("hx", ["hx", "/bot/plugins/a.py:7"]),
        ("subl -n", ["subl", "-n", "--wait", "/bot/plugins/a.py:7"]),
        ("zed", ["zed", "--wait", "/bot/plugins/a.py:7"]),
        ("mate", ["mate", "--wait", "--line", "7", "/bot/plugins/a.py"]),
        ("kate", ["kate", "--block", "--line", "7", "/bot/plugins/a.py"]),
        ("idea", ["idea", "--wait", "--line", "7", "/bot/plugins/a.py"]),
        ("gvim", ["gvim", "--nofork", "+7", "/bot/plugins/a.py"]),
        ("gvim -f", ["gvim", "-f", "+7", "/bot/plugins/a.py"]),
        ('"/opt/my editor/nano" -l', ["/opt/my editor/nano", "-l", "+7", "/bot/plugins/a.py"]),
    ],
)
def test_the_editor_opens_at_the_line(editor: str, expected: list[str]) -> None:
    """And a window of its own is waited for."""
    assert editor_command({"EDITOR": editor}, FILE, 7, waits=True) == expected


def test_the_first_line_needs_no_argument() -> None:
    """So that an editor that nobody has heard of is asked for nothing but the file."""
    assert editor_command({"EDITOR": "unheard-of"}, FILE) == ["unheard-of", "/bot/plugins/a.py"]


def test_visual_comes_before_editor() -> None:
    """As everywhere on Unix."""
    assert editor_command({"EDITOR": "ed", "VISUAL": "vi"}, FILE)[0] == "vi"


def test_without_any_editor_there_is_no_command(tmp_path: Path) -> None:
    """The console then says what to set."""
    assert editor_command({"PATH": str(tmp_path)}, FILE) == []


class Editors:
    """A folder of editors that `PATH` leads to."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        os.mkfifo(folder / "go")
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        monkeypatch.delenv("VISUAL", raising=False)

    def choose(self, editor: str) -> None:
        """Set `EDITOR`; `{folder}` stands for that of the editors."""
        self._monkeypatch.setenv("EDITOR", editor.format(folder=self._folder))

    def add(self, name: str, source: str) -> None:
        """Install an editor."""
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def add_window(self, name: str, flag: str) -> None:
        """Install an editor that returns at once unless it is told to wait."""
        self.add(name, WINDOW.format(flag=flag, go=self._folder / "go"))


@pytest.fixture
def editors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editors:
    """No editor is chosen yet."""
    return Editors(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("name", "flag", "editor"),
    [
        ("code", "--wait", "code"),
        ("code", "--wait", "code --new-window"),
        ("code", "--wait", "code -n --wait"),
        ("code", "--wait", "{folder}/code"),
        ("my editors/code", "--wait", '"{folder}/my editors/code" --new-window'),
        ("codium", "--wait", "codium"),
        ("cursor", "--wait", "cursor"),
        ("subl", "--wait", "subl"),
        ("atom", "--wait", "atom"),
        ("zed", "--wait", "zed"),
        ("mate", "--wait", "mate"),
        ("gedit", "--wait", "gedit -s"),
        ("idea", "--wait", "idea"),
        ("kate", "--block", "kate"),
        ("gvim", "--nofork", "gvim"),
    ],
)
async def test_an_edit_in_a_window_of_its_own_is_not_lost(editors: Editors, name: str, flag: str, editor: str) -> None:
    """C18: `%edit` with `EDITOR=code` runs what was written in the window."""
    editors.add_window(name, flag)
    editors.choose(editor)
    shown: list[str] = []

    def write(output: RenderableType) -> None:
        console = Console(file=io.StringIO(), width=80, color_system=None)
        console.print(output)
        assert isinstance(console.file, io.StringIO)
        shown.append(console.file.getvalue().rstrip())

    session = Session({}, write, lambda: 80, edit=edit_text)
    await session.run("'typed'")
    await session.run("%edit")

    assert shown == ["'typed'", ">>> 'edited'", "'edited'"]


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        ("'unclosed", "EDITOR has an unclosed quote: 'unclosed. Correct it, or set it to nano."),
        ("nowhere -x", "nowhere cannot be started: No such file or directory. Set EDITOR to your editor."),
        ("{folder}", "cannot be started: Permission denied. Set EDITOR to your editor."),
        ("failing", "failing ended with code 3."),
    ],
)
async def test_an_editor_that_cannot_be_used_is_one_sentence(
    editors: Editors, tmp_path: Path, editor: str, said: str
) -> None:
    """C18, too: what was to be edited is as it was, and is not run again."""
    editors.add("failing", "#!/bin/sh\nexit 3\n")
    editors.choose(editor)
    ran: list[int] = []
    errors: list[str] = []
    session = Session(
        {"ran": ran}, lambda _: None, lambda: 80, write_error=lambda one: errors.append(str(one)), edit=edit_text
    )

    await session.run("ran.append(1)")
    await session.run("%edit")

    assert ran == [1]
    assert len(errors) == 1
    assert said in errors[0]
    assert "\n" not in errors[0]


async def test_without_any_editor_it_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)

    with pytest.raises(EditorError, match=r"There is no editor\. Set EDITOR"):
        await edit_file(FILE)
