"""Signatures of stored values, so that what somebody else wrote into the store is not unpickled.

A signature is bound to the key: a value that was signed under one key is refused under another.
"""

from __future__ import annotations

import hmac

from pydantic import SecretStr

from machine.errors import StorageError

_MARK = b"hmac-sha256:"  # no pickle begins so
_LENGTH = 32
_HEAD = len(_MARK) + _LENGTH


def is_signed(data: bytes) -> bool:
    """Whether the data carries a signature, good or not."""
    return data.startswith(_MARK)


def sign(data: bytes, *, key: str, secret: SecretStr) -> bytes:
    """The data, with its signature in front."""
    return _MARK + _signature(data, key, secret) + data


def verified(data: bytes, *, key: str, secret: SecretStr | None) -> bytes:
    """The data without its signature, which is good; without a secret, data that has none.

    How long this takes does not depend on where a signature is wrong.

    Raises:
        StorageError: The signature is wrong or missing, or there is no secret to hold it against.
    """
    if secret is None:
        if is_signed(data):
            raise StorageError(
                f"The value of {key!r} is signed, and STORAGE_SECRET is not set. "
                "Set it to what it was, or delete the key."
            )
        return data
    if not is_signed(data):
        raise StorageError(
            f"The value of {key!r} is not signed, as STORAGE_SECRET asks for, and was not read. If it is from before "
            "STORAGE_SECRET was set, run `machine sign-storage` once; else delete the key: somebody else wrote it."
        )
    given, content = data[len(_MARK) : _HEAD], data[_HEAD:]
    if not hmac.compare_digest(given, _signature(content, key, secret)):
        raise StorageError(
            f"The signature of the value of {key!r} is wrong, so it was not read: it was written with another "
            "STORAGE_SECRET, or somebody has changed it. Set STORAGE_SECRET to what it was, or delete the key."
        )
    return content


def _signature(data: bytes, key: str, secret: SecretStr) -> bytes:
    name = key.encode("utf-8", "surrogatepass")
    signed = b"".join((len(name).to_bytes(8, "big"), name, data))
    return hmac.digest(secret.get_secret_value().encode("utf-8", "surrogatepass"), signed, "sha256")
