"""What a conversation shows: its messages in order, how many there are, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from e2etherapy.vault.database import Database, Row
from e2etherapy.vault.records import Author, ItemRow, State, ThreadRow

_ITEM = "conversation, author, sequence, item.id, kind, journal, state, written"


async def thread(db: Database, conversation: int) -> list[ThreadRow]:
    """Return the items that stand in the record, in the order in which they came to be there."""
    rows = await db.fetch_all(
        f"SELECT {_ITEM}, content FROM item JOIN journal ON journal.id = item.journal"  # noqa: S608
        " WHERE conversation = ? AND journal IS NOT NULL ORDER BY journal",
        (conversation,),
    )
    return [ThreadRow(_item(row), row[8]) for row in rows]


async def unanswered(db: Database, conversation: int) -> list[ThreadRow]:
    """Return what the other side has written since the last time that this side wrote.

    What was erased waits for no answer.
    """
    rows = await db.fetch_all(
        f"SELECT {_ITEM}, content FROM item JOIN journal ON journal.id = item.journal"  # noqa: S608
        " WHERE conversation = ?1 AND author = 'peer' AND content IS NOT NULL"
        " AND kind IN ('text', 'attachment', 'journal_share')"
        " AND item.journal > coalesce((SELECT max(journal) FROM item"
        " WHERE conversation = ?1 AND author = 'own' AND kind IN ('text', 'attachment',"
        " 'journal_share')), 0) ORDER BY item.journal",
        (conversation,),
    )
    return [ThreadRow(_item(row), row[8]) for row in rows]


async def newest(db: Database, conversation: int, most: int, *, hidden: bool) -> list[ThreadRow]:
    """Return the newest of what waits or answers, of both people, the oldest first.

    What was hidden is among it only if `hidden` says so.
    """
    rows = await db.fetch_all(
        f"SELECT {_ITEM}, content FROM item JOIN journal ON journal.id = item.journal"  # noqa: S608
        " WHERE conversation = ? AND journal IS NOT NULL AND kind IN ('text', 'attachment',"
        " 'journal_share') AND (? OR journal NOT IN (SELECT journal FROM hidden))"
        " ORDER BY item.journal DESC LIMIT ?",
        (conversation, hidden, most),
    )
    return [ThreadRow(_item(row), row[8]) for row in reversed(rows)]


async def texts_of_peer(db: Database, conversation: int) -> list[bytes]:
    """Return the ids of the other side's texts that can be shown, in the order written."""
    rows = await db.fetch_all(
        "SELECT item.id FROM item JOIN journal ON journal.id = item.journal"
        " WHERE conversation = ? AND author = 'peer' AND kind = 'text' AND content IS NOT NULL"
        " ORDER BY sequence",
        (conversation,),
    )
    return [bytes(row[0]) for row in rows]


async def exchanged(db: Database, conversation: int) -> list[tuple[Author, int, bytes | None]]:
    """Return of whatever waits or answers its author, when it was written, and its entry."""
    rows = await db.fetch_all(
        "SELECT author, written, content FROM item JOIN journal ON journal.id = item.journal"
        " WHERE conversation = ? AND kind IN ('text', 'attachment', 'journal_share')"
        " ORDER BY item.journal",
        (conversation,),
    )
    return [(Author(row[0]), int(row[1]), row[2]) for row in rows]


async def recent_texts(db: Database, conversation: int, most: int, since: int) -> list[bytes]:
    """Return the entries of the newest texts, of both people.

    Args:
        db: the vault's database.
        conversation: its number.
        most: at most so many.
        since: Unix seconds; what says that it was written before is left out.
    """
    rows = await db.fetch_all(
        "SELECT content FROM (SELECT journal, written FROM item WHERE conversation = ?"
        " AND journal IS NOT NULL AND kind IN ('text', 'journal_share')"
        " ORDER BY journal DESC LIMIT ?) AS newest JOIN journal ON journal.id = newest.journal"
        " WHERE written >= ? AND content IS NOT NULL",
        (conversation, most, since),
    )
    return [row[0] for row in rows]


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
        " AND kind NOT IN ('part', 'receipt', 'read_mark', 'profile')",
        (conversation,),
    )
    missing = sum(count for _, count in await gaps(db, conversation))
    waiting = await db.fetch_one(
        "SELECT (SELECT count(*) FROM outbox WHERE conversation = ?1)"
        " + (SELECT coalesce(sum(total - sealed), 0) FROM outgoing WHERE conversation = ?1)",
        (conversation,),
    )
    messages, last = counted or (0, None)
    return Tally(messages, missing, last, waiting[0] if waiting else 0)


async def gaps(db: Database, conversation: int) -> list[tuple[int, int]]:
    """Return where numbers of the other side are missing: the next one that is here, how many.

    What is behind the last piece of a long item that has arrived is on its way, and not missing:
    shorter ones pass it.
    """
    rows = await db.fetch_all(
        "SELECT sequence, sequence - 1 - max(before, coalesce((SELECT min(first_sequence + total,"
        " sequence) - 1 FROM partial WHERE partial.conversation = ?1 AND before >= first_sequence"
        " AND before < first_sequence + total), 0)) AS missing FROM (SELECT sequence,"
        " lag(sequence, 1, 0) OVER (ORDER BY sequence) AS before FROM item WHERE conversation = ?1"
        " AND author = 'peer') WHERE sequence > before + 1 AND missing > 0 ORDER BY sequence",
        (conversation,),
    )
    return [(int(row[0]), int(row[1])) for row in rows]


async def last_shown_of_peer(db: Database, conversation: int) -> int:
    """Return the number of the other side's last item that a thread shows; 0 if there is none."""
    row = await db.fetch_one(
        "SELECT coalesce(max(sequence), 0) FROM item WHERE conversation = ? AND author = 'peer'"
        " AND journal IS NOT NULL AND kind NOT IN ('part', 'receipt', 'read_mark', 'profile')",
        (conversation,),
    )
    return 0 if row is None else int(row[0])


async def attachments(db: Database, conversation: int) -> list[ThreadRow]:
    """Return the items of both people that have a file, in the order of the record."""
    rows = await db.fetch_all(
        f"SELECT {_ITEM}, content FROM item JOIN journal ON journal.id = item.journal"  # noqa: S608
        " WHERE conversation = ? AND kind = 'attachment' ORDER BY item.journal",
        (conversation,),
    )
    return [ThreadRow(_item(row), row[8]) for row in rows]


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
        "SELECT count(*) FROM (SELECT conversation, sequence FROM outbox"
        " UNION SELECT conversation, sequence FROM outgoing) AS waiting"
        " JOIN item ON item.conversation = waiting.conversation AND item.author = 'own'"
        " AND item.sequence = waiting.sequence"
        " WHERE state = ? AND kind NOT IN ('part', 'receipt', 'read_mark', 'profile')",
        (State.ON_DEVICE.value,),
    )
    return 0 if row is None else int(row[0])


async def own_since(db: Database, conversation: int, sequence: int) -> list[State]:
    """Return how far one's own texts, files and entries behind a sequence have come, in order."""
    rows = await db.fetch_all(
        "SELECT state FROM item WHERE conversation = ? AND author = 'own' AND sequence > ?"
        " AND kind NOT IN ('part', 'receipt', 'read_mark', 'profile') ORDER BY sequence",
        (conversation, sequence),
    )
    return [State(row[0]) for row in rows]


def _item(row: Row) -> ItemRow:
    return ItemRow(
        row[0], Author(row[1]), row[2], bytes(row[3]), row[4], row[5], State(row[6]), row[7]
    )
