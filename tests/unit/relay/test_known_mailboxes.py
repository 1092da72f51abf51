"""What the writing thread knows of mailboxes: of few, for the right key."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import AllowanceHash, DepositKeyHash, MailboxId, TicketHash
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.known_mailboxes import KnownMailbox, KnownMailboxes
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Busy, Deposit, Refused
from tests.support.relays import TODAY, draw, envelope

BOXES = [bytes([number]) * 32 for number in range(4)]
KEY_HASH = DepositKeyHash(b"\x02" * 32)
FULL_UP_TO = KnownMailbox(KEY_HASH, 9, 3, 7)


def test_a_mailbox_is_known_to_whoever_shows_its_key_only() -> None:
    known = KnownMailboxes()
    known.keep(BOXES[0], FULL_UP_TO)
    assert known.shown(BOXES[0], KEY_HASH) == FULL_UP_TO
    assert known.shown(BOXES[0], bytes(32)) is None
    assert known.shown(BOXES[1], KEY_HASH) is None


def test_a_mailbox_that_nobody_knows_is_not_shown_to_the_hash_of_nothing() -> None:
    assert KnownMailboxes().shown(BOXES[0], bytes(32)) is None


def test_those_written_to_lately_are_kept() -> None:
    known = KnownMailboxes(most=3)
    for number in (0, 1, 2, 0, 3):
        known.keep(BOXES[number], FULL_UP_TO)
    assert [known.shown(box, KEY_HASH) is not None for box in BOXES] == [True, False, True, True]
    known.forget(BOXES[0])
    assert known.shown(BOXES[0], KEY_HASH) is None
    known.forget_all()
    assert known.shown(BOXES[2], KEY_HASH) is None


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[tuple[SqliteStore, list[MailboxId]]]:
    opened = await SqliteStore.open(tmp_path / "relay.db")
    mailboxes = [MailboxId(box) for box in BOXES]
    tickets = [TicketHash(draw(32)) for _ in mailboxes]
    await opened.grant(AllowanceHash(b"\x03" * 32), len(tickets))
    await opened.issue(AllowanceHash(b"\x03" * 32), tickets)
    for mailbox, ticket in zip(mailboxes, tickets, strict=True):
        await opened.create_mailbox(mailbox, KEY_HASH, ticket)
    yield opened, mailboxes
    await opened.close()


def a_deposit(mailbox: MailboxId, text: str, key_hash: DepositKeyHash = KEY_HASH) -> Deposit:
    content = envelope(text)
    return Deposit(mailbox, key_hash, sha256(content), content, TODAY)


class Statements:
    """What the writing connection runs, statement by statement, by its first word."""

    def __init__(self, store: SqliteStore) -> None:
        self._connection = store._writing
        self.words: list[str] = []

    async def watch(self) -> None:
        def begin(database: sqlite3.Connection) -> None:
            database.set_trace_callback(lambda text: self.words.append(text.split()[0]))

        await self._connection.run(begin)

    def taken(self) -> list[str]:
        words = self.words[:]
        self.words.clear()
        return words


async def test_a_group_of_known_mailboxes_is_one_statement(
    store: tuple[SqliteStore, list[MailboxId]],
) -> None:
    opened, mailboxes = store
    statements = Statements(opened)
    await asyncio.gather(*(opened.deposit(a_deposit(box, "first")) for box in mailboxes))
    await statements.watch()
    await asyncio.gather(*(opened.deposit(a_deposit(box, "second")) for box in mailboxes))
    assert statements.taken() == ["INSERT"]


async def test_a_wrong_key_makes_the_same_work_for_any_mailbox(
    store: tuple[SqliteStore, list[MailboxId]],
) -> None:
    opened, (known, unknown, *_) = store
    await opened.deposit(a_deposit(known, "first"))
    statements = Statements(opened)
    await statements.watch()
    work = []
    for mailbox in (known, unknown, MailboxId(draw(32))):
        with pytest.raises(Refused):
            await opened.deposit(a_deposit(mailbox, "second", DepositKeyHash(draw(32))))
        work.append(statements.taken())
    assert work == [["WITH"]] * 3


async def acknowledged(store: SqliteStore, mailbox: MailboxId) -> None:
    await store.acknowledge(mailbox, 1)


async def closed(store: SqliteStore, mailbox: MailboxId) -> None:
    await store.close_mailbox(mailbox)


@pytest.mark.parametrize("change", [acknowledged, closed])
async def test_what_changes_a_mailbox_makes_only_that_one_unknown(
    store: tuple[SqliteStore, list[MailboxId]],
    change: Callable[[SqliteStore, MailboxId], Awaitable[None]],
) -> None:
    opened, (one, other, *_) = store
    for box in (one, other):
        await opened.deposit(a_deposit(box, "first"))
    await change(opened, one)
    known = opened._writer._known
    assert known.shown(one, KEY_HASH) is None
    assert known.shown(other, KEY_HASH) == KnownMailbox(KEY_HASH, 1, 1, _number(opened, other))


def _number(store: SqliteStore, mailbox: MailboxId) -> int:
    with closing(sqlite3.connect(store._path)) as reader:
        ((number,),) = reader.execute("SELECT number FROM mailbox WHERE id = ?", (mailbox,))
    return int(number)


async def test_a_change_that_names_no_mailbox_makes_all_unknown(
    store: tuple[SqliteStore, list[MailboxId]],
) -> None:
    opened, (one, *_) = store
    await opened.deposit(a_deposit(one, "first"))
    await opened.grant(AllowanceHash(draw(32)), 1)
    assert opened._writer._known.shown(one, KEY_HASH) is None


async def test_a_transaction_that_fails_leaves_nothing_known(
    store: tuple[SqliteStore, list[MailboxId]],
) -> None:
    opened, (one, *_) = store
    await opened.deposit(a_deposit(one, "first"))
    with closing(sqlite3.connect(opened._path, isolation_level=None)) as other:
        other.execute(
            "CREATE TRIGGER no AFTER INSERT ON envelope BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        with pytest.raises(Busy):
            await opened.deposit(a_deposit(one, "second"))
        assert opened._writer._known.shown(one, KEY_HASH) is None
        other.execute("DROP TRIGGER no")
    await opened.deposit(a_deposit(one, "third"))
    assert [item.position for item in await opened.collect(one, 0, 64)] == [1, 2]


async def test_with_the_log_is_forgotten_who_was_written_to(
    store: tuple[SqliteStore, list[MailboxId]],
) -> None:
    opened, (one, *_) = store
    await opened.deposit(a_deposit(one, "first"))
    await opened.scrub()
    assert opened._writer._known.shown(one, KEY_HASH) is None
    assert not opened._writer._digests.knows(one)
    await opened.deposit(a_deposit(one, "second"))
    assert [item.position for item in await opened.collect(one, 0, 64)] == [1, 2]
