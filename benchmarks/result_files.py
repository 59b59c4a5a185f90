"""What a benchmark found, as JSON: beside the figures, what they were measured with and what is wanted of them."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("results")
_PACKAGES = ("aiohttp", "machine-console", "pydantic", "slack-sdk")


@dataclass(frozen=True)
class Wanted:
    """A figure that the project promises.

    Attributes:
        what: The figure, in words.
        measured: What it is.
        limit: What it should be at most.
        unit: Of both; empty for ratios.
    """

    what: str
    measured: float
    limit: float
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the promise is kept."""
        return self.measured <= self.limit

    def __str__(self) -> str:
        verdict = "" if self.is_met else "   MISSED"
        return f"{self.what}: {self.measured:.3g} {self.unit} (wanted: at most {self.limit:g}){verdict}"


def parser(doc: str) -> argparse.ArgumentParser:
    """The arguments that every benchmark takes.

    Args:
        doc: The benchmark's docstring, the first line of which describes it.
    """
    made = argparse.ArgumentParser(description=doc.partition("\n")[0])
    made.add_argument("--json", type=Path, metavar="FILE", help="where the result goes (benchmarks/results/NAME.json)")
    return made


def write(
    name: str, figures: Mapping[str, Any], *, to: Path | None = None, wanted: Sequence[Wanted] = ()
) -> dict[str, Any]:
    """Write what a benchmark found, and print which of the wanted figures it has.

    Args:
        name: The benchmark's.
        figures: Whatever it measured; numbers are rounded to four digits.
        to: The file; by default `benchmarks/results/NAME.json`.
        wanted: The figures that the project promises.

    Returns:
        What was written.
    """
    result = {
        "name": name,
        "command": f"uv run python benchmarks/{Path(sys.argv[0]).name}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "packages": {package: version(package) for package in _PACKAGES},
        "figures": _rounded(figures),
        "wanted": [_rounded(asdict(one)) | {"is_met": one.is_met} for one in wanted],
    }
    for one in wanted:
        print(one)
    file = to or FOLDER / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most of what several rounds found."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratio(values: Sequence[float], floor: Sequence[float]) -> dict[str, float]:
    """The same of the ratios within each round: what else the machine did in a round, it did to both."""
    return spread([one / other for one, other in zip(values, floor, strict=True)])


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.4g}")
        case Mapping():
            return {str(key): _rounded(one) for key, one in value.items()}
        case list() | tuple():
            return [_rounded(one) for one in value]
        case _:
            return value
