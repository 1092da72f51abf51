"""A TLS key of a kind that TLS 1.3 does not have is refused wherever it is first seen."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.certificates import certificate
from tests.support.command_line import run
from tests.support.operated import ask, operated, shake_hands

REASON = "TLS 1.3 has no signatures for"
TLS = ("--tls-certificate", "chain.pem", "--tls-key", "key.pem")
START = ("--listen", "127.0.0.1:0", "--database", "relay.db", *TLS)
ABSENT = ec.SECP256K1()


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_relay_to_which_no_client_could_connect_is_not_started(
    tmp_path: Path, command: str
) -> None:
    certificate(tmp_path, curve=ABSENT)
    refused = run(tmp_path, "relay", command, *START)
    assert (refused.code, REASON in " ".join(refused.errors.split())) == (33, True)
    assert not (tmp_path / "relay.db").exists()


def test_doctor_finds_it(tmp_path: Path) -> None:
    certificate(tmp_path, curve=ABSENT)
    found = run(tmp_path, "relay", "doctor", "--json", *START)
    (told,) = [one["sentence"] for one in found.data["checks"] if one["name"] == "certificate"]
    assert (found.code, REASON in told) == (41, True)


def test_a_running_relay_does_not_take_it_up(tmp_path: Path) -> None:
    pair = certificate(tmp_path)
    tls = f"tls_certificate = '{pair[0]}'\ntls_key = '{pair[1]}'\n"
    with operated(tmp_path, tls) as relay:
        certificate(tmp_path, curve=ABSENT)
        told = relay.signal(signal.SIGHUP, "reload")
        assert (told["event"], told["setting"]) == ("reload refused", "tls_certificate")
        assert REASON in told["reason"]
        with shake_hands(relay.port) as line:
            assert ask(line) == 200


def test_a_relay_starts_with_a_certificate_that_has_expired_and_takes_up_its_successor(
    tmp_path: Path,
) -> None:
    """Whoever renews it need not start the relay a second time."""
    pair = certificate(tmp_path, days=(-9, -1))
    tls = f"tls_certificate = '{pair[0]}'\ntls_key = '{pair[1]}'\n"
    with operated(tmp_path, tls) as relay:
        certificate(tmp_path)
        assert relay.signal(signal.SIGHUP, "reload")["event"] == "reloaded"
