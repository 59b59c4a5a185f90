"""Memes and pictures, from a local server in the place of the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import unquote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from machine.plugins.builtin.fun.images import ImageSearchPlugin
from machine.plugins.builtin.fun.memes import MemePlugin
from tests.conftest import BotUnderTest


class Services:
    """Memegen and the image search, as far as the plugins use them."""

    def __init__(self) -> None:
        self.is_broken = False
        self.searches: list[dict[str, str]] = []
        app = web.Application()
        app.router.add_get("/templates/", self._templates)
        app.router.add_get("/search", self._search)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self.server.make_url("")).rstrip("/")

    async def _templates(self, _request: web.Request) -> web.Response:
        if self.is_broken:
            return web.Response(status=503)
        return web.json_response([{"id": "fry", "name": "Futurama Fry"}])

    async def _search(self, request: web.Request) -> web.Response:
        if self.is_broken:
            return web.Response(status=403, text="quota")
        self.searches.append(dict(request.query))
        found = [] if request.query["q"] == "nothing" else [{"link": f"https://pictures.test/{request.query['q']}.png"}]
        return web.json_response({"items": found} if found else {})


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    """The services, served on loopback."""
    services = Services()
    await services.server.start_server()
    yield services
    await services.server.close()


@pytest.fixture
async def fun(bot: BotUnderTest, services: Services) -> BotUnderTest:
    """A bot with both plugins, using the local services."""
    await bot.start(
        MemePlugin,
        ImageSearchPlugin,
        MEMEGEN_URL=services.url,
        GOOGLE_SEARCH_URL=f"{services.url}/search",
        GOOGLE_CSE_ID="engine",
        GOOGLE_API_KEY="key-that-nobody-may-see",
    )
    return bot


async def test_a_meme_is_posted_as_an_image(fun: BotUnderTest) -> None:
    """Characters that mean something in URLs are written as Memegen wants them."""
    fun.workspace.post("alice", "general", "@machine meme fry not sure if bug;or feature?")

    [image] = (await fun.answer()).blocks
    assert image["type"] == "image"
    assert "/images/fry/not_sure_if_bug/or_feature~q.jpg" in unquote(image["image_url"])


async def test_templates_are_listed_to_the_person_alone(fun: BotUnderTest) -> None:
    """A long list bothers nobody else."""
    fun.workspace.post("alice", "general", "@machine list memes")

    answer = await fun.answer()
    assert "`fry`: Futurama Fry" in answer.text
    assert answer.ephemeral_to == fun.workspace.find_person("alice").id


async def test_a_picture_is_found_and_posted(fun: BotUnderTest, services: Services) -> None:
    """An animated one is asked for as such."""
    fun.workspace.post("alice", "general", "@machine image me gophers")
    assert (await fun.answer(1)).text.strip("<>") == "https://pictures.test/gophers.png"

    fun.workspace.post("alice", "general", "@machine animate gophers")
    await fun.answer(2)
    assert services.searches[1]["fileType"] == "gif"


async def test_nothing_found_is_said(fun: BotUnderTest) -> None:
    """Silence would look like a failure."""
    fun.workspace.post("alice", "general", "@machine image nothing")

    assert (await fun.answer()).text == "I found no picture of nothing"


async def test_a_service_that_is_down_is_said_and_no_key_is_logged(
    fun: BotUnderTest, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """The URL of the search holds the API key, so it must not come with the error."""
    services.is_broken = True

    fun.workspace.post("alice", "general", "@machine image gophers")
    fun.workspace.post("alice", "random", "@machine list memes")

    assert "cannot reach" in (await fun.answer()).text
    assert "cannot reach" in (await fun.answer(channel="random")).text
    assert "key-that-nobody-may-see" not in caplog.text
