"""A disk without room, and one that may only be read, under real relays and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import OwnedMailbox
from e2etherapy.relay.limits import STANDARD
from tests.integration.test_relay_disk import deposits, kill
from tests.integration.test_relay_process import collected, mailbox, send, stop
from tests.support import postgres
from tests.support.relays import RelayProcess, acknowledgement, deposit, envelope, relay_process
from tests.support.small_disk import fill, make_read_only, small_disk

TO_THE_LAST_BYTE = replace(STANDARD, disk_reserve_bytes=0)
"""As where something else on the disk has used the reserve up."""
ENOUGH = 400
"""Deposits, of which no disk of these tests holds so many."""


@pytest.fixture
def place() -> Iterator[Path]:
    with small_disk(kibibytes=3_072) as made:
        yield made


def deposit_until_full(relay: RelayProcess, owned: OwnedMailbox, label: str) -> tuple[int, int]:
    """Return how many were answered, and what the next one was answered."""
    for number in range(ENOUGH):
        status, _ = send(relay.port, deposit(owned, envelope(f"{label} {number}")))
        if status != 204:
            return number, status
    raise AssertionError("The disk is not full.")


def test_a_full_disk_is_said_and_room_lets_it_go_on(place: Path) -> None:
    (place / "ballast").write_bytes(bytes(1_572_864))
    with relay_process(place, limits=TO_THE_LAST_BYTE) as relay:
        owned = mailbox(relay)
        kept, status = deposit_until_full(relay, owned, "a")
        assert status == 507
        assert list(collected(relay.port, owned).values()) == list(range(1, kept + 1))
        (place / "ballast").unlink()
        assert deposits(relay.port, owned, f"a {kept}", f"a {kept}", "b") == [204] * 3
        assert send(relay.port, acknowledgement(owned, kept))[0] == 204
        assert collected(relay.port, owned) == {
            envelope(f"a {kept}"): kept + 1,
            envelope("b"): kept + 2,
        }
        assert stop(relay) == 0
    assert "Traceback" not in relay.log.read_text()
    assert '"disk full"' in relay.log.read_text()


def test_a_relay_starts_on_a_full_disk_and_gives_out_what_it_has(place: Path) -> None:
    (place / "ballast").write_bytes(bytes(1_572_864))
    with relay_process(place, limits=TO_THE_LAST_BYTE) as relay:
        owned = mailbox(relay)
        kept, status = deposit_until_full(relay, owned, "a")
        assert (status, kept > 20) == (507, True)
        kill(relay)
    fill(place, leave=0, name="more ballast")
    with relay_process(place, limits=TO_THE_LAST_BYTE) as again:
        assert len(collected(again.port, owned)) == kept
        # What SQLite frees when it opens its files may be enough for a few more.
        more, status = deposit_until_full(again, owned, "b")
        assert status == 507
        assert send(again.port, acknowledgement(owned, kept))[0] == 507
        assert list(collected(again.port, owned).values()) == list(range(1, kept + more + 1))
        (place / "ballast").unlink()
        assert send(again.port, acknowledgement(owned, kept + more))[0] == 204
        assert deposits(again.port, owned, "c") == [204]
        assert collected(again.port, owned) == {envelope("c"): kept + more + 1}
        assert stop(again) == 0


def test_a_full_mailbox_is_emptied_where_there_is_hardly_any_room() -> None:
    """What is deleted is overwritten, in the log first: 400 envelopes are more than the room."""
    with (
        small_disk(kibibytes=16_384) as room,
        relay_process(room, limits=TO_THE_LAST_BYTE) as relay,
    ):
        owned = mailbox(relay)
        assert deposits(relay.port, owned, *(f"a {number}" for number in range(400))) == [204] * 400
        assert stop(relay) == 0
        fill(room, leave=600_000)
        with relay_process(room, limits=TO_THE_LAST_BYTE) as again:
            assert send(again.port, acknowledgement(owned, 400))[0] == 204
            assert collected(again.port, owned) == {}
            assert deposits(again.port, owned, "b") == [204]
            assert collected(again.port, owned) == {envelope("b"): 401}


def test_a_database_that_may_only_be_read_is_refused_in_a_sentence_and_untouched(
    tmp_path: Path, place: Path
) -> None:
    (tmp_path / "relay.db").symlink_to(place / "relay.db")
    with relay_process(tmp_path, limits=TO_THE_LAST_BYTE) as relay:
        owned = mailbox(relay)
        assert deposits(relay.port, owned, "a") == [204]
        assert stop(relay) == 0
    before = (place / "relay.db").read_bytes()
    make_read_only(place)
    with pytest.raises(AssertionError, match="cannot be opened"), relay_process(tmp_path):
        pass
    assert "Traceback" not in relay.log.read_text()
    assert (place / "relay.db").read_bytes() == before


def test_a_database_server_without_room_has_kept_what_was_answered(tmp_path: Path) -> None:
    with small_disk(kibibytes=131_072) as room, postgres.server(room) as server:
        with relay_process(tmp_path, postgres=server.place()) as relay:
            owned = mailbox(relay)
            ballast = fill(room, leave=2_097_152)
            kept, status = deposit_until_full(relay, owned, "a")
            # No room for a table is said; without room for its own log the server stops.
            assert status in {503, 507}
            ballast.unlink()
            server.start_unless_running()
            deposit_stubbornly(relay, owned, f"a {kept}")
            found = collected(relay.port, owned)
            assert list(found) == [envelope(f"a {number}") for number in range(kept + 1)]
            assert list(found.values()) == list(range(1, kept + 2))
            assert stop(relay) == 0
        assert "Traceback" not in relay.log.read_text()


def deposit_stubbornly(relay: RelayProcess, owned: OwnedMailbox, *texts: str) -> None:
    """Deposit until it is answered so."""
    for text in texts:
        while (status := send(relay.port, deposit(owned, envelope(text)))[0]) != 204:
            assert status in {503, 507}
