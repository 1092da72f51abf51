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
OWN_CERTIFICATE = Path("tls.py"), "getpeercert"
"""The relay reads the dates of its own certificate in a handshake with itself, in memory."""
HEADERS = ("forwarded", "x-forwarded", "x-real-ip", "x-client", "client-ip", "true-client")
"""How headers begin in which a proxy names it."""


def names_an_address(word: str) -> bool:
    lower = word.lower().replace("_", "-")
    return word.lower() in WORDS or lower.startswith(HEADERS)


def addresses_read(source: str, *, allowed: str | None = None) -> list[str]:
    """Return what in a source text could tell where a request comes from, with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name) if names_an_address(name) and name != allowed:
                found.append(f"line {node.lineno}: {name}")
            case ast.Constant(value=str(text)) if names_an_address(text):
                found.append(f"line {node.lineno}: {text!r}")
            case _:
                continue
    return found


def test_nothing_in_the_relay_reads_an_address() -> None:
    modules = sorted(RELAY.rglob("*.py"))
    assert RELAY / "app.py" in modules
    offenders = {}
    for path in modules:
        module, name = path.relative_to(RELAY), None
        if module == OWN_CERTIFICATE[0]:
            name = OWN_CERTIFICATE[1]
        if found := addresses_read(path.read_text(encoding="utf-8"), allowed=name):
            offenders[str(module)] = found
    assert offenders == {}


def test_the_handshake_that_reads_a_certificate_has_no_connection() -> None:
    source = (RELAY / OWN_CERTIFICATE[0]).read_text(encoding="utf-8")
    names = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert {"MemoryBIO", "wrap_bio", OWN_CERTIFICATE[1]} <= names
    assert not names & {"socket", "wrap_socket", "transport", "request", "get_extra_info"}


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
