"""What `machine doctor` looks at, against the sandbox: what is wrong is found, and each finding says what to do."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from machine.bot import Machine
from machine.errors import MachineError
from machine.sandbox import Sandbox, Workspace
from machine_console.runtime.diagnosis import Finding, diagnose

PLUGIN = """
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import listen_to


class Ears(MachineBasePlugin):
    @listen_to("x")
    async def hear(self, msg):
        await msg.react("eyes")
"""


class Patient:
    """A bot's folder, with a sandbox in place of Slack."""

    def __init__(self, folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self._monkeypatch = monkeypatch
        (folder / "plugins").mkdir()
        (folder / "plugins" / "ears.py").write_text(PLUGIN)
        self.set(
            PLUGINS="",
            SLACK_API_URL=sandbox.api_url,
            SLACK_BOT_TOKEN=sandbox.bot_token,
            SLACK_APP_TOKEN=sandbox.app_token,
        )

    def grant(self, *scopes: str) -> None:
        """Have the token carry these scopes and no others."""
        app = self.sandbox.workspace.app
        self.sandbox.workspace.app = dataclasses.replace(app, scopes=scopes)

    def set(self, **settings: str) -> None:
        """Change settings in the environment; an empty token is none."""
        for name, value in settings.items():
            self._monkeypatch.setenv(f"SM_{name}", value)

    async def findings(self, ahead: timedelta = timedelta()) -> list[Finding]:
        """What the doctor finds, with this computer's clock moved."""
        return [finding async for finding in diagnose(self.folder, lambda: datetime.now(UTC) + ahead)]

    async def wrong(self, ahead: timedelta = timedelta()) -> list[Finding]:
        """What is wrong; all of it has a remedy."""
        wrong = [finding for finding in await self.findings(ahead) if not finding.is_fine]
        assert all(finding.remedy for finding in wrong)
        return wrong


@pytest.fixture
async def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Patient]:
    """All is well with it."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in [name for name in os.environ if name.startswith("SM_")]:
        monkeypatch.delenv(name)
    async with Sandbox(Workspace.default()) as sandbox:
        yield Patient(tmp_path, sandbox, monkeypatch)


async def test_a_healthy_bot_has_no_findings(patient: Patient) -> None:
    """All of it is looked at."""
    found = await patient.findings()

    assert [finding for finding in found if not finding.is_fine] == []
    assert [finding.subject for finding in found] == [
        *("Versions", "Settings", "Plugins", "Storage", "Bot token", "Clock", "Scopes", "App token", "Socket Mode"),
    ]


async def test_scopes_that_the_plugins_need_are_missed(patient: Patient) -> None:
    """Slack would refuse the call only when somebody writes an x."""
    patient.grant("chat:write", "users:read")

    (finding,) = await patient.wrong()

    assert finding.subject == "Scopes"
    assert "reactions:write" in finding.says
    assert "channels:history" in finding.says


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificate")
async def test_a_certificate_that_nobody_trusts_b17(patient: Patient, tmp_path: Path) -> None:
    """B17: the doctor and the bot name the variable that helps, and which is read at the start."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    command = [*made.split(), "-keyout", str(key), "-out", str(certificate)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "localhost", 0, ssl_context=context).start()
    url = f"https://localhost:{runner.addresses[0][1]}/api/"
    patient.set(SLACK_API_URL=url)
    try:
        found = await patient.wrong()
        settings = {"SLACK_API_URL": url, "SLACK_BOT_TOKEN": "xoxb-1-x", "SLACK_APP_TOKEN": "xapp-1-x"}
        with pytest.raises(MachineError, match=r"CERTIFICATE_VERIFY_FAILED.*SSL_CERT_FILE"):
            await Machine(settings, project=patient.folder).start()
    finally:
        await runner.cleanup()

    assert all("SSL_CERT_FILE" in finding.remedy for finding in found if finding.subject.endswith("token"))
    assert [finding.subject for finding in found if finding.subject.endswith("token")] == ["Bot token", "App token"]


@pytest.mark.parametrize(
    ("scopes", "says"),
    [
        (("app_mentions:read",), "without messages, @respond_to runs for mentions only, and @listen_to never"),
        ((), "without messages, @respond_to never runs, and @listen_to never"),
        (("channels:history",), None),
    ],
)
async def test_an_app_without_messages_is_told_what_it_does_not_hear(
    patient: Patient, scopes: tuple[str, ...], says: str | None
) -> None:
    """B9: the scopes are what can be seen of the events that an app subscribes to."""
    patient.grant("chat:write", *scopes)

    (finding,) = await patient.wrong()

    assert (says or "which the token does not have") in finding.says
    assert ("without messages" in finding.says) == (says is not None)


async def test_a_token_that_slack_refuses(patient: Patient) -> None:
    """Each token is told apart, with what to do about it."""
    patient.set(SLACK_BOT_TOKEN="xoxb-wrong", SLACK_APP_TOKEN="xapp-wrong")

    bot, app = await patient.wrong()

    assert (bot.subject, bot.says) == ("Bot token", "Slack refuses it: invalid_auth")
    assert "SLACK_BOT_TOKEN" in bot.remedy
    assert (app.subject, app.says) == ("App token", "Slack refuses it: invalid_auth")
    assert "SLACK_APP_TOKEN" in app.remedy


async def test_tokens_that_are_not_set(patient: Patient) -> None:
    """The rest is looked at all the same."""
    patient.set(SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="")

    assert [finding.says for finding in await patient.wrong()] == [
        "SLACK_BOT_TOKEN is not set",
        "SLACK_APP_TOKEN is not set",
    ]


async def test_settings_that_cannot_be_used_are_all_told(patient: Patient) -> None:
    """Tokens of the wrong kind among them; nothing of a token is shown."""
    patient.set(SLACK_BOT_TOKEN="xapp-secret1", SLACK_APP_TOKEN="xoxb-secret2", TZ="Mars")

    wrong = await patient.wrong()

    assert {finding.says.split()[0] for finding in wrong} == {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "TZ"}
    assert "secret" not in str(wrong)


@pytest.mark.parametrize(("ahead", "says"), [(300, "s ahead of Slack"), (-300, "s behind Slack")])
async def test_a_clock_that_is_wrong(patient: Patient, ahead: int, says: str) -> None:
    """Either way."""
    (finding,) = await patient.wrong(timedelta(seconds=ahead))

    assert finding.subject == "Clock"
    assert says in finding.says


async def test_a_slack_that_fails(patient: Patient) -> None:
    """Its answers are no reason for a traceback."""
    patient.sandbox.faults.fail("auth.test", status=503)

    (finding,) = await patient.wrong()

    assert (finding.subject, finding.says) == ("Bot token", "Slack refuses it: HTTP status 503")


async def test_a_slack_that_cannot_be_reached(patient: Patient) -> None:
    """Where nobody listens."""
    patient.set(SLACK_API_URL="http://127.0.0.1:1/api/")

    wrong = await patient.wrong()

    assert [finding.subject for finding in wrong] == ["Bot token", "App token"]
    assert all("cannot be reached" in finding.says for finding in wrong)


async def test_a_plugin_that_fails_and_a_storage_that_is_none(patient: Patient) -> None:
    """Both, with place and reason."""
    (patient.folder / "plugins" / "broken.py").write_text("import nothing_of_the_sort\n")
    patient.set(STORAGE_BACKEND="no.such.Backend")

    plugins, storage = await patient.wrong()

    assert "plugins.broken fails to load" in plugins.says
    assert "broken.py:1" in plugins.says
    assert storage.says.startswith("Backend cannot be used")


async def test_over_http_no_app_token_is_missed(patient: Patient) -> None:
    """Slack sends to the bot then, and Socket Mode may be off."""
    patient.set(SLACK_APP_TOKEN="", HTTP="127.0.0.1:8080", SLACK_SIGNING_SECRET="a secret of the app")

    findings = await patient.findings()

    assert all(finding.is_fine for finding in findings)
    assert findings[-1] == Finding("HTTP", True, "Slack sends to 127.0.0.1:8080/slack/events; no app token is needed")


async def test_socket_mode_that_is_off(patient: Patient) -> None:
    """Slack gives an address, and closes the connection with `link_disabled`."""

    async def connection(_: web.Request) -> web.Response:
        return web.json_response({"ok": True, "url": f"ws://127.0.0.1:{port}/link"})

    async def link(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "disconnect", "reason": "link_disabled"})
        await socket.close()
        return socket

    async def relay(request: web.Request) -> web.Response:
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": request.headers["Authorization"]}
            target = patient.sandbox.api_url + request.match_info["method"]
            async with session.post(target, data=await request.read(), headers=headers) as answer:
                scopes = {"X-OAuth-Scopes": answer.headers["X-OAuth-Scopes"]}
                return web.json_response(await answer.json(), headers=scopes)

    app = web.Application()
    app.router.add_post("/api/apps.connections.open", connection)
    app.router.add_post("/api/{method}", relay)
    app.router.add_get("/link", link)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    patient.set(SLACK_API_URL=f"http://127.0.0.1:{port}/api/")
    try:
        (finding,) = await patient.wrong()
    finally:
        await runner.cleanup()

    assert finding.says == "Slack ends the connection: link_disabled"
    assert "Switch Socket Mode on" in finding.remedy
