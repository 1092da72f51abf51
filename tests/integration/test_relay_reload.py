"""SIGHUP: a new certificate and new limits, and no connection is dropped."""

from __future__ import annotations

import http.client
import signal
import socket
from contextlib import ExitStack, closing
from pathlib import Path

from e2etherapy.mailbox.capabilities import OwnedMailbox
from tests.support.certificates import certificate
from tests.support.operated import Operated, ask, operated, shake_hands, wait_for
from tests.support.relays import PATIENCE_SECONDS, deposit, draw, envelope

PATIENT = "body_grace_seconds = 30"
TLS = "tls_certificate = '{0}/chain.pem'\ntls_key = '{0}/key.pem'\n"


def test_new_handshakes_see_the_new_certificate_and_old_connections_go_on(tmp_path: Path) -> None:
    certificate(tmp_path)
    with operated(tmp_path, TLS.format(tmp_path)) as relay, shake_hands(relay.port) as old:
        first = old.getpeercert(binary_form=True)
        certificate(tmp_path)
        assert relay.signal(signal.SIGHUP, "reload")["event"] == "reloaded"
        assert ask(old) == 200
        with shake_hands(relay.port) as new:
            assert new.getpeercert(binary_form=True) not in {None, first}
            assert ask(new) == 200
        assert ask(old) == 200


def test_a_certificate_that_cannot_be_used_is_refused_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    certificate(tmp_path)
    with operated(tmp_path, TLS.format(tmp_path)) as relay:
        with shake_hands(relay.port) as line:
            first = line.getpeercert(binary_form=True)
        chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
        own_key, own_chain = key.read_bytes(), chain.read_bytes()
        certificate(tmp_path)
        other_chain, other_key = chain.read_bytes(), key.read_bytes()
        certificate(tmp_path, days=(-9, -1))
        expired = chain.read_bytes(), key.read_bytes()
        certificate(tmp_path, days=(1, 9))
        early = chain.read_bytes(), key.read_bytes()
        broken = [(b"no PEM", own_key), (other_chain, own_key), (own_chain, other_key)]
        refused = [
            *((pair, "are readable PEM and belong together.") for pair in broken),
            (expired, "The certificate has expired."),
            (early, "The certificate is not valid yet."),
        ]
        for pair, reason in refused:
            chain.write_bytes(pair[0])
            key.write_bytes(pair[1])
            told = relay.signal(signal.SIGHUP, "reload")
            assert (told["event"], told["setting"]) == ("reload refused", "tls_certificate")
            assert told["reason"].endswith(reason)
            with shake_hands(relay.port) as line:
                assert line.getpeercert(binary_form=True) == first
                assert ask(line) == 200


def test_new_limits_hold_for_new_connections_only(tmp_path: Path) -> None:
    with operated(tmp_path, "connections = 100\n") as relay:
        lines = [
            socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS) for _ in range(20)
        ]
        assert [ask(line) for line in lines] == [200] * 20
        (tmp_path / "relay.toml").write_text("connections = 16\n")
        assert relay.signal(signal.SIGHUP, "reload")["event"] == "reloaded"
        assert [ask(line) for line in lines] == [200] * 20
        with closing(http.client.HTTPConnection("127.0.0.1", relay.port)) as more:
            try:
                more.request("GET", "/v1/health")
                refused = more.getresponse().status != 200
            except (ConnectionError, http.client.HTTPException):
                refused = True
        assert refused
        for line in lines:
            line.close()


def test_bodies_on_their_way_get_another_room(tmp_path: Path) -> None:
    def asked_for_room(relay: Operated) -> int:
        """Announce a body that does not come with its head, and return the answer's status."""
        with socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS) as line:
            line.sendall(whole[:-1])
            line.settimeout(PATIENCE_SECONDS)
            line.sendall(whole[-1:])
            return int(line.recv(64).split()[1])

    whole = deposit(OwnedMailbox.generate(draw), envelope("a")).encode()
    with operated(tmp_path, "body_bytes = 1_048_576\n" + PATIENT) as relay, ExitStack() as stack:
        for _ in range(1_048_576 // 16_384):
            line = socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS)
            stack.enter_context(line).sendall(whole[:-1])
        wait_for(lambda: asked_for_room(relay) == 503)
        (tmp_path / "relay.toml").write_text("body_bytes = 2_097_152\n" + PATIENT)
        assert relay.signal(signal.SIGHUP, "reload")["event"] == "reloaded"
        assert asked_for_room(relay) == 404
        (tmp_path / "relay.toml").write_text("body_bytes = 1_048_576\n" + PATIENT)
        assert relay.signal(signal.SIGHUP, "reload")["event"] == "reloaded"
        wait_for(lambda: asked_for_room(relay) == 503)


def test_a_configuration_that_is_wrong_changes_nothing_and_is_named(tmp_path: Path) -> None:
    with operated(tmp_path, "connections = 100\n") as relay:
        for text, setting, reason in [
            ("connections = 1", "connections", "It is to be from 16 to 1000000."),
            ("nonsense = 1", None, "Something is set that is no setting of a relay."),
            ("waits = 9\nwaited_mailboxes = 128\nwaits = = 2", None, "The file is not TOML (at"),
        ]:
            (tmp_path / "relay.toml").write_text(text)
            told = relay.signal(signal.SIGHUP, "reload")
            assert (told["event"], told["setting"]) == ("reload refused", setting)
            assert told["reason"].startswith(reason)
        lines = [
            socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS) for _ in range(20)
        ]
        assert [ask(line) for line in lines] == [200] * 20
        for line in lines:
            line.close()


def test_what_waits_for_a_restart_is_said(tmp_path: Path) -> None:
    with operated(tmp_path) as relay:
        (tmp_path / "relay.toml").write_text(
            "stop_seconds = 20\nbehind_proxy = true\npace_cells = 1024\nwaits = 5"
        )
        told = relay.signal(signal.SIGHUP, "reloaded")
        assert told["restart"] == ["behind_proxy", "stop_seconds", "pace_cells"]
        (tmp_path / "relay.toml").unlink()
        told = relay.signal(signal.SIGHUP, "reload refused")
        assert told["reason"] == "The file cannot be read (No such file or directory)."
        written = (tmp_path / "relay.log").read_text()
        assert str(tmp_path) not in written
