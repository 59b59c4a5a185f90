"""A hook of MkDocs: the site that is built shows the console as it is now, not as it was when a picture was taken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

_SCRIPT = Path(__file__).resolve().with_name("pictures.py")


class _Building:
    is_serving = False


def on_startup(command: str, **_: object) -> None:
    """Take no pictures while somebody writes: `mkdocs serve` builds with each save."""
    _Building.is_serving = command == "serve"


def on_post_build(config: MkDocsConfig, **_: object) -> None:
    """Put new pictures in the place of those from the repository; a picture that cannot be taken fails the build."""
    if not _Building.is_serving:
        subprocess.run([sys.executable, str(_SCRIPT), str(Path(config.site_dir) / "images")], check=True)  # noqa: S603 - our own script
