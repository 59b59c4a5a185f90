"""Whether a request comes from Slack: https://docs.slack.dev/authentication/verifying-requests-from-slack."""

from __future__ import annotations

import hashlib
import hmac

MAX_AGE_S = 5 * 60  # an older request may be one that somebody recorded and sends again

_VERSION = "v0"


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a request, as in the header `X-Slack-Signature`.

    Args:
        secret: The signing secret of the app.
        timestamp: Seconds since 1970, as in `X-Slack-Request-Timestamp`.
        body: The body as it was sent.
    """
    signed = b":".join((_VERSION.encode(), timestamp.encode("utf-8", "surrogateescape"), body))
    return f"{_VERSION}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def is_genuine(secret: str, timestamp: str, signature: str, body: bytes, now: float) -> bool:
    """Whether Slack signed this, not longer than five minutes ago.

    How long this takes does not depend on where the signature is wrong.
    """
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    if abs(now - int(timestamp)) > MAX_AGE_S:
        return False
    expected = sign(secret, timestamp, body)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))
