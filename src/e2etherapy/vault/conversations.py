"""Reading the conversations of a vault."""

from __future__ import annotations

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
from e2etherapy.vault.records import ConversationRecord, Verification
from e2etherapy.wire.role import Role

_COLUMNS = """id, name, role, relay, book, state, owner_key, deposit_key, peer_mailbox,
    peer_deposit_key, collected, acknowledged, sequence, verification, created"""


async def every(db: Database) -> list[ConversationRecord]:
    """Return all conversations, oldest first."""
    rows = await db.fetch_all(f"SELECT {_COLUMNS} FROM conversation ORDER BY id")  # noqa: S608
    return [_record(row) for row in rows]


async def names(db: Database) -> dict[str, int]:
    """Return the number of each conversation by its name; their states are not read."""
    rows = await db.fetch_all("SELECT name, id FROM conversation ORDER BY id")
    return {row[0]: int(row[1]) for row in rows}


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
