"""Makes the bot's client for its workspace: finds out who the bot is, and learns who and what is there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from machine.errors import MachineError
from machine.redaction import redact
from machine.settings import Settings
from machine.slack.client import SlackClient
from machine.slack.directory import PAGE_EVERY_S, Directory
from machine.slack.directory_cache import DirectoryCache
from machine.slack.identity import Identity, identify
from machine.slack.retries import network_remedy
from machine.slack.web import SlackWebClient
from machine.trace import Trace


async def open_client(
    settings: Settings, session: aiohttp.ClientSession, trace: Trace, cache: Path | None, *, is_live: bool
) -> SlackClient:
    """The client of the workspace that the settings lead to; whoever asks for it closes its directory.

    Args:
        settings: The tokens, and where the Web API is.
        session: Carries all calls.
        trace: Told of every call.
        cache: Where members and channels are kept for the next start; `None` to keep nothing.
        is_live: Whether the workspace is a real one.

    Raises:
        SlackRefusedError: When Slack does not accept the bot token.
        MachineError: When Slack cannot be reached.
    """
    web = SlackWebClient(settings, session, trace, is_live=is_live)
    try:
        identity = await identify(web)
        directory_cache = DirectoryCache(cache, f"{settings.slack_api_url} {identity.team_id} {identity.user_id}")
        directory = Directory(web, identity.user_id, directory_cache, page_every_s=PAGE_EVERY_S if is_live else 0.0)
        web.answer_dry_run = partial(_dry_run_answer, identity, directory)
        try:
            await directory.fill()
        except BaseException:
            await directory.close()
            raise
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise MachineError(
            f"Slack cannot be reached at {settings.slack_api_url}: {redact(str(error)) or 'no answer'}. "
            f"{network_remedy(error)}"
        ) from error
    return SlackClient(web, directory, identity, settings.tz)


def _dry_run_answer(
    identity: Identity, directory: Directory, method: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    from machine.slack.dry_run import dry_run_answer  # noqa: PLC0415 - only simulations in a real workspace need it

    return dry_run_answer(method, arguments, identity, directory)
