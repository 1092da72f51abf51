"""Everything that one step changes, gathered first and then written in one transaction."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

import msgspec

from e2etherapy.journal import chain
from e2etherapy.journal.chain import BookId, EntrySalt, Head
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session import states
from e2etherapy.vault import statements as sql
from e2etherapy.vault.database import Row, Statement
from e2etherapy.vault.records import (
    Author,
    ChunkRow,
    Claim,
    ConversationRecord,
    Errand,
    ItemRow,
    OutboxRow,
    Partial,
    State,
)


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a book's record ends, and the number that the next journal row gets."""

    book: BookId
    position: int
    head: Head
    next_journal: int


@dataclass(slots=True)
class Change:
    """One transaction in the making, over one book."""

    tip: Tip
    entropy: Entropy
    _entries: list[Row] = field(default_factory=list)
    _words: list[Row] = field(default_factory=list)
    _called: list[tuple[str, list[Row]]] = field(default_factory=list)
    _conversation: ConversationRecord | None = None

    def save(self, conversation: ConversationRecord) -> None:
        """Write a conversation as it is after the step; the last call counts."""
        self._conversation = conversation

    def record(self, content: bytes, searchable: str = "") -> int:
        """Append an entry to the book and return its journal number."""
        tip = self.tip
        salt = EntrySalt(self.entropy(EntrySalt.SIZE))
        entry = chain.append(tip.position + 1, tip.head, content, salt)
        self._entries.append(
            (
                tip.next_journal,
                bytes(tip.book),
                entry.position,
                bytes(salt),
                content,
                bytes(entry.commitment),
                bytes(entry.head),
            )
        )
        if searchable:
            self._words.append((tip.next_journal, searchable))
        self.tip = Tip(tip.book, entry.position, entry.head, tip.next_journal + 1)
        return tip.next_journal

    def add_item(self, row: ItemRow) -> None:
        """Add an item, or complete the one that has its author's sequence."""
        self._add(
            sql.SAVE_ITEM,
            row.conversation,
            row.author.value,
            row.sequence,
            row.id,
            row.kind,
            row.journal,
            row.state.value,
            row.written,
        )

    def raise_state(self, conversation: int, item: bytes, state: State) -> None:
        """Raise the state of one's own item; a lower or equal one changes nothing."""
        self._add(sql.RAISE_STATE, conversation, item, state.value)

    def add_chunk(self, row: ChunkRow) -> None:
        """Keep a piece of a long item."""
        self._add(
            "INSERT INTO chunk (conversation, author, whole, position, data) VALUES (?,?,?,?,?)",
            row.conversation,
            row.author.value,
            row.whole,
            row.position,
            row.data,
        )

    def drop_chunks(self, conversation: int, author: Author, whole: bytes) -> None:
        """Forget the pieces of an item that is in the record, or is given up."""
        self._add(
            "DELETE FROM chunk WHERE conversation = ? AND author = ? AND whole = ?",
            conversation,
            author.value,
            whole,
        )

    def save_partial(self, row: Partial) -> None:
        """Write how much of a long item has arrived."""
        self._add(
            "INSERT INTO partial VALUES (?,?,?,?,?,?) ON CONFLICT (conversation, whole)"
            " DO UPDATE SET arrived = excluded.arrived, day = excluded.day",
            row.conversation,
            row.whole,
            row.total,
            row.first_sequence,
            row.arrived,
            row.day,
        )

    def spend_first_id(self, row: Partial) -> None:
        """Keep the id of a long item's first piece, whose row the whole is about to take."""
        self._add(sql.SPEND_FIRST, row.conversation, row.first_sequence)

    def drop_partial(self, row: Partial) -> None:
        """Forget a long item that is complete, refused or given up; its id stays used."""
        self._add(
            "DELETE FROM partial WHERE conversation = ? AND whole = ?", row.conversation, row.whole
        )
        self._add(sql.SPEND_WHOLE, row.conversation, row.whole)

    def queue(self, conversation: int | None, errand: Errand, sequence: int = 0) -> None:
        """Put an errand for the relay into the outbox, behind the others."""
        self._add(
            "INSERT INTO outbox (conversation, errand, sequence) VALUES (?,?,?)",
            conversation,
            msgspec.msgpack.encode(errand),
            sequence,
        )

    def done(self, row: OutboxRow) -> None:
        """Remove an errand that the relay has answered; its item may now be stored."""
        if row.sequence:
            # By the row as it is now: its item may have been erased while the relay was asked.
            self._add(sql.STORED, row.conversation, row.id, State.STORED.value)
        self._add("DELETE FROM outbox WHERE id = ?", row.id)

    def owe_receipt(self, conversation: int, item: bytes, due: int) -> None:
        """Remember that an item of the other side is to be receipted by `due` (Unix seconds)."""
        self._add("INSERT INTO receipt_due VALUES (?,?,?)", conversation, item, due)

    def owe_receipts_again(self, conversation: int, since: int, due: int) -> None:
        """Remember to receipt once more what was written since a moment (both Unix seconds)."""
        self._add(sql.OWE_AGAIN, due, conversation, since)

    def settle_receipt(self, conversation: int, item: bytes) -> None:
        """Forget a receipt that is being sent."""
        self._add("DELETE FROM receipt_due WHERE conversation = ? AND item = ?", conversation, item)

    def acknowledged(self, conversation: int, position: int) -> None:
        """Remember up to which position the relay has deleted."""
        self._add("UPDATE conversation SET acknowledged = ? WHERE id = ?", position, conversation)

    def give_mailbox(self, conversation: ConversationRecord) -> None:
        """Give a conversation that nobody has joined the mailbox of another invitation."""
        self._add(
            "UPDATE conversation SET relay = ?, owner_key = ?, deposit_key = ?, acknowledged = 0"
            " WHERE id = ?",
            conversation.relay,
            bytes(conversation.mailbox.owner_key),
            bytes(conversation.mailbox.deposit_key),
            conversation.id,
        )

    def move_relay(self, old: str, new: str) -> None:
        """Reach the relay of all conversations that have an old address under a new one."""
        self._add("UPDATE conversation SET relay = ? WHERE relay = ?", new, old)

    def mark_shown(self, conversation: int, items: list[bytes]) -> None:
        """Remember that items of the other side were shown to this device's owner."""
        for item in items:
            self._add(sql.MARK_SHOWN, conversation, item)

    def mark_read(self, conversation: int, item: bytes) -> None:
        """Remember that the other side is told that an item was read."""
        self._add(sql.MARK_READ, State.MARKED_READ.value, conversation, item)

    def resolve(self, conversation: int, item: bytes, journal: int) -> None:
        """Remember in which entry it stands what was done about an item."""
        self._add("INSERT INTO resolution VALUES (?,?,?)", conversation, item, journal)

    def unset(self, key: str) -> None:
        """Remove a setting."""
        self._add("DELETE FROM setting WHERE key = ?", key)

    def set(self, key: str, value: bytes) -> None:
        """Write a setting."""
        self._add(
            "INSERT INTO setting VALUES (?,?) ON CONFLICT (key) DO UPDATE SET"
            " value = excluded.value",
            key,
            value,
        )

    def also(self, statement: str, *values: object) -> None:
        """Run a statement of a table that has a module of its own, such as `drafts`."""
        self._add(statement, *values)

    def hold_claim(self, claim: Claim) -> None:
        """Keep what a claim needs, before the relay hears of it and while it may be refused."""
        mailbox = claim.mailbox
        self._add(
            "INSERT OR REPLACE INTO claim (locator, token, owner_key, deposit_key, sealed, day)"
            " VALUES (?,?,?,?,?,?)",
            claim.locator,
            claim.token,
            None if mailbox is None else bytes(mailbox.owner_key),
            None if mailbox is None else bytes(mailbox.deposit_key),
            claim.sealed,
            claim.day,
        )

    def forget_claim(self, locator: bytes) -> None:
        """Forget a claim that is settled, or whose invitation is over."""
        self._add("DELETE FROM claim WHERE locator = ?", locator)

    def remove_conversation(self, conversation: ConversationRecord) -> None:
        """Remove a conversation that never came to be, with its errands and its book."""
        self._add("DELETE FROM conversation WHERE id = ?", conversation.id)
        for statement in sql.REMOVE_BOOK:
            self._add(statement, bytes(conversation.book))

    def statements(self) -> list[Statement]:
        """Return what is to be run: the conversation first, the book's new end last.

        Between them stand the record's new rows, whose tables nothing else touches, and then the
        rest in the order of the calls: what was forgotten after it was added is gone, and the
        other way round.
        """
        saved = [] if self._conversation is None else [_conversation_row(self._conversation)]
        tip = self.tip
        ended: list[Row] = []
        if self._entries:
            ended.append((bytes(tip.book), tip.position, bytes(tip.head)))
        every: list[Statement] = [
            (sql.SAVE_CONVERSATION, saved),
            (sql.RECORD, self._entries),
            (sql.MAKE_FINDABLE, self._words),
            *self._called,
            (sql.SAVE_END, ended),
        ]
        return [statement for statement in every if statement[1]]

    def _add(self, statement: str, *values: object) -> None:
        if not self._called or self._called[-1][0] != statement:
            self._called.append((statement, []))
        self._called[-1][1].append(values)


def _conversation_row(record: ConversationRecord) -> Row:
    peer = record.peer
    return (
        record.id,
        record.name,
        name_key(record.name),
        record.role.value,
        record.relay,
        bytes(record.book),
        states.dump(record.state),
        bytes(record.mailbox.owner_key),
        bytes(record.mailbox.deposit_key),
        None if peer is None else bytes(peer.mailbox),
        None if peer is None else bytes(peer.key),
        record.collected,
        record.acknowledged,
        record.sequence,
        record.verification.value,
        record.created,
    )


def name_key(name: str) -> str:
    """Return the form in which two names are the same name."""
    composed = unicodedata.normalize("NFC", " ".join(name.split()).casefold())
    # What is not valid Unicode is nobody's name, and must not fail in the database either.
    return composed.encode(errors="replace").decode()
