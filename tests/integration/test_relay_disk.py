"""A disk that fails under a real relay: nothing is acknowledged that is not on it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import OwnedMailbox
from tests.conftest import PROFILE
from tests.integration.test_relay_kills import live_until, prepared, settled
from tests.integration.test_relay_process import send
from tests.support.faulty_disk import FaultyDisk, faulty_disk
from tests.support.load import Load
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayProcess,
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
"""


def test_a_relay_that_does_not_wait_for_the_disk_is_noticed_in_a_power_cut(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    load = Load(random.Random(0))
    with pytest.raises(AssertionError):
        live_until_a_power_cut(tmp_path, disk, load, 1.0, DOES_NOT_WAIT_FOR_THE_DISK)
