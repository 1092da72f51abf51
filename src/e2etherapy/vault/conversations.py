"""Reading conversations, their items and the pieces of long items."""

from __future__ import annotations

import json
from dataclasses import dataclass

from e2etherapy.errors import UnknownConversation
from e2etherapy.journal.chain import BookId
from e2etherapy.mailbox.capabilities import (
    DepositAddress,
    DepositKey,
    MailboxId,
    OwnedMailbox,
    OwnerKey,
)
from e2etherapy.session import states
from e2etherapy.vault.change import name_key
from e2etherapy.vault.database import Database, Row
from e2etherapy.vault.records import (
    Author,
    ConversationRecord,
    ItemRow,
    Partial,
    Role,
    State,
    ThreadRow,
    Verification,
)

_COLUMNS = """id, name, role, relay, book, state, owner_key, deposit_key, peer_mailbox,
    peer_deposit_key, collected, acknowledged, sequence, verification, created"""
_ITEM = "conversation, author, sequence, item.id, kind, journal, state, written"


async def every(db: Database) -> list[ConversationRecord]:
    """Return all conversations, oldest first."""
    rows = await db.fetch_all(f"SELECT {_COLUMNS} FROM conversation ORDER BY id")  # noqa: S608
    return [_record(row) for row in rows]


async def find(db: Database, name: str) -> ConversationRecord | None:
    """Return the conversation under a name, whatever its case and spacing."""
    row = await db.fetch_one(
        f"SELECT {_COLUMNS} FROM conversation WHERE name_key = ?",  # noqa: S608
        (name_key(name),),
    )
    return None if row is None else _record(row)


async def named(db: Database, name: str) -> ConversationRecord:
    """Return the conversation under a name.

    Raises:
        UnknownConversation: there is none.
    """
    found = await find(db, name)
    if found is None:
        raise UnknownConversation(
            f"There is no conversation with {name!r}. 'e2etherapy conversations' lists them."
        )
    return found


async def by_id(db: Database, conversation: int) -> ConversationRecord:
    """Return the conversation with this number.

    Raises:
        UnknownConversation: there is none.
    """
    row = await db.fetch_one(
        f"SELECT {_COLUMNS} FROM conversation WHERE id = ?",  # noqa: S608
        (conversation,),
    )
    if row is None:
        raise UnknownConversation("This conversation is not in the vault any more.")
    return _record(row)


async def next_id(db: Database) -> int:
    """Return the number of the next conversation."""
    row = await db.fetch_one("SELECT coalesce(max(id), 0) + 1 FROM conversation")
    return 1 if row is None else int(row[0])


async def thread(db: Database, conversation: int) -> list[ThreadRow]:
    """Return the items that stand in the record, in the order in which they came to be there."""
    rows = await db.fetch_all(
        f"SELECT {_ITEM}, content FROM item JOIN journal ON journal.id = item.journal"  # noqa: S608
        " WHERE conversation = ? AND journal IS NOT NULL ORDER BY journal",
        (conversation,),
    )
    return [ThreadRow(_item(row), row[8]) for row in rows]


async def used_by_peer(
    db: Database, conversation: int, sequences: list[int], ids: list[bytes]
) -> tuple[set[int], set[bytes]]:
    """Return which of these sequences and ids the other side has used before."""
    numbers = json.dumps(sequences)
    names = json.dumps([item.hex() for item in ids])
    rows = await db.fetch_all(
        "SELECT sequence, id FROM item WHERE conversation = ?1 AND author = 'peer' AND ("
        " sequence IN (SELECT value FROM json_each(?2))"
        " OR id IN (SELECT unhex(value) FROM json_each(?3)))"
        " UNION ALL SELECT NULL, id FROM spent_id WHERE conversation = ?1"
        " AND id IN (SELECT unhex(value) FROM json_each(?3))",
        (conversation, numbers, names),
    )
    return {int(row[0]) for row in rows if row[0] is not None}, {bytes(row[1]) for row in rows}


async def partials(db: Database, conversation: int) -> dict[bytes, Partial]:
    """Return the long items of the other side that are not complete, by id."""
    rows = await db.fetch_all(
        "SELECT conversation, whole, total, first_sequence, arrived, coalesce(day, 0) FROM partial"
        " WHERE conversation = ?",
        (conversation,),
    )
    return {bytes(row[1]): Partial(row[0], bytes(row[1]), *row[2:]) for row in rows}


async def numbers_used_by_peer(db: Database, conversation: int, among: range) -> set[int]:
    """Return which of these sequences the other side has used before."""
    rows = await db.fetch_all(
        "SELECT sequence FROM item WHERE conversation = ? AND author = 'peer'"
        " AND sequence BETWEEN ? AND ?",
        (conversation, among[0], among[-1]),
    )
    return {int(row[0]) for row in rows}


async def with_partials_before(db: Database, day: int) -> set[int]:
    """Return the conversations with a long item of which the last piece came before a day."""
    rows = await db.fetch_all("SELECT DISTINCT conversation FROM partial WHERE day < ?", (day,))
    return {int(row[0]) for row in rows}


async def with_all_pieces(db: Database) -> list[int]:
    """Return the conversations with a long item of which every piece is here."""
    rows = await db.fetch_all("SELECT DISTINCT conversation FROM partial WHERE arrived = total")
    return [int(row[0]) for row in rows]


@dataclass(frozen=True, slots=True)
class Tally:
    """What a list of conversations shows of one.

    Attributes:
        messages: items in the thread.
        missing: items of the other side that later ones show to exist.
        last: Unix seconds at which the last item was written.
        waiting: errands that the relay has not answered.
    """

    messages: int
    missing: int
    last: int | None
    waiting: int


async def tally(db: Database, conversation: int) -> Tally:
    """Count what a list of conversations shows."""
    counted = await db.fetch_one(
        "SELECT count(journal), max(written) FROM item WHERE conversation = ?"
        " AND kind IN ('text', 'attachment', 'journal_share', 'unknown')",
        (conversation,),
    )
    gap = await db.fetch_one(
        "SELECT coalesce(max(sequence), 0) - count(*) FROM item"
        " WHERE conversation = ? AND author = 'peer'",
        (conversation,),
    )
    waiting = await db.fetch_one(
        "SELECT count(*) FROM outbox WHERE conversation = ?", (conversation,)
    )
    messages, last = counted or (0, None)
    return Tally(messages, gap[0] if gap else 0, last, waiting[0] if waiting else 0)


async def attachments(db: Database, conversation: int) -> list[ItemRow]:
    """Return the items of both people that have a file, in the order of the record."""
    rows = await db.fetch_all(
        f"SELECT {_ITEM} FROM item WHERE conversation = ? AND kind = 'attachment'"  # noqa: S608
        " AND journal IS NOT NULL ORDER BY journal",
        (conversation,),
    )
    return [_item(row) for row in rows]


async def packed_whole(db: Database, conversation: int, author: Author, whole: bytes) -> bytes:
    """Return the joined pieces of a long item."""
    rows = await db.fetch_all(
        "SELECT data FROM chunk WHERE conversation = ? AND author = ? AND whole = ?"
        " ORDER BY position",
        (conversation, author.value, whole),
    )
    return b"".join(row[0] for row in rows)


async def with_receipts_due(db: Database, until: int) -> list[int]:
    """Return the conversations in which something is to be receipted by `until` (Unix seconds)."""
    rows = await db.fetch_all(
        "SELECT DISTINCT conversation FROM receipt_due WHERE due <= ? ORDER BY conversation",
        (until,),
    )
    return [int(row[0]) for row in rows]


async def receipts_due(db: Database, conversation: int, until: int | None) -> list[bytes]:
    """Return items to be receipted: those due by `until` (Unix seconds), or all of them."""
    rows = await db.fetch_all(
        "SELECT item FROM receipt_due WHERE conversation = ?1 AND (?2 IS NULL OR due <= ?2)"
        " ORDER BY due LIMIT 256",
        (conversation, until),
    )
    return [bytes(row[0]) for row in rows]


async def state_of(db: Database, conversation: int, item: bytes) -> State:
    """Return the state of one's own item."""
    row = await db.fetch_one(
        "SELECT state FROM item WHERE conversation = ? AND author = 'own' AND id = ?",
        (conversation, item),
    )
    return State.ON_DEVICE if row is None else State(row[0])


async def waiting_here(db: Database) -> int:
    """Return how many of one's own texts, files and entries are only on this device."""
    # From the outbox, which is short: a look through all items would take longer every year.
    row = await db.fetch_one(
        "SELECT count(*) FROM (SELECT DISTINCT conversation, sequence FROM outbox) AS waiting"
        " JOIN item ON item.conversation = waiting.conversation AND item.author = 'own'"
        " AND item.sequence = waiting.sequence"
        " WHERE state = ? AND kind IN ('text', 'attachment', 'journal_share')",
        (State.ON_DEVICE.value,),
    )
    return 0 if row is None else int(row[0])


async def own_since(db: Database, conversation: int, sequence: int) -> list[State]:
    """Return how far one's own texts, files and entries behind a sequence have come, in order."""
    rows = await db.fetch_all(
        "SELECT state FROM item WHERE conversation = ? AND author = 'own' AND sequence > ?"
        " AND kind IN ('text', 'attachment', 'journal_share') ORDER BY sequence",
        (conversation, sequence),
    )
    return [State(row[0]) for row in rows]


async def unmarked(db: Database, conversation: int) -> list[bytes]:
    """Return items of the other side that were shown, and that no read mark was sent for."""
    rows = await db.fetch_all(
        "SELECT id FROM item WHERE conversation = ? AND author = 'peer' AND state = ? AND shown"
        " AND kind IN ('text', 'attachment', 'journal_share') ORDER BY sequence LIMIT 256",
        (conversation, State.RECEIVED.value),
    )
    return [bytes(row[0]) for row in rows]


async def owning(db: Database, owner_key: OwnerKey) -> ConversationRecord | None:
    """Return the conversation that has a mailbox."""
    row = await db.fetch_one(
        f"SELECT {_COLUMNS} FROM conversation WHERE owner_key = ?",  # noqa: S608
        (bytes(owner_key),),
    )
    return None if row is None else _record(row)


def _record(row: Row) -> ConversationRecord:
    peer = None if row[8] is None else DepositAddress(MailboxId(row[8]), DepositKey(row[9]))
    return ConversationRecord(
        id=row[0],
        name=row[1],
        role=Role(row[2]),
        relay=row[3],
        book=BookId(row[4]),
        state=states.load(row[5]),
        mailbox=OwnedMailbox(OwnerKey(row[6]), DepositKey(row[7])),
        peer=peer,
        collected=row[10],
        acknowledged=row[11],
        sequence=row[12],
        verification=Verification(row[13]),
        created=row[14],
    )


def _item(row: Row) -> ItemRow:
    return ItemRow(
        row[0], Author(row[1]), row[2], bytes(row[3]), row[4], row[5], State(row[6]), row[7]
    )
