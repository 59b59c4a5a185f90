"""Asks an HTTP service for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=10)


class ServiceError(Exception):
    """The service gave no usable answer; the message says why."""


async def get_json(url: str, params: Mapping[str, str] | None = None) -> Any:
    """The JSON that a service answers with.

    Raises:
        ServiceError: When it cannot be reached within 10 s, answers with an error, or with something else than JSON.
    """
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.get(url, params=params, raise_for_status=True) as response,
        ):
            return await response.json(content_type=None)
    except aiohttp.ClientResponseError as error:
        raise ServiceError(f"it answered {error.status}") from None  # the error's text holds the URL, with its key
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise ServiceError(type(error).__name__) from None
