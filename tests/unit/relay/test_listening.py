from __future__ import annotations

import socket
from pathlib import Path

import pytest

from e2etherapy.errors import InvalidCertificate, InvalidListenAddress
from e2etherapy.relay.limits import UNTAKEN_BYTES, UNTAKEN_SECONDS
from e2etherapy.relay.listening import (
    Certificate,
    ListenAddress,
    bind,
    check_exposure,
    parse_listen_address,
    tls_context,
)
from tests.support.certificates import certificate, encrypt


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8700", ListenAddress("127.0.0.1", 8700)),
        ("[::1]:0", ListenAddress("::1", 0)),
        ("relay.example:443", ListenAddress("relay.example", 443)),
        ("unix:/run/relay.sock", ListenAddress(unix_path=Path("/run/relay.sock"))),
    ],
)
def test_an_address_is_read(text: str, address: ListenAddress) -> None:
    assert parse_listen_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8700",
        ":8700",
        "127.0.0.1",
        "127.0.0.1:",
        "h:x",
        "h:-1",
        "h:65536",
        "h:²",
        "unix:",
        "unix:a\0b",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidListenAddress, match=r"127\.0\.0\.1:8700"):
        parse_listen_address(text)


@pytest.mark.parametrize("text", ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "relay.example:80"])
def test_keys_are_not_taken_in_the_clear_from_other_machines(text: str) -> None:
    address = parse_listen_address(text)
    with pytest.raises(InvalidListenAddress, match="unencrypted"):
        check_exposure(address, None, behind_proxy=False)
    check_exposure(address, None, behind_proxy=True)
    check_exposure(address, Certificate(Path("chain"), Path("key")), behind_proxy=False)


@pytest.mark.parametrize(
    "text", ["127.0.0.1:80", "127.8.9.1:80", "[::1]:80", "localhost:80", "unix:x"]
)
def test_on_this_machine_no_tls_is_needed(text: str) -> None:
    check_exposure(parse_listen_address(text), None, behind_proxy=False)


def test_an_address_in_use_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = ListenAddress("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(InvalidListenAddress, match="Choose another address"):
            bind(address)


@pytest.mark.parametrize("text", [f"{'a' * 70}.x:0", "a..x:0"])
def test_a_name_that_nothing_can_have_is_a_sentence(text: str) -> None:
    with pytest.raises(InvalidListenAddress, match=r"cannot listen there .* another address"):
        bind(parse_listen_address(text))


def test_a_unix_socket_that_was_left_over_is_replaced_but_not_one_in_use(tmp_path: Path) -> None:
    address = ListenAddress(unix_path=tmp_path / "relay.sock")
    bind(address).close()
    with bind(address), pytest.raises(InvalidListenAddress):
        bind(address)


def test_a_file_in_the_place_of_a_unix_socket_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "relay.sock"
    path.write_text("a letter")
    with pytest.raises(InvalidListenAddress):
        bind(ListenAddress(unix_path=path))
    assert path.read_text() == "a letter"


def test_files_that_are_no_certificate_are_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    for content in (None, "no certificate"):
        if content:
            path.write_text(content)
        with pytest.raises(InvalidCertificate, match="PEM"):
            tls_context(Certificate(path, path))


def test_an_encrypted_key_is_a_sentence_and_nobody_is_asked(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    encrypt(key)
    with pytest.raises(InvalidCertificate, match=r"encrypted.*openssl pkey"):
        tls_context(Certificate(chain, key))


def test_the_system_keeps_little_for_whoever_does_not_read_and_not_for_long() -> None:
    with (
        bind(ListenAddress("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        connection, _ = listener.accept()
        with connection:
            kept = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            assert kept <= 2 * UNTAKEN_BYTES, "Linux counts twice what it is asked for"
            seconds = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) / 1_000
            assert seconds == UNTAKEN_SECONDS
