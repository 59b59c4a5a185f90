"""Addresses that the bot's servers listen at, as people write them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.address import Address

HOSTS = st.one_of(st.ip_addresses().map(str), st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True))


@given(HOSTS, st.integers(0, 65535))
def test_an_address_survives_being_written(host: str, port: int) -> None:
    """Also IPv6, whose colons need brackets."""
    address = Address(host, port)

    assert Address.parse(str(address)) == address


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """With one kind of error, which settings turn into a message."""
    with contextlib.suppress(ValueError):
        address = Address.parse(text)

        assert 0 <= address.port <= 65535
        assert address.host


@pytest.mark.parametrize("text", ["", "8080", ":8080", "localhost", "localhost:", "localhost:65536", "::1:80", "a b:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """A port alone would listen on every interface without anybody having said so."""
    with pytest.raises(ValueError, match="HOST:PORT"):
        Address.parse(text)
