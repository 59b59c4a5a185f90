"""What pages of other sites send to servers of this machine is told from what its own programs send."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from machine.loopback import is_own


@given(host=st.text(), origin=st.none() | st.text(), site=st.text(max_size=12))
def test_any_headers_get_an_answer_a4(host: str, origin: str | None, site: str) -> None:
    """A4: whatever stands in them; an origin is only taken if it is the host that was asked for."""
    headers = {"Host": host, "Sec-Fetch-Site": site} | ({} if origin is None else {"Origin": origin})

    if is_own(headers) and origin is not None:
        assert origin.lower().endswith(f"//{host.lower()}") or f"//{host.lower()}/" in origin.lower()


@given(
    name=st.sampled_from(["127.0.0.1", "localhost", "LOCALHOST", "[::1]"]),
    port=st.none() | st.integers(1, 65535),
    scheme=st.none() | st.sampled_from(["http", "ws"]),
)
def test_this_machine_by_any_of_its_names_a4(name: str, port: int | None, scheme: str | None) -> None:
    """A4: with or without a port, as tunnels and proxies of the developer's own have it."""
    host = name if port is None else f"{name}:{port}"

    assert is_own({"Host": host} | ({} if scheme is None else {"Origin": f"{scheme}://{host}"}))


@given(st.from_regex(r"[a-z0-9.-]{1,20}\.[a-z]{2,6}(:[0-9]{1,5})?", fullmatch=True))
def test_a_name_of_somebody_elses_is_refused_a4(host: str) -> None:
    """A4: it may lead to 127.0.0.1, and its pages are then of the same origin for the browser."""
    assert not is_own({"Host": host})
    assert not is_own({"Host": "127.0.0.1:80", "Origin": f"http://{host}"})
