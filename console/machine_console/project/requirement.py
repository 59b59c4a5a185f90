"""How a new project asks pip for this framework: from where this installation came itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

from machine import __version__


@dataclass(frozen=True, slots=True)
class Requirement:
    """A line for `requirements.txt`, and what to say above it.

    Attributes:
        line: What pip reads.
        note: Comment lines, or empty.
    """

    line: str
    note: str = ""


def requirement() -> Requirement:
    """What makes pip install this version."""
    try:
        origin = json.loads(distribution("machine-console").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        origin = {}
    return requirement_from(origin)


def requirement_from(origin: dict[str, object]) -> Requirement:
    """The same for what `direct_url.json` says; empty if the package came from an index."""
    url, vcs = origin.get("url"), origin.get("vcs_info")
    if isinstance(vcs, dict) and vcs.get("commit_id"):
        return Requirement(f"machine-console @ {vcs.get('vcs', 'git')}+{url}@{vcs['commit_id']}")
    if url is None:
        return Requirement(f"machine-console=={__version__}")
    # A folder of this computer means nothing on another one, and a name alone could be somebody else's package.
    return Requirement(
        f"./wheels/machine_console-{__version__}-py3-none-any.whl",
        "# Put the wheel there: in a checkout of machine, `uv build --wheel --out-dir <here>/wheels`.\n",
    )
