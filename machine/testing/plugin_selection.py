"""Which plugins and settings a test gets: from its marker, or else from the fixtures."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from machine.plugins import MachineBasePlugin
from machine.sandbox.workspace_file.parser import DEFAULT_DESCRIPTION, Description

PluginChoice: TypeAlias = type[MachineBasePlugin] | str | Path
"""A class; a dotted name of a class or module; a file, relative to the project or to the test."""

_ARGUMENTS = ("plugins", "settings", "now")


@dataclass(slots=True)
class Marked:
    """What `@pytest.mark.machine` says, on the test and around it; what is nearest to the test counts."""

    plugins: Iterable[PluginChoice] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    now: datetime | None = None

    @classmethod
    def of(cls, request: pytest.FixtureRequest) -> Marked:
        """Read the markers of the test that asks.

        Raises:
            UsageError: A marker has an argument that is not known.
        """
        marked = cls()
        for marker in request.node.iter_markers("machine"):
            if marker.args or (set(marker.kwargs) - set(_ARGUMENTS)):
                given = ", ".join([*map(repr, marker.args), *marker.kwargs])
                raise pytest.UsageError(f"@pytest.mark.machine takes {', '.join(_ARGUMENTS)} by name; given: {given}.")
            if marked.plugins is None:
                marked.plugins = marker.kwargs.get("plugins")
            marked.settings = {**_upper(marker.kwargs.get("settings") or {}), **marked.settings}
            marked.now = marked.now or marker.kwargs.get("now")
        return marked


def chosen_plugins(
    choices: Iterable[object], root: Path, beside: Path
) -> tuple[list[type[MachineBasePlugin]], list[str]]:
    """The classes among the choices, and the dotted names of all else.

    Args:
        choices: What was chosen.
        root: The folder of the project, from which names are imported.
        beside: The folder of the test, which files may be relative to as well.

    Raises:
        UsageError: Something cannot be a plugin, or there is no such file.
    """
    classes: list[type[MachineBasePlugin]] = []
    names: list[str] = []
    for choice in choices:
        if isinstance(choice, type) and issubclass(choice, MachineBasePlugin):
            classes.append(choice)
        elif isinstance(choice, Path) or (isinstance(choice, str) and choice.endswith(".py")):
            names.append(_name_of_file(Path(choice), root, beside))
        elif isinstance(choice, str):
            names.append(choice)
        else:
            raise pytest.UsageError(
                f"{choice!r} is no plugin. Give a class derived from MachineBasePlugin, a dotted name, or a file."
            )
    if names and str(root) not in sys.path:
        sys.path.append(str(root))  # as the bot has it when it is started in its project
    return classes, names


@cache
def default_description() -> Description:
    """The default workspace, read once for all tests; nothing in a description changes."""
    return Description.from_file(DEFAULT_DESCRIPTION)


def merged(settings: Mapping[str, Any], marked: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of both; names in any case of letters, those of the marker before the others."""
    return {**_upper(settings), **_upper(marked)}


def _upper(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name.upper(): value for name, value in settings.items()}


def _name_of_file(file: Path, root: Path, beside: Path) -> str:
    """The name under which a file is imported; one outside of the project is made known under its own name."""
    found = [path for path in ((root / file).resolve(), (beside / file).resolve()) if path.is_file()]
    if not found:
        raise pytest.UsageError(f"There is no plugin file {file}. Looked in {root} and {beside}.")
    path = found[0]
    if path.is_relative_to(root):
        parts = path.relative_to(root).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            return ".".join(parts)
    known = sys.modules.get(path.stem)
    if known is None or known.__file__ != str(path):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:  # pragma: no cover - a .py path always has a loader
            raise pytest.UsageError(f"{path} cannot be imported.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[path.stem]
            raise
    return path.stem
