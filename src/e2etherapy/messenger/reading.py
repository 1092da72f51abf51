"""Turning what the vault holds into what a person is shown."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace
from datetime import datetime

from e2etherapy.errors import MalformedData, NotReady
from e2etherapy.journal import record
from e2etherapy.messenger.caring import care_of, is_over
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.views import (
    STATE_WORDS,
    FileView,
    Landed,
    MessageView,
    SearchView,
)
from e2etherapy.session.safety_phrase import safety_phrase as six_words
from e2etherapy.session.states import Closed, Established
from e2etherapy.therapy.care.agreements import Agreements
from e2etherapy.therapy.care.landings import Landings
from e2etherapy.therapy.care.state import OF_A_THREAD
from e2etherapy.therapy.care.words import words
from e2etherapy.vault import conversations, erasures, threads, unread
from e2etherapy.vault import search as full_text
from e2etherapy.vault.records import Author, ConversationRecord, State, ThreadRow, Verification
from e2etherapy.vault.search import Hit
from e2etherapy.vault.vault import Vault
from e2etherapy.wire import content
from e2etherapy.wire.care import CARE
from e2etherapy.wire.content import AnyItem, Attachment, JournalShare, Text, UnknownItem
from e2etherapy.wire.role import Role

IN_THREAD = frozenset(
    {
        "text",
        "attachment",
        "journal_share",
        "unknown",
        *(str(kind.__struct_config__.tag) for kind in CARE),
    }
)
WAITING_KINDS = frozenset({"text", "attachment", "journal_share"})
NEWER_VERSION = "This message needs a newer version of e2etherapy. It is kept."
UNREADABLE = (
    "This message cannot be shown: it breaks its form. It is kept; an export has its bytes."
)
ERASED = "This message was erased from this device."


async def safety_phrase(vault: Vault, name: str) -> tuple[str, ...]:
    """Return the six words of a conversation.

    Raises:
        UnknownConversation: there is no such conversation.
        NotReady: the invitation has not been used yet.
    """
    found = await conversations.named(vault.db, name)
    if isinstance(found.state, Closed):
        raise NotReady(
            f"The conversation with {found.name} has ended: there is nothing to compare."
        )
    if not isinstance(found.state, Established):
        raise NotReady(f"{found.name} has not used the invitation yet.")
    return six_words(found.state.client, found.state.therapist, found.state.transcript)


async def thread(vault: Vault, name: str, *, show_read: bool) -> list[MessageView]:
    """Return a conversation's messages, oldest first, each author's in the order written.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(vault.db, name)
    rows = await _in_thread(vault, found)
    new = set(await unread.items(vault.db, found.id))
    missing = _missing_before(rows, await threads.gaps(vault.db, found.id))
    care = await care_of(vault.db, found, OF_A_THREAD)
    hidden = await erasures.hidden_in(vault.db, found.book)
    ended = await is_over(vault.db, found)
    return [
        _promised(
            replace(
                _message(found, row, show_read=show_read),
                hidden=row.item.journal in hidden,
                unread=row.item.author is Author.PEER and row.item.id in new,
                missing_before=missing.get((row.item.author, row.item.sequence), 0),
                landed=_landed(found, row, care.landings),
            ),
            care.agreements,
            ended=ended,
        )
        for row in _in_order_of_each_author(rows)
    ]


def _promised(view: MessageView, agreements: Agreements, *, ended: bool) -> MessageView:
    """Add by when a client's message is to be answered, and under which agreement.

    Once the therapy has ended, nothing is to be answered any more.
    """
    if view.author is not Role.CLIENT or view.kind not in WAITING_KINDS:
        return view
    applies = agreements.at(view.written)
    due = None if ended else agreements.due(view.written, view.arrived)
    return replace(view, due=due, agreement=None if applies is None else applies.version)


def _landed(found: ConversationRecord, row: ThreadRow, landings: Landings) -> Landed | None:
    """Return the mark on a text of the therapist; one on anything else means nothing."""
    author = found.role if row.item.author is Author.OWN else found.role.other()
    if author is not Role.THERAPIST or row.item.kind != "text":
        return None
    mark = landings.on(row.item.id)
    return None if mark is None else mark.mark


async def _in_thread(vault: Vault, found: ConversationRecord) -> list[ThreadRow]:
    rows = await threads.thread(vault.db, found.id)
    return [row for row in rows if row.item.kind in IN_THREAD]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a conversation is called, what came of comparing the six words, and what is missing.

    Attributes:
        missing_behind: items that the other side sent after its last message here, and that
            have not arrived.
        closed: whether nothing can be sent or arrive any more.
    """

    name: str
    verification: Verification
    missing_behind: int
    closed: bool = False


async def standing(vault: Vault, name: str) -> Standing:
    """Return how a conversation stands.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(vault.db, name)
    last = await threads.last_shown_of_peer(vault.db, found.id)
    missing = await threads.gaps(vault.db, found.id)
    behind = sum(count for number, count in missing if number > last)
    return Standing(found.name, found.verification, behind, isinstance(found.state, Closed))


async def search(vault: Vault, words: str, limit: int, *, hidden: bool = False) -> list[SearchView]:
    """Return the newest entries of the record that hold all the words."""
    books = {bytes(found.book): found for found in await conversations.every(vault.db)}
    hits = await full_text.search(vault.db, words, limit, hidden=hidden)
    return [_hit(vault.role, books.get(hit.book), hit) for hit in hits]


def _in_order_of_each_author(rows: list[ThreadRow]) -> list[ThreadRow]:
    """Keep each author's places in the thread, and fill them in the order of their sequence."""
    queues = {
        author: iter(
            sorted(
                (row for row in rows if row.item.author is author),
                key=lambda row: row.item.sequence,
            )
        )
        for author in Author
    }
    return [next(queues[row.item.author]) for row in rows]


def _missing_before(
    rows: list[ThreadRow], gaps: list[tuple[int, int]]
) -> dict[tuple[Author, int], int]:
    """Return how many items of the other side are missing before which message.

    Gaps behind the last message belong to none.
    """
    numbers = sorted(row.item.sequence for row in rows if row.item.author is Author.PEER)
    missing: dict[tuple[Author, int], int] = {}
    for number, count in gaps:
        place = bisect.bisect_left(numbers, number)
        if place < len(numbers):
            behind = (Author.PEER, numbers[place])
            missing[behind] = missing.get(behind, 0) + count
    return missing


def _message(found: ConversationRecord, row: ThreadRow, *, show_read: bool) -> MessageView:
    own = row.item.author is Author.OWN
    state = row.item.state
    if state is State.READ and not show_read:
        state = State.FETCHED
    text, file, arrived = words_of(row)
    return MessageView(
        id=row.item.id.hex(),
        author=found.role if own else found.role.other(),
        own=own,
        kind=row.item.kind,
        text=text,
        written=moment_of(row.item.written),
        arrived=arrived,
        state=STATE_WORDS[state],
        file=file,
    )


def words_of(row: ThreadRow) -> tuple[str, FileView | None, datetime]:
    """Return what a message says, its file if it is one, and when this device recorded it."""
    if row.content is None:
        return ERASED, None, moment_of(row.item.written)
    try:
        return _said(row.content)
    except MalformedData:
        # One damaged entry must not withhold the rest of a conversation.
        return UNREADABLE, None, moment_of(row.item.written)


def _said(data: bytes) -> tuple[str, FileView | None, datetime]:
    entry = record.decode(data)
    if not isinstance(entry, record.Message):
        raise MalformedData("The record holds something else where a message should be.")
    item = content.decode_item(bytes(entry.item))
    match item:
        case Text() | JournalShare():
            return item.text, None, entry.recorded
        case Attachment():
            file = FileView(item.id.hex(), item.name, item.media_type, item.size)
            return item.name, file, entry.recorded
        case UnknownItem():
            return NEWER_VERSION, None, entry.recorded
    if isinstance(item, CARE):
        return words(item), None, entry.recorded
    raise MalformedData("The record holds something else where a message should be.")


def _hit(role: Role, found: ConversationRecord | None, hit: Hit) -> SearchView:
    entry = record.decode(hit.content)
    if isinstance(entry, record.PrivateEntry):
        return SearchView(None, role, entry.text, entry.recorded)
    if isinstance(entry, record.Event) and found is not None:
        return SearchView(found.name, role, str(entry.details.get("note", "")), entry.recorded)
    if found is None or not isinstance(entry, record.Message):
        raise MalformedData("The search index points at something that is no message.")
    item = content.decode_item(bytes(entry.item))
    author = found.role if entry.direction == "sent" else found.role.other()
    return SearchView(found.name, author, _found(item), item.written)


def _found(item: AnyItem) -> str:
    match item:
        case Text() | JournalShare():
            return item.text
        case Attachment() | content.Profile():
            return item.name
    return words(item) if isinstance(item, CARE) else ""
