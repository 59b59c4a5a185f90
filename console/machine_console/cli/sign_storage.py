"""`machine sign-storage`: what was stored before `STORAGE_SECRET` was set gets its signature, or loses it again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from machine.errors import MachineError, StorageError
from machine.terminal_text import visible
from machine_console.cli.launch import finish, project_settings

if TYPE_CHECKING:
    from pydantic import SecretStr

    from machine.settings import Settings
    from machine.storage.backends.base import MachineBaseStorage


def sign_storage(
    remove: Annotated[bool, typer.Option("--remove", help="Take the signatures off again.")] = False,
) -> None:
    """Sign what was stored before STORAGE_SECRET was set; stop the bot meanwhile."""
    settings, project = project_settings()
    finish(_sign_storage(settings, project, removes=remove))


async def _sign_storage(settings: Settings, project: Path, *, removes: bool) -> int:
    """Sign every stored value that is not, or take all signatures off; nothing is unpickled, lifetimes stay.

    Returns:
        The exit code: 1 if a value has a wrong signature, which is left as it is.

    Raises:
        MachineError: There is no `STORAGE_SECRET`, or the storage cannot be used or cannot list its keys.
    """
    from machine.storage.factory import open_storage

    secret = settings.storage_secret
    if secret is None:
        raise MachineError(
            "STORAGE_SECRET is not set. Export SM_STORAGE_SECRET; `openssl rand -hex 32` makes a good one."
        )
    storage = open_storage(settings, project)
    try:
        await storage.init()
        return await _rewrite(storage, secret, removes=removes)
    finally:
        await storage.close()


async def _rewrite(storage: MachineBaseStorage, secret: SecretStr, *, removes: bool) -> int:
    from machine.storage.signing import is_signed, sign, verified
    from machine_console.session.stored_values import seconds_left
    from machine_console.text.formatting import counted

    keys = await storage.keys()
    if not keys:
        print("Nothing is stored.")
        return 0
    changed = 0
    wrong: list[StorageError] = []
    for key in keys:
        data = await storage.get(key)
        if data is None:  # it has just expired
            continue
        try:
            content = verified(data, key=key, secret=secret) if is_signed(data) else data
        except StorageError as error:
            wrong.append(error)
            continue
        wanted = content if removes else sign(content, key=key, secret=secret)
        if wanted != data:
            await storage.set(key, wanted, seconds_left(await storage.expiry(key)))
            changed += 1
    for problem in wrong:
        print(f"machine: {visible(str(problem))}", file=sys.stderr)
    done = "lost their signature" if removes else "signed"
    print(f"{changed} of {counted(len(keys), 'value')} {done}.")
    return 1 if wrong else 0
