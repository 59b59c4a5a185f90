"""Names that somebody may have meant."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable

_MAX_COMPARED = 5_000  # comparing one takes some 10 µs


def near_names(wanted: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """The known names most like `wanted`, at most three; letters count in any case, and `_`, `-` and spaces do not."""
    plain = {_plain(name): name for name in itertools.islice(known, _MAX_COMPARED)}
    near = difflib.get_close_matches(_plain(wanted), plain, n=3, cutoff=cutoff)
    return [plain[name] for name in near]


def did_you_mean(wanted: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The question, with a blank before it; empty where nothing is near."""
    near = near_names(wanted, known, cutoff)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
