"""A disk that fails under a real PostgreSQL server: what relays have answered is on it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from tests.conftest import PROFILE
from tests.integration.test_relay_full_disk import deposit_stubbornly
from tests.integration.test_relay_kills import live_until, prepared, settled
from tests.integration.test_relay_process import collected, mailbox, send, stop
from tests.support import postgres
from tests.support.faulty_disk import ALL, FaultyDisk, faulty_disk
from tests.support.load import Load
from tests.support.relays import RelayProcess, Request, collection, envelope, relay_process

POWER_CUTS = 40 if PROFILE == "nightly" else 1


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """Run a server that the fixture after this one will start again."""
    with postgres.server() as running:
        running.stop()
        yield running


@pytest.fixture
def disk(own_server: postgres.Server) -> Iterator[FaultyDisk]:
    with faulty_disk(own_server.folder) as made:
        own_server.start(made.environment)
        yield made


def test_after_a_failed_sync_the_server_recovers_what_was_answered_and_the_relay_goes_on(
    tmp_path: Path, own_server: postgres.Server, disk: FaultyDisk
) -> None:
    with relay_process(tmp_path, postgres=own_server.place()) as relay:
        owned = mailbox(relay)
        texts = [f"{number}" for number in range(9)]
        for number, text in enumerate(texts):
            if number % 3 == 1:
                disk.fail_syncs(1)
            deposit_stubbornly(relay, owned, text)
        assert disk.failed == 3
        found = collected(relay.port, owned)
        assert list(found) == [envelope(text) for text in texts]
        assert list(found.values()) == list(range(1, 10))
        assert stop(relay) == 0
    assert "Traceback" not in relay.log.read_text()


ANSWERS_BEFORE_THE_DISK = """
from e2etherapy.relay.postgres import connection, store
connection.SESSION["synchronous_commit"] = "off"
async def nothing(_): ...
store.check_server = nothing
"""


def live_until_a_power_cut(
    folder: Path, server: postgres.Server, disk: FaultyDisk, load: Load, sabotage: str = ""
) -> None:
    async def until_it_is_dark(relay: RelayProcess) -> None:
        await prepared(load, relay)
        life = await live_until(load, [relay.port])
        await asyncio.to_thread(server.stop)
        load.stopped = True
        await life

    disk.remember()
    with relay_process(folder, postgres=server.place(), sabotage=sabotage) as relay:
        asyncio.run(until_it_is_dark(relay))
        relay.process.kill()
    disk.cut_the_power(load.chance)
    server.start()
    with relay_process(folder, postgres=server.place()) as again:
        asyncio.run(settled(load, again.port))


@pytest.mark.parametrize("round_", range(POWER_CUTS))
def test_a_power_cut_takes_nothing_that_was_answered(
    tmp_path: Path, own_server: postgres.Server, disk: FaultyDisk, round_: int
) -> None:
    live_until_a_power_cut(tmp_path, own_server, disk, Load(random.Random(round_)))


@pytest.mark.nightly
def test_a_relay_that_does_not_wait_for_the_disk_is_noticed_in_a_power_cut(
    tmp_path: Path, own_server: postgres.Server, disk: FaultyDisk
) -> None:
    load = Load(random.Random(0))
    with pytest.raises(AssertionError):
        live_until_a_power_cut(tmp_path, own_server, disk, load, ANSWERS_BEFORE_THE_DISK)


def test_what_cannot_be_read_is_a_fault_and_never_an_empty_mailbox(
    tmp_path: Path, own_server: postgres.Server, disk: FaultyDisk
) -> None:
    with relay_process(tmp_path, postgres=own_server.place()) as relay:
        owned = mailbox(relay)
        deposit_stubbornly(relay, owned, *(f"{number}" for number in range(10)))
        own_server.stop()
        own_server.start(disk.environment)  # with nothing in memory
        certain(relay, Request("GET", "/v1/health"))
        disk.fail_reads(ALL)
        assert send(relay.port, collection(owned))[0] in {500, 503}
        disk.fail_reads(0)
        assert len(api.unpack_page(certain(relay, collection(owned)))) == 10


def certain(relay: RelayProcess, request: Request) -> bytes:
    """Ask until there is another answer than "not now"."""
    while (answer := send(relay.port, request))[0] == 503:
        pass
    assert answer[0] == 200
    return answer[1]
