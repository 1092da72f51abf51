"""A disk that takes nothing more undoes the last step alone."""

from __future__ import annotations

import hashlib
import resource
from pathlib import Path

import pytest

from tests.support.command_line import Pair, holdings, on_a_small_disk
from tests.support.refusals import refused

NO_ROOM = {
    "code": "disk_full",
    "exit": 18,
    "message": "The disk has no room for the vault: it is full, or a limit on what this account "
    "may use is reached. The last step was undone; nothing before it was lost. Free some space and "
    "try again.",
}


@pytest.fixture(scope="module")
def pair(pair: Pair) -> Pair:
    pair.client.ask("send", "Dr. Okafor", "before")
    return pair


def test_a_limit_on_what_the_disk_takes_is_a_lack_of_room(pair: Pair, tmp_path: Path) -> None:
    """SQLite reports it as a disk that failed."""
    before = holdings(pair.client)
    size = (pair.client.home / "vault.db").stat().st_size

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    letter = tmp_path / "letter.bin"
    letter.write_bytes(bytes(2_000_000))
    outcome = pair.client.run(
        "send", "Dr. Okafor", "--attach", str(letter), "--json", prepare=no_room
    )
    assert outcome.code == 18
    assert outcome.failure == NO_ROOM
    assert holdings(pair.client) == before
    assert pair.client.ask("journal", "verify")["books"]
    assert not (pair.client.home / "vault.room").exists()


def test_reading_works_where_nothing_can_be_written(own_pair: Pair) -> None:
    """Not even the index of SQLite's log, of 32 KiB, can be made."""
    two = own_pair
    two.therapist.ask("send", "Robin", "hello there")
    two.client.ask("sync")

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))

    for reading in (("read", "Dr. Okafor"), ("search", "hello")):
        outcome = two.client.run(*reading, prepare=no_room)
        assert outcome.code == 0, outcome.errors
        assert "hello there" in outcome.text
    assert "shown as new again" in two.client.run("read", "Dr. Okafor", prepare=no_room).errors
    assert two.client.ask("conversations")[0]["unread"] == 1
    examined = two.client.run("doctor", "--json", prepare=no_room)
    assert examined.code == 41
    assert [check["name"] for check in examined.data["checks"] if not check["ok"]] == ["disk"]
    assert two.client.run("journal", "verify", prepare=no_room).code == 0
    refused(two.client.run("send", "Dr. Okafor", "hello", prepare=no_room), 18)


# A small disk of its own takes a mount, which not every machine lets its users have.
@pytest.mark.nightly
@pytest.mark.parametrize("left", [0, 4_096, 300_000, 1_000_000])
def test_a_disk_that_is_full(pair: Pair, tmp_path: Path, left: int) -> None:
    """The system's own ENOSPC, when the vault is opened and at later writes."""
    letter = tmp_path / "letter.bin"
    letter.write_bytes(bytes(2_000_000))
    outcome, checked = on_a_small_disk(
        pair.client, left, ("send", "Dr. Okafor", "--attach", str(letter), "--json")
    )
    assert outcome.code == 18
    assert outcome.failure == NO_ROOM
    assert checked.code == 0, checked.errors


def test_an_export_that_the_disk_does_not_take_leaves_no_file(pair: Pair, tmp_path: Path) -> None:
    noise = hashlib.shake_256(b"noise").hexdigest(100_000)
    pair.client.ask("journal", "write", "-", stdin=noise.encode())

    def no_room() -> None:
        # Enough for opening the vault, too little for the export.
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    refused(pair.client.run("journal", "export", str(tmp_path / "record.zip"), prepare=no_room), 18)
    assert list(tmp_path.iterdir()) == []
