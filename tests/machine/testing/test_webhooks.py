"""Requests that a test sends to the routes of plugins."""

from __future__ import annotations

import pytest

from machine.plugins import MachineBasePlugin, WebhookRequest, WebhookResponse
from machine.plugins.decorators import webhook
from machine.testing import Bot


class Doors(MachineBasePlugin):
    """Has routes."""

    @webhook("/ring", methods=["GET", "POST"])
    async def ring(self, request: WebhookRequest) -> dict[str, str]:
        await self.say("#general", f"{request.headers['X-Who']} is at the door {request.query.get('door', '')}".strip())
        return {"method": request.method, "sent": request.text}

    @webhook("/away")
    async def away(self, request: WebhookRequest) -> WebhookResponse:
        return WebhookResponse(302, "moved", {"Location": "/ring"})

    @webhook("/fail")
    async def fail(self, request: WebhookRequest) -> None:
        raise ValueError("locked")


pytestmark = pytest.mark.machine(
    plugins=[Doors], settings={"HTTP": "192.0.2.1:80", "SLACK_SIGNING_SECRET": "of the live bot"}
)


async def test_a_request_reaches_the_handler_and_its_answer_the_test(bot: Bot) -> None:
    """Method, query, headers and body as they are given; whatever address the settings name."""
    answer = await bot.webhook("/ring?door=2", data="knock", headers={"X-Who": "erin"})

    assert (answer.status, answer.json()) == (200, {"method": "POST", "sent": "knock"})
    assert answer.headers["content-type"].startswith("application/json")
    assert await bot.said("erin is at the door 2")
    read = await bot.webhook("/ring", method="GET", headers={"X-Who": "bob"})
    assert read.json() == {"method": "GET", "sent": ""}


async def test_json_is_sent_as_json(bot: Bot) -> None:
    """An empty list too."""
    values: tuple[object, ...] = ({"a": ["é"]}, [], 0, False)
    for value in values:
        answer = await bot.webhook("/ring", json=value, headers={"X-Who": "erin"})
        assert answer.json()["sent"] in {'{"a": ["\\u00e9"]}', "[]", "0", "false"}


async def test_an_answer_is_not_followed(bot: Bot) -> None:
    """The test sees what the plugin answers, not where that leads."""
    answer = await bot.webhook("/away")

    assert (answer.status, answer.text, answer.headers["Location"]) == (302, "moved", "/ring")


async def test_a_handler_that_raises_fails_the_test_or_is_expected(bot: Bot) -> None:
    """As with all that handlers do."""
    with bot.expect_errors("ValueError: locked"):
        assert (await bot.webhook("/fail")).status == 500

    with pytest.raises(AssertionError, match="ValueError: locked"):
        await bot.webhook("/fail")


async def test_a_path_that_nobody_serves_names_those_there_are(bot: Bot) -> None:
    """It is a slip of the test's."""
    with pytest.raises(LookupError, match=r"No plugin serves '/rings'. Did you mean /ring\? Webhooks: /away, /fail"):
        await bot.webhook("/rings")
