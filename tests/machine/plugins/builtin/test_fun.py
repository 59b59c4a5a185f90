"""Memes and pictures, from a local server in the place of the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import unquote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from machine.plugins import MachineBasePlugin
from machine.plugins.builtin.fun.images import ImageSearchPlugin
from machine.plugins.builtin.fun.memes import MemePlugin
from machine.testing import Bot


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
def machine_plugins() -> list[type[MachineBasePlugin]]:
    """Both plugins."""
    return [MemePlugin, ImageSearchPlugin]


@pytest.fixture
def machine_settings(services: Services) -> Mapping[str, str]:
    """They use the local services."""
    return {
        "MEMEGEN_URL": services.url,
        "GOOGLE_SEARCH_URL": f"{services.url}/search",
        "GOOGLE_CSE_ID": "engine",
        "GOOGLE_API_KEY": "key-that-nobody-may-see",
    }


async def test_a_meme_is_posted_as_an_image(bot: Bot) -> None:
    """Characters that mean something in URLs are written as Memegen wants them."""
    answer = await bot.user("alice").asks("@machine meme fry not sure if bug;or feature?", channel="#general")

    [image] = answer.blocks
    assert image["type"] == "image"
    assert "/images/fry/not_sure_if_bug/or_feature~q.jpg" in unquote(image["image_url"])


async def test_templates_are_listed_to_the_person_alone(bot: Bot) -> None:
    """A long list bothers nobody else."""
    answer = await bot.user("alice").asks("@machine list memes", channel="#general")

    assert "`fry`: Futurama Fry" in answer.text
    assert answer.only_for == "alice"


async def test_a_picture_is_found_and_posted(bot: Bot, services: Services) -> None:
    """An animated one is asked for as such."""
    alice = bot.user("alice")
    answer = await alice.asks("@machine image me gophers", channel="#general")
    assert "https://pictures.test/gophers.png" in answer.text

    await alice.says("@machine animate gophers", channel="#general")
    assert services.searches[1]["fileType"] == "gif"


async def test_nothing_found_is_said(bot: Bot) -> None:
    """Silence would look like a failure."""
    answer = await bot.user("alice").asks("@machine image nothing", channel="#general")

    assert answer.text == "I found no picture of nothing"


async def test_a_service_that_is_down_is_said_and_no_key_is_logged(
    bot: Bot, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """The URL of the search holds the API key, so it must not come with the error."""
    services.is_broken = True
    alice = bot.user("alice")

    assert "cannot reach" in (await alice.asks("@machine image gophers", channel="#general")).text
    assert "cannot reach" in (await alice.asks("@machine list memes", channel="#random")).text
    assert "key-that-nobody-may-see" not in caplog.text
