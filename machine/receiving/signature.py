"""Whether a request comes from Slack: https://docs.slack.dev/authentication/verifying-requests-from-slack."""

from __future__ import annotations

import hashlib
import hmac
import re

MAX_AGE_S = 5 * 60  # an older request may be one that somebody recorded and sends again

_VERSION = "v0"
_SIGNATURE = re.compile(f"{_VERSION}=[0-9a-f]{{64}}")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a request, as in the header `X-Slack-Signature`.

    Args:
        secret: The signing secret of the app.
        timestamp: Seconds since 1970, as in `X-Slack-Request-Timestamp`.
        body: The body as it was sent.
    """
    signing = hmac.new(secret.encode(), f"{_VERSION}:".encode(), hashlib.sha256)
    signing.update(timestamp.encode("utf-8", "surrogateescape") + b":")
    signing.update(body)  # by itself, as it is: hashing much releases the interpreter
    return f"{_VERSION}={signing.hexdigest()}"


def is_genuine(secret: str, timestamp: str, signature: str, body: bytes, now: float) -> bool:
    """Whether Slack signed this, not longer than five minutes ago.

    How long this takes does not depend on where the signature is wrong.
    """
    return is_plausible(timestamp, signature, now) and hmac.compare_digest(sign(secret, timestamp, body), signature)


def is_plausible(timestamp: str, signature: str, now: float) -> bool:
    """Whether the headers of a request may be Slack's: of the right form and of the last five minutes.

    What is not need not be read at all.
    """
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    return abs(now - int(timestamp)) <= MAX_AGE_S and _SIGNATURE.fullmatch(signature) is not None
