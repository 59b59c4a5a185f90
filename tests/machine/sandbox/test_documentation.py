"""The docs name what there is, and their examples run."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from machine.errors import WorkspaceError
from machine.sandbox import Workspace
from machine.sandbox.api.methods import TABLE
from machine.sandbox.delivery.faults import Faults

_DOCS = Path(__file__).parents[3] / "docs"


def _examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (_DOCS / "sandbox.md").read_text(encoding="utf-8"), re.DOTALL)


def test_table_of_methods_lists_every_method() -> None:
    """No more and no fewer, in order."""
    listed = re.findall(r"^\| `([\w.]+)` \|", (_DOCS / "sandbox-methods.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert listed == sorted(TABLE)


def test_every_act_in_the_guide_exists() -> None:
    """The table of what people do."""
    guide = (_DOCS / "sandbox.md").read_text(encoding="utf-8")
    table = guide[guide.index("| You write |") : guide.index("Everything that asks")]
    acts = re.findall(r"`(\w+)(?:\(|`)", table)

    assert len(acts) > 20
    assert [act for act in acts if not hasattr(Workspace, act)] == []


def test_described_workspace_is_accepted(tmp_path: Path) -> None:
    """The example of workspace.toml, and the mistake shown below it."""
    path = tmp_path / "workspace.toml"
    (example,) = _examples("toml")
    path.write_text(example, encoding="utf-8")
    assert Workspace.from_toml(path).history("#lab")
    path.write_text(example.replace('members = ["ada"', 'members = ["aad"'), encoding="utf-8")

    with pytest.raises(WorkspaceError) as caught:
        Workspace.from_toml(path)

    (mistake,) = _examples("text")
    assert str(caught.value).replace(f"{tmp_path}/", "") == mistake.strip()


async def test_python_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    """As they stand in the guide."""
    for example in _examples("python"):
        names: dict[str, object] = {}
        exec(f"async def example():\n{textwrap.indent(example, '    ')}", names)
        await names["example"]()  # type: ignore[operator]  # made by the line above

    assert capsys.readouterr().out.splitlines() == ["alice", "['is anybody here?', 'I am']", "ratelimited 3 1"]


def test_every_fault_in_the_guide_exists() -> None:
    """The table of what goes wrong."""
    guide = (_DOCS / "sandbox.md").read_text(encoding="utf-8")
    faults = re.findall(r"^\| `(\w+)\(", guide[guide.index("## When things go wrong") :], re.MULTILINE)

    assert {name for name in vars(Faults) if not name.startswith(("_", "fate_"))} - {"add", "active"} == set(faults)
