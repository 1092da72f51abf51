"""What is PostgreSQL's own about the store: versions, groups, what it runs on, its errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.mailbox.capabilities import AllowanceHash, DepositKeyHash, MailboxId, TicketHash
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.group import MAX_PENDING, MAX_PENDING_DEPOSITS
from e2etherapy.relay.postgres.connection import SESSION, setup_connection
from e2etherapy.relay.postgres.deposits import MAX_GROUP
from e2etherapy.relay.postgres.schema import PARTITIONS
from e2etherapy.relay.postgres.server_settings import check_server
from e2etherapy.relay.postgres.store import PostgresStore
from e2etherapy.relay.store import Busy, Deposit, DiskFull
from tests.support.postgres import Server
from tests.support.relays import TODAY, draw, envelope

MAILBOX = MailboxId(b"\x01" * 32)
KEY_HASH = DepositKeyHash(b"\x02" * 32)


def a_deposit(text: str) -> Deposit:
    content = envelope(text)
    return Deposit(MAILBOX, KEY_HASH, sha256(content), content, TODAY)


async def rows(place: PostgresDatabase, statement: str) -> list[tuple[object, ...]]:
    """Ask as anybody else does who may read the database."""
    connection = await asyncpg.connect(place.url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def positions(store: PostgresStore) -> list[int]:
    return [item.position for item in await store.collect(MAILBOX, 0, 64)]


@pytest.fixture
async def place(postgres_server: Server) -> PostgresDatabase:
    return await postgres_server.empty_relay()


@pytest.fixture
async def store(place: PostgresDatabase) -> AsyncIterator[PostgresStore]:
    opened = await PostgresStore.open(place)
    ticket, allowance = TicketHash(draw(32)), AllowanceHash(draw(32))
    await opened.grant(allowance, 1)
    await opened.issue(allowance, [ticket])
    await opened.create_mailbox(MAILBOX, KEY_HASH, ticket)
    yield opened
    await opened.close()


# Groups


async def test_deposits_that_wait_together_share_a_transaction(
    store: PostgresStore, place: PostgresDatabase
) -> None:
    deposits = [a_deposit(f"{number}") for number in range(3 * MAX_GROUP)]
    await asyncio.gather(*(store.deposit(deposit) for deposit in deposits))
    transactions = "SELECT count(DISTINCT xmin::text) FROM envelope"
    assert await rows(place, transactions) == [(3,)]


async def test_a_deposit_is_answered_only_after_its_commit(
    store: PostgresStore, place: PostgresDatabase
) -> None:
    await store.deposit(a_deposit("a"))
    assert await rows(place, "SELECT count(*) FROM envelope") == [(1,)]


async def test_more_deposits_than_the_relay_holds_are_turned_away(store: PostgresStore) -> None:
    outcomes = await asyncio.gather(
        *(store.deposit(a_deposit("same")) for _ in range(MAX_PENDING + 10)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(
        Busy
    ) == MAX_PENDING + 10 - MAX_PENDING_DEPOSITS
    await store.deposit(a_deposit("afterwards"))


async def test_a_closed_store_takes_nothing(place: PostgresDatabase) -> None:
    store = await PostgresStore.open(place)
    await store.close()
    with pytest.raises(Busy):
        await store.deposit(a_deposit("a"))


async def test_a_transaction_that_somebody_left_open_ends_before_the_next_one_writes(
    store: PostgresStore, place: PostgresDatabase
) -> None:
    async def left_open(connection: asyncpg.Connection) -> None:
        await connection.execute("BEGIN")

    await store._writing.run(left_open)
    await store.deposit(a_deposit("a"))
    assert await rows(place, "SELECT count(*) FROM envelope") == [(1,)]


# What a commit means


async def test_every_connection_waits_for_the_disk(store: PostgresStore) -> None:
    for database in (store._writing, store._database):
        assert [tuple(row) for row in await database.fetch("SHOW synchronous_commit")] == [("on",)]


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("fsync", "off", "fsync = off.*power cut"),
        ("full_page_writes", "off", "power cut"),
        ("synchronous_commit", "off", "power cut"),
        ("synchronous_commit", "local", "power cut"),
        ("track_commit_timestamp", "on", "microsecond"),
        ("log_statement", "mod", "log_statement = mod.* log "),
        ("log_statement", "all", "log_statement = all.* log "),
        ("server_version_num", "150012", "too old"),
    ],
)
async def test_a_server_that_forgets_or_writes_down_too_much_is_refused(
    setting: str, value: str, sentence: str
) -> None:
    class Server:
        async def fetchval(self, _statement: str, asked: str) -> str:
            fine = {
                "server_version_num": "160000",
                "track_commit_timestamp": "off",
                "log_statement": "none",
            }
            return value if asked == setting else fine.get(asked, "on")

    with pytest.raises(RelayDatabaseUnusable, match=sentence):
        await check_server(Server())


async def test_what_a_real_server_says_of_itself_is_believed(postgres_server: Server) -> None:
    place = await postgres_server.new_database()
    name = place.url.partition("/relay_")[2].partition("?")[0]
    async with setup_connection(place) as connection:
        await check_server(connection)
        await connection.execute(f"ALTER DATABASE relay_{name} SET log_statement = 'mod'")
    with pytest.raises(RelayDatabaseUnusable, match="log_statement"):
        await PostgresStore.open(place)
    assert await rows(place, "SELECT to_regclass('mailbox') IS NULL") == [(True,)]


async def test_envelopes_and_bundles_are_never_compressed(
    store: PostgresStore, place: PostgresDatabase
) -> None:
    await store.deposit(a_deposit("a"))
    stored = (
        "SELECT count(*), bool_and(attstorage = 'e') FROM pg_attribute JOIN pg_class"
        " ON attrelid = pg_class.oid WHERE attname IN ('envelope', 'bundle') AND relkind = 'r'"
        " AND relnamespace = 'public'::regnamespace"
    )
    assert await rows(place, stored) == [(PARTITIONS + 1, True)]


@pytest.mark.parametrize("length", [0, 16_383, 16_385])
async def test_an_envelope_of_another_length_cannot_be_stored(
    store: PostgresStore, place: PostgresDatabase, length: int
) -> None:
    connection = await asyncpg.connect(place.url)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(
            "INSERT INTO envelope VALUES ($1, 1, $2, 0, $3)", MAILBOX, bytes(32), bytes(length)
        )
    await connection.close()
    assert await positions(store) == []


async def test_scrubbing_frees_the_room_of_what_was_acknowledged(
    store: PostgresStore, place: PostgresDatabase
) -> None:
    for number in range(20):
        await store.deposit(a_deposit(f"{number}"))
    await store.acknowledge(MAILBOX, 20)
    # A session says what it has done at its end at the latest; the server's own vacuum counts on
    # that too.
    await store._database._pool.expire_connections()
    await store.has_mailbox(MAILBOX)
    dead = "SELECT sum(n_dead_tup)::int FROM pg_stat_user_tables WHERE relname LIKE 'envelope%'"
    ((before,),) = await rows(place, dead)
    assert isinstance(before, int)
    assert before >= 20
    await store.scrub()
    assert await rows(place, dead) == [(0,)]


# Errors


async def test_on_a_full_disk_deposits_fail_while_deleting_goes_on(
    postgres_server: Server, store: PostgresStore, place: PostgresDatabase
) -> None:
    for number in range(3):
        await store.deposit(a_deposit(f"{number}"))
    await postgres_server.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION USING ERRCODE = ''disk_full''; END'",
        "CREATE TRIGGER full_disk BEFORE INSERT ON envelope FOR EACH ROW"
        " EXECUTE FUNCTION full_disk()",
        place=place,
    )
    try:
        *deposits, acknowledged = await asyncio.gather(
            *(store.deposit(a_deposit(f"too much {number}")) for number in range(20)),
            store.acknowledge(MAILBOX, 2),
            return_exceptions=True,
        )
    finally:
        await postgres_server.execute("DROP FUNCTION full_disk CASCADE", place=place)
    assert {type(outcome) for outcome in deposits} == {DiskFull}
    assert acknowledged is None
    await store.deposit(a_deposit("fits"))
    assert await positions(store) == [3, 4]


async def test_a_row_that_somebody_holds_makes_others_wait_and_then_try_later(
    place: PostgresDatabase, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SESSION, "lock_timeout", "50ms")
    impatient = await PostgresStore.open(place)
    holder = await asyncpg.connect(place.url)
    async with holder.transaction():
        await holder.execute("SELECT * FROM mailbox FOR UPDATE")
        with pytest.raises(Busy):
            await impatient.deposit(a_deposit("a"))
    await impatient.deposit(a_deposit("a"))
    await holder.close()
    await impatient.close()
    assert await positions(store) == [1]


async def test_whoever_waits_behind_a_group_that_the_database_did_not_take_is_turned_away(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[int]()

    async def away(_database: object, _known: object, deposits: list[Deposit]) -> list[None]:
        asked.append(len(deposits))
        raise Busy("away")

    with monkeypatch.context() as patch:
        patch.setattr("e2etherapy.relay.postgres.deposits.store", away)
        outcomes = await asyncio.gather(
            *(store.deposit(a_deposit(f"{number}")) for number in range(3 * MAX_GROUP)),
            return_exceptions=True,
        )
    assert {type(outcome) for outcome in outcomes} == {Busy}
    assert asked == [MAX_GROUP]
    await store.deposit(a_deposit("afterwards"))
    assert await positions(store) == [1]


async def test_nothing_that_the_store_raises_quotes_the_address(place: PostgresDatabase) -> None:
    nowhere = PostgresDatabase("postgresql://robin:swordfish@/relay?host=/nowhere")
    with pytest.raises(RelayDatabaseUnusable) as raised:
        await PostgresStore.open(nowhere)
    missing = PostgresDatabase(place.url.replace("/relay_", "/elsewhere_"))
    with pytest.raises(RelayDatabaseUnusable, match="no such database"):
        await PostgresStore.open(missing)
    for word in ("swordfish", "robin"):
        assert word not in f"{raised.value!r} {raised.value} {nowhere!r}"
