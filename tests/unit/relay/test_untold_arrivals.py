"""Arrivals that another relay did not tell of: whoever waits finds them by looking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.postgres.arrivals import Herald
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Busy
from e2etherapy.relay.waiting import Seat
from tests.support.arrival_streams import BEAT, watch
from tests.support.postgres import Server
from tests.support.relays import RelayAt, acknowledgement, deposit, envelope, relay, wait


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[RelayAt]:
    async with relay(tmp_path) as running:
        yield running


@dataclass
class Untold:
    """Mailboxes whose arrivals nobody tells of, as if another relay had died after its commit."""

    mailboxes: set[MailboxId]
    looks: int = 0


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> Untold:
    """Have a store that may miss arrivals, and looks every 50 milliseconds because of it."""
    made, tell, arrived = Untold(set()), Seat.tell, SqliteStore.arrived

    def tell_of_others(seat: Seat, mailbox: MailboxId) -> None:
        if mailbox not in made.mailboxes:
            tell(seat, mailbox)

    async def count(store: SqliteStore, waits: Sequence[tuple[MailboxId, int]]) -> list[int]:
        made.looks += 1
        return await arrived(store, waits)

    monkeypatch.setattr(SqliteStore, "may_miss_arrivals", True)
    monkeypatch.setattr(SqliteStore, "arrived", count)
    monkeypatch.setattr(Seat, "tell", tell_of_others)
    monkeypatch.setattr("e2etherapy.relay.arrivals.LOOK_SECONDS", 0.05)
    return made


async def test_a_stream_finds_by_itself_what_nobody_told_of(at: RelayAt, untold: Untold) -> None:
    empty, owned = await at.mailbox(), await at.mailbox()
    untold.mailboxes.add(owned.owner_key.mailbox())
    async with watch(at, (empty, 0), (owned, 0)) as reader:
        assert await reader.event() == []
        await at.send(deposit(owned, envelope("untold")))
        assert await reader.event() == [1]
        # Nobody knows whether that was read: it is told with each look until it is collected.
        assert await reader.event() == [1]
        await at.send(acknowledgement(owned, 1))
        while await reader.chunk() != BEAT:
            pass
        await at.send(deposit(owned, envelope("untold as well")))
        assert await reader.event() == [1]


async def test_arrivals_that_are_told_of_do_not_put_off_the_look(
    at: RelayAt, untold: Untold
) -> None:
    busy, owned = await at.mailbox(), await at.mailbox()
    untold.mailboxes.add(owned.owner_key.mailbox())
    async with watch(at, (busy, 0), (owned, 0)) as reader:
        assert await reader.event() == []
        await at.send(deposit(owned, envelope("untold")))
        found, number = list[int](), 0
        while 1 not in found:
            await at.send(deposit(busy, envelope(f"number {number}")))
            found, number = await reader.event(), number + 1


@pytest.mark.usefixtures("untold")
async def test_a_stream_whose_look_fails_ends(at: RelayAt, monkeypatch: pytest.MonkeyPatch) -> None:
    owned = await at.mailbox()

    async def away(*_arguments: object) -> list[int]:
        raise Busy("The database does not answer now.")

    async with watch(at, (owned, 0)) as reader:
        assert await reader.event() == []
        monkeypatch.setattr(SqliteStore, "arrived", away)
        assert (await reader.stream.read()).endswith(b"0\r\n\r\n")


@pytest.mark.usefixtures("untold")
async def test_streams_that_begin_together_do_not_look_together(
    at: RelayAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("e2etherapy.relay.arrivals.LOOK_SECONDS", 10_000.0)
    monkeypatch.setattr("e2etherapy.relay.arrivals.system_entropy", bytes)
    owned = await at.mailbox()
    async with watch(at, (owned, 0)) as soon:
        assert await soon.event() == []
        assert await soon.chunk() == BEAT  # after its first look, which found nothing
        monkeypatch.setattr("e2etherapy.relay.arrivals.system_entropy", lambda size: b"\xff" * size)
        async with watch(at, (owned, 0)) as late:
            assert await late.event() == []
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await late.chunk()


async def test_where_no_arrival_can_be_missed_a_stream_looks_once(
    tmp_path: Path, untold: Untold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqliteStore, "may_miss_arrivals", False)
    async with relay(tmp_path, limits=Limits(heartbeat_seconds=0.02, stream_seconds=0.3)) as at:
        owned = await at.mailbox()
        async with watch(at, (owned, 0)) as reader:
            assert await reader.event() == []
            await reader.stream.read()
    assert untold.looks == 1


async def test_a_wait_finds_at_its_end_what_nobody_told_of(
    at: RelayAt, untold: Untold, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, owned = await at.mailbox(), await at.mailbox()
    untold.mailboxes.add(owned.owner_key.mailbox())
    arrived = SqliteStore.arrived

    async def just_before(store: SqliteStore, waits: Sequence[tuple[MailboxId, int]]) -> list[int]:
        found = await arrived(store, waits)
        if untold.looks == 1:
            await at.send(deposit(owned, envelope("untold")))
        return found

    monkeypatch.setattr(SqliteStore, "arrived", just_before)
    answer = await at.send(wait((empty, 0), (owned, 0), seconds=0.05))
    assert answer.json == {"arrived": [1]}


@pytest.mark.parametrize(
    ("may_miss", "seconds", "looks"), [(True, 0, 1), (True, 0.01, 2), (False, 0.01, 1)]
)
async def test_a_wait_looks_no_more_often_than_it_must(
    at: RelayAt,
    untold: Untold,
    monkeypatch: pytest.MonkeyPatch,
    may_miss: bool,
    seconds: float,
    looks: int,
) -> None:
    monkeypatch.setattr(SqliteStore, "may_miss_arrivals", may_miss)
    owned = await at.mailbox()
    assert (await at.send(wait((owned, 0), seconds=seconds))).json == {"arrived": []}
    assert untold.looks == looks


async def test_what_a_node_stored_that_died_before_it_told_is_found_at_another(
    tmp_path: Path, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Herald, "announce", lambda _herald, _mailboxes: None)
    monkeypatch.setattr("e2etherapy.relay.arrivals.LOOK_SECONDS", 0.05)
    place = await postgres_server.new_database()
    async with relay(tmp_path, postgres=place) as dying, relay(tmp_path, postgres=place) as at:
        owned = await at.mailbox()
        async with watch(at, (owned, 0)) as reader:
            assert await reader.event() == []
            await dying.send(deposit(owned, envelope("untold")))
            assert await reader.event() == [0]
