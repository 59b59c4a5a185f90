"""Whether everything is in place for the bot to run, and if not, what to do."""

from __future__ import annotations

import asyncio
import json
import platform
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine import __version__
from machine.errors import MachineError, SettingsError
from machine.receiving.http import SLACK_PATH
from machine.redaction import redact
from machine.settings import Settings
from machine.slack.identity import refusal
from machine.slack.retries import is_certificate_error, network_remedy
from machine.slack.web import SlackWebClient, proxy_for
from machine.storage.factory import open_storage
from machine.trace import Trace
from machine.tracebacks import one_line
from machine_console.runtime.offline_bot import loaded_machine, manifest_of

MAX_SKEW = timedelta(seconds=60)
TIMEOUT_S = 20

_APP_OF_TOKEN = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-")
_NETWORK_REMEDY = "Check the network, HTTP_PROXY and SLACK_API_URL."
_SOCKET_MODE_REMEDY = "Switch Socket Mode on in the settings of the app (Settings > Socket Mode)."
_STORAGE_KEY = "machine.doctor"
_MESSAGE_SCOPES = frozenset({"channels:history", "groups:history", "im:history", "mpim:history"})

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What was looked at.
        is_fine: Whether it is as it should be.
        says: What was found.
        remedy: What to do; empty where it is fine.
    """

    subject: str
    is_fine: bool
    says: str
    remedy: str = ""


async def diagnose(project: Path, now: Clock = lambda: datetime.now(UTC)) -> AsyncGenerator[Finding, None]:
    """Look at everything that a bot in the folder `project` needs, and tell each finding when it is made.

    Slack is asked through the Web API, and a Socket Mode connection is opened and closed at once; nothing is posted.
    """
    yield Finding("Versions", True, _versions())
    try:
        settings = Settings.load(project)
    except SettingsError as error:
        for mistake in error.mistakes:
            yield _wrong("Settings", f"{mistake.setting} {mistake.problem}", mistake.remedy)
        return
    yield Finding("Settings", True, "they can be read")
    needed: set[str] | None = None
    async for finding in _look_at_plugins(settings, project):
        if isinstance(finding, Finding):
            yield finding
        else:
            needed = finding
    yield await _look_at_storage(settings, project)
    async with aiohttp.ClientSession() as session:
        web = SlackWebClient(settings, session, Trace())
        async for finding in _look_at_bot_token(web, settings, needed, now):
            yield finding
        if settings.http is not None and settings.slack_signing_secret is not None:
            yield Finding("HTTP", True, f"Slack sends to {settings.http}{SLACK_PATH}; no app token is needed")
            return
        async for finding in _look_at_app_token(web, session, settings):
            yield finding


async def _look_at_plugins(settings: Settings, project: Path) -> AsyncIterator[Finding | set[str]]:
    """A finding per plugin that fails, or one for all; and the scopes that they need, if that is known."""
    try:
        async with loaded_machine(settings, project) as machine:
            for name, error in machine.failures.items():
                where = f" ({error.file}:{error.line})" if error.file and error.line else ""
                yield _wrong(
                    "Plugins", f"{name} fails to load{where}: {redact(str(error))}", "Correct it, or take it out."
                )
            if not machine.failures:
                yield Finding("Plugins", True, f"{len(machine.plugins)} load")
                manifest = manifest_of(machine, project).manifest
                yield set(manifest["oauth_config"]["scopes"]["bot"])
    except MachineError as error:
        yield _wrong("Plugins", f"they cannot be loaded: {error}", "Correct it.")


async def _look_at_storage(settings: Settings, project: Path) -> Finding:
    name = settings.storage_backend.rpartition(".")[2]
    try:
        async with asyncio.timeout(TIMEOUT_S):
            storage = open_storage(settings, project)
            try:
                await storage.init()
                await storage.set(_STORAGE_KEY, b"ok", expires=60)
                is_kept = await storage.get(_STORAGE_KEY) == b"ok"
                await storage.delete(_STORAGE_KEY)
            finally:
                await storage.close()
    except Exception as error:  # noqa: BLE001 - backends raise what their libraries raise
        problem = str(error) if isinstance(error, MachineError) else one_line(error)
        return _wrong("Storage", f"{name} cannot be used: {redact(problem)}", "Check STORAGE_BACKEND and its settings.")
    if not is_kept:
        return _wrong("Storage", f"{name} does not return what was stored", "Check the server behind it.")
    return Finding("Storage", True, f"{name} keeps what is stored")


async def _look_at_bot_token(
    web: SlackWebClient, settings: Settings, needed: set[str] | None, now: Clock
) -> AsyncIterator[Finding]:
    if settings.slack_bot_token is None:
        yield _not_set("SLACK_BOT_TOKEN")
        return
    try:
        async with asyncio.timeout(TIMEOUT_S):
            who = await web.auth_test()
    except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        yield _refused("Bot token", error, of_app_token=False)
        return
    yield Finding("Bot token", True, f"{who.get('user')} in {who.get('team')}")
    headers = {name.lower(): value for name, value in who.headers.items()}
    yield _clock(headers.get("date"), now())
    if (granted := headers.get("x-oauth-scopes")) is None:
        yield _wrong(
            "Scopes", "Slack does not say which scopes the token has", "Look at them under OAuth & Permissions."
        )
    elif needed is not None:
        yield _scopes(needed, {scope.strip() for scope in granted.split(",")})
    if (finding := await _same_app(web, settings, who)) is not None:
        yield finding


def _scopes(needed: set[str], granted: set[str]) -> Finding:
    if lacking := sorted(needed - granted):
        hears_messages = not _MESSAGE_SCOPES.isdisjoint(granted) or _MESSAGE_SCOPES.isdisjoint(needed)
        heard = "@respond_to runs for mentions only" if "app_mentions:read" in granted else "@respond_to never runs"
        without = "" if hears_messages else f"; without messages, {heard}, and @listen_to never"
        return _wrong(
            "Scopes",
            f"the plugins need {', '.join(lacking)}, which the token does not have{without}",
            "Add them under OAuth & Permissions and install the app again, or paste what `machine manifest` prints.",
        )
    besides = sorted(granted - needed - {""})
    return Finding("Scopes", True, "all that are needed" + (f"; besides: {', '.join(besides)}" if besides else ""))


def _clock(date: str | None, now: datetime) -> Finding:
    try:
        skew = now - parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return Finding("Clock", True, "not compared: the server does not send its time")
    seconds = round(skew.total_seconds())
    if abs(skew) > MAX_SKEW:
        way = "ahead of" if seconds > 0 else "behind"
        return _wrong(
            "Clock",
            f"this computer is {abs(seconds)} s {way} Slack",
            "Set the clock (`timedatectl set-ntp true`): schedules and signatures go by it.",
        )
    return Finding("Clock", True, f"within {abs(seconds)} s of Slack's")


async def _same_app(web: SlackWebClient, settings: Settings, who: AsyncSlackResponse) -> Finding | None:
    """Whether both tokens are of one app, as far as that can be seen; events would go to another one otherwise."""
    token = settings.slack_app_token
    of_token = None if token is None else _APP_OF_TOKEN.match(token.get_secret_value())
    if of_token is None or not who.get("bot_id"):
        return None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            bot: Mapping[str, Any] = (await web.bots_info(bot=str(who["bot_id"]))).get("bot") or {}
    except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return None  # the scope users:read is missing, which is a finding of its own
    app = bot.get("app_id")
    if not app or app == of_token[1]:
        return None
    return _wrong(
        "Tokens", f"the app token is of the app {of_token[1]}, the bot token of {app}", "Take both from the same app."
    )


async def _look_at_app_token(
    web: SlackWebClient, session: aiohttp.ClientSession, settings: Settings
) -> AsyncIterator[Finding]:
    if settings.slack_app_token is None:
        yield _not_set("SLACK_APP_TOKEN")
        return
    try:
        async with asyncio.timeout(TIMEOUT_S):
            url = await _connection(web, settings.slack_app_token)
    except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        yield _refused("App token", error, of_app_token=True)
        return
    yield Finding("App token", True, "Slack accepts it")
    yield await _look_at_socket_mode(session, url, proxy_for(settings))


async def _connection(web: SlackWebClient, token: SecretStr) -> str:
    return str((await web.apps_connections_open(app_token=token.get_secret_value()))["url"])


async def _look_at_socket_mode(session: aiohttp.ClientSession, url: str, proxy: str | None) -> Finding:
    """Slack says `hello` to a connection where Socket Mode is on, and `link_disabled` where it is off."""
    try:
        async with asyncio.timeout(TIMEOUT_S), session.ws_connect(url, proxy=proxy) as socket:
            # Whatever else may come is not acknowledged, so that Slack sends it again to the bot it is for.
            said = json.loads((await socket.receive()).data or "{}")
    except (aiohttp.ClientError, OSError, TimeoutError, TypeError, ValueError) as error:
        return _wrong(
            "Socket Mode",
            f"no connection: {redact(one_line(error))}",
            _network_remedy(error),
        )
    if said.get("type") == "hello":
        return Finding("Socket Mode", True, "it is on")
    reason = str(said.get("reason") or said.get("type") or "no greeting")
    return _wrong("Socket Mode", f"Slack ends the connection: {reason}", _SOCKET_MODE_REMEDY)


def _refused(subject: str, error: Exception, *, of_app_token: bool) -> Finding:
    if not isinstance(error, SlackApiError):
        return _wrong(subject, f"Slack cannot be reached: {redact(one_line(error))}", _network_remedy(error))
    refused = refusal(error, of_app_token=of_app_token)
    remedy = str(refused).partition(f"{refused.reason}. ")[2]
    return _wrong(subject, f"Slack refuses it: {redact(refused.reason)}", redact(remedy))


def _network_remedy(error: Exception) -> str:
    return network_remedy(error) if is_certificate_error(error) else _NETWORK_REMEDY


def _not_set(name: str) -> Finding:
    remedy = f"Export SM_{name}, say from a file .env. Without tokens, `machine dev` runs in the sandbox."
    return _wrong("Bot token" if "BOT" in name else "App token", f"{name} is not set", remedy)


def _wrong(subject: str, says: str, remedy: str) -> Finding:
    return Finding(subject, False, says, remedy)


def _versions() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("slack-sdk", "aiohttp"))
    return f"machine {__version__}, Python {platform.python_version()}, {libraries}"
