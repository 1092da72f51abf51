"""A disk that fails under a real relay: nothing is acknowledged that is not on it."""

from __future__ import annotations

import asyncio
import errno
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import OwnedMailbox
from tests.conftest import PROFILE
from tests.integration.test_relay_kills import live_until, prepared, settled
from tests.integration.test_relay_process import collected, mailbox, send, stop
from tests.support.faulty_disk import ALL, FaultyDisk, faulty_disk
from tests.support.load import Load
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayProcess,
    acknowledgement,
    collection,
    deposit,
    envelope,
    relay_process,
)

POWER_CUTS = 60 if PROFILE == "nightly" else 4


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FaultyDisk]:
    with faulty_disk(tmp_path) as made:
        yield made


def kill(relay: RelayProcess) -> None:
    relay.process.kill()
    relay.process.wait(PATIENCE_SECONDS)


def deposits(port: int, owned: OwnedMailbox, *texts: str) -> list[int]:
    return [send(port, deposit(owned, envelope(text)))[0] for text in texts]


def live_until_a_power_cut(
    folder: Path, disk: FaultyDisk, load: Load, likelihood: float, sabotage: str = ""
) -> int:
    """Cut the power in the middle of everything, start again, and settle; return the pages lost."""

    async def until_it_is_dark(relay: RelayProcess) -> None:
        await prepared(load, relay)
        life = await live_until(load, [relay.port])
        kill(relay)
        await life

    disk.remember()
    with relay_process(folder, environment=disk.environment, sabotage=sabotage) as relay:
        asyncio.run(until_it_is_dark(relay))
    lost = disk.cut_the_power(load.chance, likelihood)
    with relay_process(folder) as again:
        asyncio.run(settled(load, again.port))
    return lost


@pytest.mark.parametrize("round_", range(POWER_CUTS))
def test_a_power_cut_takes_nothing_that_was_answered(
    tmp_path: Path, disk: FaultyDisk, round_: int
) -> None:
    load = Load(random.Random(round_))
    live_until_a_power_cut(tmp_path, disk, load, likelihood=1.0 if round_ % 2 else 0.5)


DOES_NOT_WAIT_FOR_THE_DISK = """
from e2etherapy.relay.sqlite import connection
connection.PRAGMAS = tuple(text.replace("FULL", "NORMAL") for text in connection.PRAGMAS)
from e2etherapy.relay.sqlite import checkpoints
checkpoints.CHANGES_BETWEEN = 1_000_000  # each of them waits for the disk
"""


def test_a_relay_that_does_not_wait_for_the_disk_is_noticed_in_a_power_cut(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    load = Load(random.Random(0))
    with pytest.raises(AssertionError):
        live_until_a_power_cut(tmp_path, disk, load, 1.0, DOES_NOT_WAIT_FOR_THE_DISK)


DOES_NOT_TIDY_UP = """
from e2etherapy.relay import server
async def nothing(*_): ...
server.maintain = nothing
"""


@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "is started again"])
def test_after_a_failed_sync_nothing_is_answered_that_a_power_cut_can_take(
    tmp_path: Path, disk: FaultyDisk, dies: bool
) -> None:
    disk.remember()
    with ExitStack() as stack:

        def started() -> RelayProcess:
            return stack.enter_context(
                relay_process(tmp_path, environment=disk.environment, sabotage=DOES_NOT_TIDY_UP)
            )

        relay = started()
        owned = mailbox(relay)
        assert deposits(relay.port, owned, "before") == [204]
        disk.fail_syncs(1)
        assert deposits(relay.port, owned, "meanwhile") == [500]
        if dies:
            kill(relay)
            relay = started()
        # What was refused is not on disk, although the system still shows it to whoever reads.
        assert deposits(relay.port, owned, "after 1", "after 2") == [204, 204]
        kill(relay)
    disk.cut_the_power(random.Random(0))
    with relay_process(tmp_path) as again:
        kept = collected(again.port, owned)
        texts = ["before", "meanwhile", "after 1", "after 2"]
        found = [text for text in texts if envelope(text) in kept]
        assert set(found) >= {"before", "after 1", "after 2"}
        assert sorted(kept.values()) == list(range(1, len(found) + 1))


def test_while_no_sync_succeeds_nothing_is_answered_and_then_everything_is(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    with relay_process(tmp_path, environment=disk.environment) as relay:
        owned = mailbox(relay)
        assert deposits(relay.port, owned, "a") == [204]
        disk.fail_syncs(ALL)
        assert deposits(relay.port, owned, "b", "c") == [500, 500]
        assert send(relay.port, acknowledgement(owned, 1))[0] == 500
        assert collected(relay.port, owned) == {envelope("a"): 1}
        disk.fail_syncs(0)
        assert deposits(relay.port, owned, "b", "c", "a") == [204] * 3
        assert list(collected(relay.port, owned).values()) == [1, 2, 3]
        assert stop(relay) == 0
    assert "Traceback" not in relay.log.read_text()


def test_a_relay_whose_disk_does_not_sync_does_not_start(tmp_path: Path, disk: FaultyDisk) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        assert deposits(relay.port, owned, "a") == [204]
        kill(relay)
    disk.fail_syncs(ALL)
    with (
        pytest.raises(AssertionError, match="cannot be opened"),
        relay_process(tmp_path, environment=disk.environment),
    ):
        pass
    assert "Traceback" not in (tmp_path / "relay.log").read_text()
    with relay_process(tmp_path) as again:
        assert list(collected(again.port, owned)) == [envelope("a")]


@pytest.mark.parametrize("error", [errno.EROFS, errno.EIO, errno.ENOSPC])
def test_what_cannot_be_written_is_refused_and_nothing_is_lost(
    tmp_path: Path, disk: FaultyDisk, error: int
) -> None:
    with relay_process(tmp_path, environment=disk.environment) as relay:
        owned = mailbox(relay)
        assert deposits(relay.port, owned, "a") == [204]
        disk.fail_writes(ALL, error)
        assert deposits(relay.port, owned, "b") == [507]
        assert list(collected(relay.port, owned)) == [envelope("a")]
        disk.fail_writes(0)
        assert deposits(relay.port, owned, "b") == [204]
        assert list(collected(relay.port, owned).values()) == [1, 2]
        assert disk.failed


def test_what_cannot_be_read_is_a_fault_and_never_an_empty_mailbox(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    with relay_process(tmp_path) as relay:
        owned = mailbox(relay)
        texts = [f"{number}" for number in range(40)]
        assert set(deposits(relay.port, owned, *texts)) == {204}
        assert stop(relay) == 0
    with relay_process(tmp_path, environment=disk.environment) as relay:
        disk.fail_reads(ALL)
        answers = [send(relay.port, collection(owned))[0] for _ in range(3)]
        assert answers == [500] * 3
        assert deposits(relay.port, owned, "new") == [500]
        disk.fail_reads(0)
        assert list(collected(relay.port, owned).values()) == list(range(1, 41))
        assert deposits(relay.port, owned, "new") == [204]
        assert collected(relay.port, owned)[envelope("new")] == 41
