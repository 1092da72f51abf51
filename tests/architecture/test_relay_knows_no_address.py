"""No limit, log or answer of the relay depends on where a request comes from: nothing reads it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

RELAY = Path(__file__).parents[2] / "src" / "e2etherapy" / "relay"
WORDS = {
    *("peername", "sockname", "ssl_object", "peercert"),
    *("remote", "peer_address", "getpeername", "getpeercert", "client_addr", "remote_addr"),
}
"""What a request or a transport may be asked for that names the other side, or leads there."""
HEADERS = ("forwarded", "x-forwarded", "x-real-ip", "x-client", "client-ip", "true-client")
"""How headers begin in which a proxy names it."""


def names_an_address(word: str) -> bool:
    lower = word.lower().replace("_", "-")
    return word.lower() in WORDS or lower.startswith(HEADERS)


def addresses_read(source: str) -> list[str]:
    """Return what in a source text could tell where a request comes from, with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name) if names_an_address(name):
                found.append(f"line {node.lineno}: {name}")
            case ast.Constant(value=str(text)) if names_an_address(text):
                found.append(f"line {node.lineno}: {text!r}")
            case _:
                continue
    return found


def test_nothing_in_the_relay_reads_an_address() -> None:
    modules = sorted(RELAY.rglob("*.py"))
    assert RELAY / "app.py" in modules
    offenders = {
        str(module.relative_to(RELAY)): found
        for module in modules
        if (found := addresses_read(module.read_text(encoding="utf-8")))
    }
    assert offenders == {}


@pytest.mark.parametrize(
    "source",
    [
        "request.remote",
        "transport.get_extra_info('peername')",
        "request.transport.get_extra_info('ssl_object')",
        "connection.getpeername()",
        "request.headers['X-Forwarded-For']",
        "request.headers.get('Forwarded')",
        "request.headers.get(hdrs.X_FORWARDED_FOR)",
        "request.forwarded",
        "request.headers['X-Real-IP']",
    ],
)
def test_reading_an_address_is_seen(source: str) -> None:
    assert addresses_read(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""Nothing here reads a remote address."""',
        "transport.get_extra_info('socket')",
        "request.headers.get('Authorization')",
        "path = 'forward'",
    ],
)
def test_other_code_is_left_alone(source: str) -> None:
    assert addresses_read(source) == []
