"""Bots one after another in one process, as in tests."""

from __future__ import annotations

from pathlib import Path

from machine.loading.importing import Project


def test_a_second_bot_has_its_own_plugin_folder(tmp_path: Path) -> None:
    """A plugin folder without `__init__.py` is a package all the same, which must go when its bot goes."""
    found = []
    for name in ("first", "second"):
        folder = tmp_path / name / "plugins"
        folder.mkdir(parents=True)
        (folder / f"{name}.py").write_text(f"NAME = {name!r}\n", encoding="utf-8")
        project = Project(tmp_path / name, folder)
        project.install()
        found.append(project.load(f"plugins.{name}").NAME)
        project.uninstall()

    assert found == ["first", "second"]
