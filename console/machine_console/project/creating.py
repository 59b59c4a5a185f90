"""Writes new projects and plugins into folders; never over anything that is there."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from machine.errors import MachineError
from machine_console.project.requirement import requirement

FIRST_PLUGIN = "greeter"

_MAX_NAME = 35  # of an app in Slack: https://docs.slack.dev/reference/app-manifest
_BOT_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_PLUGIN_NAME = re.compile(r"[a-z][a-z0-9_]*")

_PROJECT = {
    "README.md": "README.md",
    "local_settings.py": "local_settings.py",
    "workspace.toml": "workspace.toml",
    ".env.example": "env.example",
    ".gitignore": "gitignore",
    ".dockerignore": "dockerignore",
    "SECURITY.md": "SECURITY.md",
    "requirements.txt": "requirements.txt",
    "requirements-dev.txt": "requirements-dev.txt",
    "requirements.lock": "requirements.lock",
    "pyproject.toml": "pyproject.toml",
    "Dockerfile": "Dockerfile",
    "{name}.service": "bot.service",
    ".github/workflows/test.yml": "ci.yml",
    "tests/conftest.py": "conftest.py",
}


@dataclass(frozen=True, slots=True)
class _NewFile:
    path: Path
    content: bytes


def create_project(name: str, folder: Path) -> list[Path]:
    """Write a project that runs and whose test passes.

    Args:
        name: What the bot is called: in Slack, and in the files.
        folder: Where to; it may be there already if it is empty.

    Returns:
        The files, in the order they were written.

    Raises:
        MachineError: The name is of no use, the folder holds something or cannot be written, or the framework itself is
            not installed.
    """
    check_bot_name(name)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise MachineError(
                f"{folder} is there already and not an empty folder. Choose another name, or go to another folder."
            )
    except OSError as error:
        raise _unwritable(folder, error) from error
    needed = requirement()
    values = {"name": name, "requirement": needed.line}
    new = [_NewFile(folder / path.format(name=name), _filled(source, values)) for path, source in _PROJECT.items()]
    if needed.wheel is not None:
        new.append(_NewFile(folder / "wheels" / needed.wheel.name, needed.wheel.content))
    return _write([*new, *_plugin(FIRST_PLUGIN, folder, Path("plugins"), word="hello")])


def create_plugin(name: str, project: Path, plugin_dir: Path) -> list[Path]:
    """Write a plugin and, where the project has tests, a test of it.

    Args:
        name: The name of its module.
        project: The folder of the bot.
        plugin_dir: Its plugin folder, relative to `project`.

    Returns:
        The files.

    Raises:
        MachineError: The name is of no use, there is such a plugin, or it cannot be written.
    """
    _check_plugin_name(name)
    if (project / plugin_dir / name).exists():
        raise MachineError(f"{project / plugin_dir / name} is there already. Choose another name.")
    plugin, test = _plugin(name, project, plugin_dir, word=name.replace("_", " "))
    return _write([plugin, test] if test.path.parent.is_dir() else [plugin])


def check_bot_name(name: str) -> None:
    """Make sure that a bot can be called so.

    Raises:
        MachineError: It cannot.
    """
    if not _BOT_NAME.fullmatch(name) or len(name) > _MAX_NAME:
        raise MachineError(
            f"A bot cannot be called {name!r}. Use up to {_MAX_NAME} small letters, digits, - and _, "
            "beginning with a letter: deploy-bot."
        )


def _check_plugin_name(name: str) -> None:
    if not _PLUGIN_NAME.fullmatch(name) or keyword.iskeyword(name):
        raise MachineError(
            f"A plugin cannot be called {name!r}. Its file is a Python module: use small letters, digits and _, "
            "beginning with a letter, and no word of Python's own: release_notes."
        )


def _plugin(name: str, project: Path, plugin_dir: Path, word: str) -> tuple[_NewFile, _NewFile]:
    is_inside = not plugin_dir.is_absolute() and ".." not in plugin_dir.parts
    values = {
        "module": name,
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "title": name.replace("_", " ").capitalize(),
        "word": word,
        "plugin_package": ".".join(plugin_dir.parts) if is_inside else plugin_dir.name,
        "person": "alice",
    }
    return (
        _NewFile(project / plugin_dir / f"{name}.py", _filled("plugin.py", values)),
        _NewFile(project / "tests" / f"test_{name}.py", _filled("test_plugin.py", values)),
    )


def _filled(template: str, values: Mapping[str, str]) -> bytes:
    source = files("machine_console.project").joinpath("templates", f"{template}.tmpl").read_text(encoding="utf-8")
    return Template(source).substitute(values).encode()


def _write(new: Iterable[_NewFile]) -> list[Path]:
    new = list(new)
    for file in new:
        if file.path.exists():
            raise MachineError(f"{file.path} is there already. Choose another name.")
    for file in new:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            with file.path.open("xb") as stream:  # "x": never over what somebody else just wrote
                stream.write(file.content)
        except OSError as error:
            raise _unwritable(file.path, error) from error
    return [file.path for file in new]


def _unwritable(path: Path, error: OSError) -> MachineError:
    return MachineError(
        f"{path} cannot be written: {error.strerror or error}. Run this in a folder that you can write to."
    )
