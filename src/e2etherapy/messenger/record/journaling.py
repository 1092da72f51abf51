"""The private journal, and checking and exporting the whole record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from e2etherapy.errors import InvalidText, MessengerError
from e2etherapy.journal import chain, record
from e2etherapy.journal.chain import BookId, Entry
from e2etherapy.journal.record import EventName
from e2etherapy.journal.shown import is_written
from e2etherapy.messenger import autosaving
from e2etherapy.messenger.autosaving import Typed
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import Progress, no_progress
from e2etherapy.messenger.views import BookView, JournalView, SendReport
from e2etherapy.vault import conversations, erasures, journal_store
from e2etherapy.wire.content import MAX_TEXT_BYTES
from e2etherapy.wire.item import ITEM_ID_SIZE

PRIVATE_TITLE = "Private journal"
MOODS = range(11)


async def write(device: Device, text: str, mood: int | None = None) -> JournalView:
    """Write a private entry; nothing of it leaves this device.

    Raises:
        InvalidText: it is empty, not valid Unicode, or longer than 1,000,000 bytes.
        MessengerError: the mood is not a number from 0 to 10.
    """
    sending.require_text(text, undone="Nothing was written.")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise InvalidText("An entry has at most 1,000,000 bytes. Nothing was written.")
    if mood is not None and mood not in MOODS:
        raise MessengerError("A mood is a whole number from 0 to 10. Nothing was written.")
    entry = record.PrivateEntry(
        id=device.entropy(ITEM_ID_SIZE), recorded=device.clock(), text=text, mood=mood
    )
    change = await device.begin_private()
    change.record(record.encode(entry), text)
    autosaving.finish(change, Typed.ENTRY, None, text)
    await device.vault.commit(change)
    return _view(change.tip.position, entry)


async def entries(device: Device, *, hidden: bool = False) -> list[JournalView]:
    """Return one's own private entries, oldest first; those that are hidden only if asked for."""
    db, book = device.vault.db, device.vault.private_book
    standings = {} if hidden else await erasures.standings(db, book)
    out = {number for number, standing in standings.items() if standing.hidden}
    found = []
    async for entry in journal_store.entries(db, book):
        kept = _private(entry)
        if kept is not None and entry.position not in out:
            found.append(_view(entry.position, kept))
    return found


async def entry(device: Device, number: int) -> JournalView:
    """Return one private entry.

    Raises:
        MessengerError: there is none with this number.
    """
    stored = await journal_store.entry(device.vault.db, device.vault.private_book, number)
    kept = None if stored is None else _private(stored)
    if kept is None:
        raise MessengerError(
            f"There is no journal entry {number}. 'e2etherapy journal list' shows the numbers."
        )
    return _view(number, kept)


async def share(
    device: Device, number: int, name: str, progress: Progress = no_progress
) -> SendReport:
    """Send a copy of one private entry to one person; nothing else of the journal leaves.

    Raises:
        MessengerError: there is no entry with this number.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    chosen = await entry(device, number)
    async with sending.composer(device, name) as composer:
        item = composer.share(chosen.text, chosen.written)
        event = record.Event(
            recorded=device.clock(),
            event=EventName.SHARED_FROM_JOURNAL,
            details={"entry": number},
        )
        composer.change.record(record.encode(event))
    return await sending.report(device, composer.conversation, item, progress)


@dataclass(frozen=True, slots=True)
class BookName:
    """A book of the record and what it is called."""

    id: BookId
    title: str
    conversation: int | None


async def books(device: Device, name: str | None = None) -> list[BookName]:
    """Return the private book and those of all conversations, or one conversation's alone.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    if name is not None:
        found = await conversations.named(device.vault.db, name)
        return [BookName(found.book, found.name, found.id)]
    named = [
        BookName(found.book, found.name, found.id)
        for found in await conversations.every(device.vault.db)
    ]
    return [BookName(device.vault.private_book, PRIVATE_TITLE, None), *named]


async def verify(device: Device) -> list[BookView]:
    """Check every book's chain from its first entry to the end that is stored beside it.

    Raises:
        JournalBroken: an entry was changed, removed or inserted, or the end is missing; the
            message says where.
    """
    checked = []
    for book in await books(device):
        verifier = chain.Verifier(book.id)
        messages = 0
        async for stored in journal_store.entries(device.vault.db, book.id):
            verifier.add(stored)
            messages += is_written(stored)
        verifier.require_end(await journal_store.end(device.vault.db, book.id))
        private = book.conversation is None
        head = verifier.head.hex()
        checked.append(BookView(book.title, verifier.position, head, messages, private))
    return checked


def _private(stored: Entry) -> record.PrivateEntry | None:
    if stored.content is None:
        return None
    decoded = record.decode(stored.content)
    return decoded if isinstance(decoded, record.PrivateEntry) else None


def _view(number: int, kept: record.PrivateEntry) -> JournalView:
    written: datetime = kept.recorded
    return JournalView(number, kept.id.hex(), written, kept.text, kept.mood)
