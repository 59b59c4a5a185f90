"""Servers for this machine alone: pages of other sites, which a browser here shows, are kept out.

A browser sends requests of any page to any port of 127.0.0.1. It says which page they come from (`Origin`,
`Sec-Fetch-Site`), and, where a name of the page's own leads to 127.0.0.1, asks for that name (`Host`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from aiohttp import web

_NAMES = {"127.0.0.1", "localhost", "::1"}
_FOREIGN = {"cross-site", "same-site"}  # another port of 127.0.0.1 is the same site


@web.middleware
async def refuse_other_sites(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """403 for what a page of another site sends, and for a name that is not this machine's."""
    if not is_own(request.headers):
        return web.Response(
            status=403, text="This is for programs on this machine, and not for pages of other sites.\n"
        )
    return await handler(request)


def is_own(headers: Mapping[str, str]) -> bool:
    """Whether a request asks for this machine by its name, and does not come from a page of another site."""
    host, origin = headers.get("Host", ""), headers.get("Origin")
    try:
        if urlsplit(f"//{host}").hostname not in _NAMES:
            return False
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return False
    except ValueError:
        return False
    return headers.get("Sec-Fetch-Site", "") not in _FOREIGN
