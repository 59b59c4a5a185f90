"""How a new project asks pip for this framework: from where this installation came itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from machine.errors import MachineError
from machine_console.project.wheel import Wheel, pack_wheel


@dataclass(frozen=True, slots=True)
class Requirement:
    """What makes pip install this version of the framework, on any computer.

    Attributes:
        line: For `requirements.txt`.
        wheel: What belongs into the project's folder `wheels`; `None` where pip finds the framework elsewhere.
    """

    line: str
    wheel: Wheel | None = None


def requirement() -> Requirement:
    """The requirement for the version that runs.

    Raises:
        MachineError: It is not installed, so nobody knows where it came from.
    """
    try:
        installed = distribution("machine-console")
    except PackageNotFoundError:
        raise MachineError(
            "The framework runs from a folder without being installed, so a new project could not ask for it. "
            "Install it first: pip install <that folder>"
        ) from None
    return requirement_from(json.loads(installed.read_text("direct_url.json") or "{}"), installed)


def requirement_from(origin: Mapping[str, Any], installed: Distribution) -> Requirement:
    """The requirement for what `direct_url.json` says; `origin` is empty if the package came from an index.

    https://packaging.python.org/en/latest/specifications/direct-url-data-structure/
    """
    if not origin:
        return Requirement(f"machine-console=={installed.version}")
    url: str = origin["url"]
    if url.startswith("file:"):
        # A folder of this computer means nothing on another one, and a name alone could be somebody else's package.
        wheel = pack_wheel(installed)
        return Requirement(f"./wheels/{wheel.name}", wheel)
    if "vcs_info" in origin:
        url = f"{origin['vcs_info']['vcs']}+{url}@{origin['vcs_info']['commit_id']}"
    elif digest := origin.get("archive_info", {}).get("hashes", {}).get("sha256"):
        url += f"#sha256={digest}"
    return Requirement(f"machine-console @ {url}")
