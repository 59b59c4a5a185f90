"""The map of the code leads to places that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "docs" / "architecture.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
_PATH = re.compile(r"`((?:machine|console|tests|benchmarks|docs|plugins)/[\w./-]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_on_the_page_exists(page: Path) -> None:
    """A file that moves takes its line on the map along."""
    missing = [path for path in _PATH.findall(page.read_text(encoding="utf-8")) if not (ROOT / path).exists()]

    assert missing == []


def test_the_map_names_a_place_for_each_of_many_concerns() -> None:
    """Who looks for one of them need not search."""
    table = PAGES[0].read_text(encoding="utf-8").partition("## Where is what")[2]
    rows = [line for line in table.splitlines() if line.startswith("| ") and _PATH.search(line)]

    assert len(rows) >= 25


def test_every_decision_is_listed_and_says_what_would_change_it() -> None:
    """A decision without a way back is a habit."""
    index, *decisions = sorted(PAGES[1:], key=lambda page: page.stem != "index")
    listed = re.findall(r"\((\d\d-[\w-]+\.md)\)", index.read_text(encoding="utf-8"))

    assert listed == [page.name for page in decisions]
    for page in decisions:
        headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "What would change it"]
