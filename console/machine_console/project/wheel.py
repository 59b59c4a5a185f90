"""Packs the framework that runs into a wheel, for projects that could not have it from anywhere else.

It takes no build tools, no network and no checkout: a wheel is what has been installed, as a zip file
(https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

import machine
import machine_console

_METADATA = ("METADATA", "WHEEL", "entry_points.txt", "licenses/LICENSE")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel in memory.

    Attributes:
        name: Of its file; pip reads name, version and platform from it.
        content: The zip file. The same installation always gives the same bytes.
    """

    name: str
    content: bytes


def pack_wheel(installed: Distribution) -> Wheel:
    """The wheel of this installation, editable or not."""
    stem = f"machine_console-{installed.version}"
    files = {
        f"{root.name}/{path.relative_to(root).as_posix()}": path.read_bytes()
        for root in (Path(package.__path__[0]) for package in (machine, machine_console))
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    files |= {f"{stem}.dist-info/{name}": (installed.read_text(name) or "").encode() for name in _METADATA}
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in files.items()]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # of 1980, where a file on disk would tell the hour of its installation
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return Wheel(f"{stem}-py3-none-any.whl", packed.getvalue())


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
