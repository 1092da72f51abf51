"""Which addresses a relay may have: https everywhere, http on this machine only."""

from __future__ import annotations

import pytest

from e2etherapy.errors import InvalidLink, RelayUnreachable
from e2etherapy.messenger.line.address import relay_host, relay_url
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.wire.invitation import InvitationLink


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://relay.example", "https://relay.example"),
        ("  https://relay.example/ \n", "https://relay.example"),
        ("HTTPS://Relay.Example", "https://relay.example"),
        ("relay.example", "https://relay.example"),
        ("relay.example:8443", "https://relay.example:8443"),
        ("127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("localhost:8700", "http://localhost:8700"),
        ("LOCALHOST", "http://localhost"),
        ("[::1]:8700", "http://[::1]:8700"),
        ("http://[::1]:8700", "http://[::1]:8700"),
        ("http://127.3.2.1", "http://127.3.2.1"),
        ("https://127.0.0.1:1", "https://127.0.0.1:1"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("192.168.1.10:8700", "https://192.168.1.10:8700"),
    ],
)
def test_an_address_is_understood_as_it_is_usually_typed(typed: str, url: str) -> None:
    assert relay_url(typed) == url
    assert relay_url(url) == url


@pytest.mark.parametrize(
    "typed",
    [
        "http://relay.example",
        "http://192.168.1.10:8700",
        "http://0.0.0.0:8700",
        "http://[::]:8700",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://2130706433",
        "http://0x7f.1",
        "http://127.1",
        "http://[::ffff:192.168.1.10]",
    ],
)
def test_http_to_another_machine_is_refused(typed: str) -> None:
    with pytest.raises(InvalidLink, match="https"):
        relay_url(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "/",
        "https://",
        "ftp://relay.example",
        "file:///etc/passwd",
        "https://relay.example/path",
        "https://relay.example?query",
        "https://relay.example:port",
        "https://relay.example:99999",
        "[::1",
        "https://[::1",
        "::1",
        "a b c://x",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InvalidLink, match="not the address of a relay"):
        relay_url(typed)


@pytest.mark.parametrize(
    "url",
    [
        "https://relay.example",
        "https://relay.example:8443",
        "http://127.0.0.1:8700",
        "http://localhost",
        "http://[::1]:8700",
        "https://[2001:db8::1]:443",
    ],
)
def test_a_link_leads_back_to_the_relay_that_it_was_made_for(url: str) -> None:
    link = f"e2etherapy://{relay_host(url)}/#" + "A" * 43
    assert relay_url(InvitationLink.parse(link).relay_host) == url


@pytest.mark.parametrize(
    "host", ["my_relay", "rel ay", "bücher.example", "relay.example#x", "u:p@relay.example", "-x"]
)
def test_a_host_that_no_link_could_carry_is_refused_when_it_is_set(host: str) -> None:
    with pytest.raises(InvalidLink):
        relay_url(f"https://{host}")


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "relay..example"])
async def test_a_host_that_no_network_can_name_is_out_of_reach(host: str) -> None:
    async with RelayConnection(relay_url(host)) as relay:
        with pytest.raises(RelayUnreachable):
            await relay.health()
