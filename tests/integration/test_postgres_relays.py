"""Relay processes over a real PostgreSQL: two at once, killed ones, a database that goes away."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import OwnedMailbox
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.wire import base64url
from tests.conftest import PROFILE
from tests.integration.test_relay_process import (
    FORBIDDEN_LIBRARIES,
    collected,
    deposit_until_it_breaks,
    mailbox,
    send,
    stop,
)
from tests.support import postgres
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayProcess,
    Request,
    acknowledgement,
    collection,
    deposit,
    draw,
    envelope,
    relay_process,
    wait,
)

KILLS = 20 if PROFILE == "nightly" else 3


@pytest.fixture
def place(postgres_server: postgres.Server) -> PostgresDatabase:
    return asyncio.run(postgres_server.new_database())


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "first", tmp_path / "second"]
    for folder in made:
        folder.mkdir()
    return made


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


def test_a_deposit_at_one_relay_wakes_whoever_waits_at_another(
    folders: list[Path], place: PostgresDatabase
) -> None:
    with (
        relay_process(folders[0], postgres=place) as first,
        relay_process(folders[1], postgres=place) as second,
    ):
        owned = mailbox(first)
        answers: list[tuple[int, bytes]] = []
        waiting = threading.Thread(
            target=lambda: answers.append(send(second.port, wait((owned, 0), seconds=55)))
        )
        waiting.start()
        # A wait that begins later and ends at once: the first one has taken its seat by then.
        send(second.port, wait((owned, 0), seconds=0.05))
        assert send(first.port, deposit(owned, envelope("a")))[0] == 204
        waiting.join(PATIENCE_SECONDS)
        assert not waiting.is_alive()
        assert [json.loads(body) for _, body in answers] == [{"arrived": [0]}]
        assert send(second.port, acknowledgement(owned, 1))[0] == 204
        assert collected(first.port, owned) == {}
        assert [stop(first), stop(second)] == [0, 0]
    for folder in folders:
        written = (folder / "relay.log").read_text()
        events = [json.loads(line)["event"] for line in written.splitlines()]
        assert events == ["started", "expired", "stopping", "stopped"]


def test_a_relay_on_postgresql_loads_nothing_that_could_open_an_envelope(
    tmp_path: Path, place: PostgresDatabase
) -> None:
    with relay_process(tmp_path, postgres=place) as relay:
        owned = mailbox(relay)
        assert send(relay.port, deposit(owned, envelope("a")))[0] == 204
        maps = Path(f"/proc/{relay.process.pid}/maps").read_text()
    libraries = {line.split("/", 1)[1].lower() for line in maps.splitlines() if "/" in line}
    assert any("asyncpg" in library for library in libraries)
    assert not [name for name in libraries if any(word in name for word in FORBIDDEN_LIBRARIES)]
    assert not (tmp_path / "relay.db").exists()


def test_the_servers_log_names_nobody_and_nothing(
    folders: list[Path], place: PostgresDatabase, postgres_server: postgres.Server
) -> None:
    with (
        relay_process(folders[0], postgres=place) as first,
        relay_process(folders[1], postgres=place) as second,
    ):
        owned = mailbox(first)
        for relay in (first, second):
            assert send(relay.port, deposit(owned, envelope("a")))[0] == 204
            assert send(relay.port, deposit(OwnedMailbox.generate(draw), envelope("a")))[0] == 404
        assert send(second.port, acknowledgement(owned, 1))[0] == 204
        stop(first)
        second.process.kill()
        second.process.wait(PATIENCE_SECONDS)
    written = postgres_server.log.read_text() + (folders[1] / "relay.log").read_text()
    assert "starting PostgreSQL" in written
    for name in (owned.owner_key.mailbox(), owned.deposit_key.hash(), owned.deposit_key):
        assert bytes(name).hex() not in written.lower()
        assert base64url.encode(name) not in written


@pytest.mark.parametrize("round_", range(KILLS))
def test_a_killed_node_has_lost_no_acknowledged_deposit(
    folders: list[Path], place: PostgresDatabase, round_: int
) -> None:
    with (
        relay_process(folders[0], postgres=place) as victim,
        relay_process(folders[1], postgres=place) as survivor,
    ):
        owned = mailbox(survivor)

        async def deposit_and_kill() -> list[bytes]:
            senders = [
                asyncio.create_task(deposit_until_it_breaks(victim.port, owned, f"{sender}"))
                for sender in range(4)
            ]
            async with asyncio.timeout(PATIENCE_SECONDS):
                # Kills in the middle of whatever happens after the first so many were stored.
                while len(await asyncio.to_thread(collected, survivor.port, owned)) < (
                    20 + 7 * round_
                ):
                    pass
                victim.process.kill()
                return [content for sent in await asyncio.gather(*senders) for content in sent]

        acknowledged = asyncio.run(deposit_and_kill())
        assert send(survivor.port, deposit(owned, envelope("afterwards")))[0] == 204
        kept = collected(survivor.port, owned)
    assert len(acknowledged) >= 15
    assert set(acknowledged) <= set(kept)
    assert sorted(kept.values()) == list(range(1, len(kept) + 1))


async def stubborn(relay: RelayProcess, owned: OwnedMailbox, texts: list[str]) -> list[int]:
    """Deposit each text until it is acknowledged; return the other answers."""
    refusals = []
    for text in texts:
        while True:
            status, body = await asyncio.to_thread(send, relay.port, deposit(owned, envelope(text)))
            if status == 204:
                break
            assert status == 503, body
            refusals.append(status)
    return refusals


EACH = 150
"""Enough that none of four senders is through when the server stops."""


def test_a_database_that_restarts_in_the_middle_loses_nothing_and_the_relay_goes_on(
    tmp_path: Path, own_server: postgres.Server
) -> None:
    with relay_process(tmp_path, postgres=own_server.place()) as relay:
        owned = mailbox(relay)

        async def deposit_through_a_crash() -> list[int]:
            texts = [[f"{sender} {number}" for number in range(EACH)] for sender in range(4)]
            senders = [asyncio.create_task(stubborn(relay, owned, part)) for part in texts]
            async with asyncio.timeout(2 * PATIENCE_SECONDS):
                while len(await asyncio.to_thread(collected, relay.port, owned)) < 20:
                    pass
                await asyncio.to_thread(own_server.stop)
                status, body = await asyncio.to_thread(send, relay.port, collection(owned))
                assert (status, json.loads(body)["title"]) == (503, "Busy")
                await asyncio.to_thread(own_server.start)
                return [refusal for part in await asyncio.gather(*senders) for refusal in part]

        refusals = asyncio.run(deposit_through_a_crash())
        kept = collected(relay.port, owned)
        assert sorted(kept.values()) == list(range(1, 4 * EACH + 1))
        assert refusals
        assert send(relay.port, Request("GET", "/v1/health"))[0] == 200
        assert stop(relay) == 0
    written = (tmp_path / "relay.log").read_text()
    assert "Traceback" not in written
    assert '"fault"' not in written


def test_a_relay_without_its_database_still_stops_in_order(
    tmp_path: Path, own_server: postgres.Server
) -> None:
    with relay_process(tmp_path, postgres=own_server.place()) as relay:
        owned = mailbox(relay)
        own_server.stop()
        assert send(relay.port, deposit(owned, envelope("a")))[0] == 503
        assert stop(relay) == 0
    own_server.start()
    assert "stopped" in (tmp_path / "relay.log").read_text()


def test_whoever_waits_while_the_database_restarts_is_told_of_what_came(
    tmp_path: Path, own_server: postgres.Server
) -> None:
    with relay_process(tmp_path, postgres=own_server.place()) as relay:
        owned = mailbox(relay)
        own_server.stop()
        status, _ = send(relay.port, wait((owned, 0), seconds=55))
        assert status == 503
        own_server.start()
        answers: list[tuple[int, bytes]] = []

        def wait_stubbornly() -> None:
            while not answers or answers[-1][0] == 503:
                answers.append(send(relay.port, wait((owned, 0), seconds=55)))

        waiting = threading.Thread(target=wait_stubbornly)
        waiting.start()
        asyncio.run(stubborn(relay, owned, ["a"]))
        waiting.join(PATIENCE_SECONDS)
        assert not waiting.is_alive()
        assert json.loads(answers[-1][1]) == {"arrived": [0]}
        assert stop(relay, signal.SIGINT) == 0
