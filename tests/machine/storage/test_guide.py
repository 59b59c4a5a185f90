"""The examples in the guides on storage and models run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from machine.storage import PluginStorage
from machine.storage.backends.memory import MemoryStorage

DOCS = Path(__file__).parents[3] / "docs"


def examples(page: str) -> list[dict[str, Any]]:
    """What each Python example on a page defines, run one by one."""
    found = []
    for number, source in enumerate(re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)):
        namespace: dict[str, Any] = {"__name__": f"example_{number}"}
        exec(compile(source, f"{page}, example {number + 1}", "exec"), namespace)
        found.append(namespace)
    assert found
    return found


@pytest.mark.parametrize("page", ["storage.md", "models.md"])
def test_the_examples_run(page: str) -> None:
    """Readers copy them."""
    examples(page)


async def test_the_example_of_expiry_stores() -> None:
    """With lifetimes of both kinds."""
    backend = MemoryStorage({})

    await examples("storage.md")[1]["remember_for_a_while"](PluginStorage("p", backend))

    assert await backend.keys() == ["p:asked", "p:on call"]
    assert await backend.expiry("p:asked") is not None


async def test_the_example_of_a_backend_works(tmp_path: Path) -> None:
    """It has the seven methods of the contract."""
    backend = examples("storage.md")[-1]["FolderStorage"]({"FOLDER_PATH": tmp_path / "values"})
    await backend.init()
    storage = PluginStorage("p", backend)

    await storage.set("key", [1, 2])

    assert await storage.get("key") == [1, 2]
    assert await storage.get_storage_size() > 0
    await storage.delete("key")
    assert not await storage.has("key")
    await backend.close()
