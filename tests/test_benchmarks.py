"""The benchmarks: what they write, and what the guide says they found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as runner
from benchmarks.result_files import Wanted, ratio, spread, write
from docs.figures import DOCS, PARTS, RESULTS, filled

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


def test_a_result_says_what_was_measured_with_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures without their conditions cannot be compared with later ones."""
    file = tmp_path / "new" / "result.json"

    write("speed", {"rows": [{5: 12.34567}], "rounds": 7}, to=file, wanted=[Wanted("Speed", 12.34567, 10, "µs")])

    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["name"] == "speed"
    assert found["figures"] == {"rows": [{"5": 12.35}], "rounds": 7}
    assert found["wanted"] == [{"what": "Speed", "measured": 12.35, "limit": 10, "unit": "µs", "is_met": False}]
    assert {"command", "date", "python", "platform", "cpus", "packages"} <= set(found)
    assert capsys.readouterr().out == "Speed: 12.3 µs (wanted: at most 10)   MISSED\n"


def test_a_ratio_compares_what_was_measured_in_the_same_round() -> None:
    """The second round was slow for both, which says nothing about either."""
    assert ratio([2.0, 20.0, 3.0], [1.0, 10.0, 1.0]) == spread([2.0, 2.0, 3.0])


def test_every_benchmark_is_run_and_has_a_committed_result() -> None:
    """One that is forgotten is measured by nobody."""
    programs = {path.stem for path in runner.FOLDER.glob("*.py") if "def main(" in path.read_text(encoding="utf-8")}

    assert programs - {"__main__"} == set(runner.BENCHMARKS)
    assert {path.stem for path in RESULTS.glob("*.json")} == set(runner.BENCHMARKS)


def test_every_benchmark_is_in_the_list() -> None:
    """The README of the folder says what each measures."""
    readme = (runner.FOLDER / "README.md").read_text(encoding="utf-8")

    assert [name for name in runner.BENCHMARKS if f"benchmarks/{name}.py" not in readme] == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_says_what_the_benchmarks_found(page: Path) -> None:
    """`uv run python docs/figures.py` renews the pages."""
    text = page.read_text(encoding="utf-8")

    assert filled(text) == text


def test_every_part_has_its_place() -> None:
    """And each place names a part, or filling it would fail."""
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))

    assert [name for name in PARTS if f"<!-- figures: {name} -->" not in pages] == []


def test_throughput_is_measured_with_the_bot_in_a_process_of_its_own(tmp_path: Path) -> None:
    """The framework, slack_sdk and aiohttp answer what they are sent, or this would not end."""
    file = tmp_path / "throughput.json"
    script = ROOT / "benchmarks" / "throughput.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    subprocess.run(
        [sys.executable, script, "--json", file, "--rounds", "1", "plain aiohttp"],
        check=True,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
    )

    rows = json.loads(file.read_text(encoding="utf-8"))["figures"]["rows"]
    assert list(rows) == ["plain aiohttp", "slack_sdk, one shared session", "machine, 1 handler"]
    assert all(row["cpu_ms"]["median"] > 0 for row in rows.values())
    assert rows["slack_sdk, one shared session"]["to_floor"]["median"] == 1
    assert list(tmp_path.iterdir()) == [file]
