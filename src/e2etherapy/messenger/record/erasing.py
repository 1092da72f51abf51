"""Single entries of the record: shown with their numbers, hidden, and erased for good."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from e2etherapy.errors import MalformedData, MessengerError
from e2etherapy.journal import erasure, record
from e2etherapy.journal.chain import Entry
from e2etherapy.journal.erasure import Erasures
from e2etherapy.journal.record import EventName
from e2etherapy.journal.shown import Authors, show
from e2etherapy.messenger.care import prioritising
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.record import holding, journaling
from e2etherapy.messenger.record.journaling import BookName
from e2etherapy.messenger.settings import Setting, text_setting
from e2etherapy.vault import conversations, erasures, journal_store, notes
from e2etherapy.vault.change import Change
from e2etherapy.vault.erasures import Standing
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire.role import Role


class EntryState(StrEnum):
    """What has become of an entry."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry of the record, as a person reads it.

    Attributes:
        number: its place in its book, from 1; it stays.
        heading: who wrote it; empty for what happened.
        when: a sentence with the times, UTC.
        text: what was written or what happened; of an erased one, why it is gone.
        state: shown, hidden or erased.
        recorded: when this device recorded it, UTC; None if that is gone or cannot be read.
    """

    number: int
    heading: str
    when: str
    text: str = field(repr=False)
    state: EntryState
    recorded: datetime | None


@dataclass(frozen=True, slots=True)
class HiddenView:
    """Entries that are hidden now, or shown again; `name` is None for the private journal."""

    name: str | None
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ErasedView:
    """What was erased.

    Attributes:
        name: of the conversation; None for the private journal.
        entries: the numbers of the entries, rising.
        erased: when, UTC.
        notes: process notes that were erased with them.
    """

    name: str | None
    entries: tuple[int, ...]
    erased: datetime
    notes: int = 0


async def entries(device: Device, name: str | None, *, hidden: bool = False) -> list[EntryView]:
    """Return the entries of a conversation's record, or of the private journal.

    Args:
        device: whose record it is.
        name: the conversation's; None for the private journal.
        hidden: return the hidden ones as well.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    book = await _book(device, name)
    owner = await text_setting(device.vault, Setting.NAME) or f"The {device.vault.role}"
    stored = [entry async for entry in journal_store.entries(device.vault.db, book.id)]
    told, authors = Erasures(stored), Authors(owner, book.title)
    standings = await erasures.standings(device.vault.db, book.id)
    views = [_view(entry, standings[entry.position], authors, told) for entry in stored]
    return [view for view in views if hidden or view.state is not EntryState.HIDDEN]


def _view(entry: Entry, standing: Standing, authors: Authors, told: Erasures) -> EntryView:
    state = EntryState.HIDDEN if standing.hidden else EntryState.SHOWN
    if standing.erased:
        state = EntryState.ERASED
    shown = show(entry, authors, told)
    seconds = _recorded(entry)
    recorded = None if seconds is None else moment_of(seconds)
    return EntryView(entry.position, shown.heading, shown.when, shown.text, state, recorded)


async def hide(device: Device, name: str | None, numbers: Collection[int]) -> HiddenView:
    """Show entries no more unless asked for; nothing is lost.

    Raises:
        MessengerError: there is no such entry, or it was erased.
        UnknownConversation: there is no such conversation.
    """

    def hidden(change: Change, standing: Standing, conversation: int | None) -> None:
        erasures.hide(change, standing.journal)
        if conversation is not None:
            erasures.mark_seen(change, conversation, standing.journal)

    return await _each(device, name, numbers, hidden)


async def unhide(device: Device, name: str | None, numbers: Collection[int]) -> HiddenView:
    """Show entries again.

    Raises:
        MessengerError: there is no such entry, or it was erased.
        UnknownConversation: there is no such conversation.
    """
    return await _each(
        device, name, numbers, lambda change, standing, _: erasures.unhide(change, standing.journal)
    )


async def _each(
    device: Device,
    name: str | None,
    numbers: Collection[int],
    do: Callable[[Change, Standing, int | None], None],
) -> HiddenView:
    book = await _book(device, name)
    chosen = await _chosen(device, book, numbers)
    change = await device.vault.begin(book.id, device.entropy)
    for standing in chosen:
        do(change, standing, book.conversation)
    await device.vault.commit(change)
    title = None if book.conversation is None else book.title
    return HiddenView(title, tuple(standing.position for standing in chosen))


async def erase(
    device: Device, name: str | None, numbers: Collection[int], reason: str
) -> ErasedView:
    """Erase what entries say, for good; the record says that, when and why.

    What the other side has, exports and backups stay as they are.

    Raises:
        LegalHold: nothing of this conversation may be erased.
        MessengerError: there is no such entry, it was erased before or accounts for what was, the
            reason cannot be one, or what has to be seen first is open.
        UnknownConversation: there is no such conversation.
    """
    holding.require_reason(reason, "Nothing was erased.")
    book, gone = await erasable(device, name, numbers)
    return await _erase(device, book, gone, reason)


async def erasable(
    device: Device, name: str | None, numbers: Collection[int]
) -> tuple[BookName, list[Entry]]:
    """Return what would be erased, before anybody is asked about it.

    Raises:
        LegalHold, MessengerError, UnknownConversation: as for `erase`.
    """
    book = await _book(device, name)
    await require_erasable(device, book)
    chosen = await _chosen(device, book, numbers, "Nothing was erased.")
    wanted = {standing.position for standing in chosen}
    stored = [entry async for entry in journal_store.entries(device.vault.db, book.id)]
    lasting = [one.position for one in stored if one.position in wanted and erasure.is_lasting(one)]
    if lasting:
        raise MessengerError(
            f"Entry {lasting[0]} accounts for what was erased, kept or passed on, and stays. "
            "Nothing was erased."
        )
    return book, [one for one in stored if one.position in wanted]


async def erase_all(device: Device, found: ConversationRecord, reason: str) -> ErasedView:
    """Erase everything that is kept of a conversation but what accounts for it.

    Process notes go with it, drafts, texts for later or begun, and what came only in part.

    Raises:
        LegalHold: nothing of this conversation may be erased.
        MessengerError: what has to be seen first is open.
    """
    book = BookName(found.book, found.name, found.id)
    await require_erasable(device, book)
    stored = [entry async for entry in journal_store.entries(device.vault.db, book.id)]
    gone = [one for one in stored if one.content is not None and not erasure.is_lasting(one)]
    return await _erase(device, book, gone, reason, whole=True)


async def require_erasable(device: Device, book: BookName) -> None:
    """Refuse to erase what is held, or what nobody has answered a call for help in.

    Raises:
        LegalHold, MessengerError: one of the two.
    """
    if book.conversation is None:
        return
    found = await conversations.by_id(device.vault.db, book.conversation)
    await holding.require_none(device, found)
    if device.vault.role is Role.THERAPIST and await prioritising.open_flags(device, found):
        raise MessengerError(
            f"Something of {found.name}'s has to be seen first. Nothing was erased. 'e2etherapy "
            "resolve' records what was done about it."
        )


async def _erase(
    device: Device, book: BookName, gone: Sequence[Entry], reason: str, *, whole: bool = False
) -> ErasedView:
    standings = await erasures.standings(device.vault.db, book.id)
    change = await device.vault.begin(book.id, device.entropy)
    now = device.clock()
    positions = tuple(entry.position for entry in gone)
    noted = 0
    if positions:
        details: dict[str, str | int] = {"entries": erasure.written(positions), "reason": reason}
        event = record.Event(recorded=now, event=EventName.ENTRIES_ERASED, details=details)
        told = change.record(record.encode(event))
        numbered = [(standings[one.position].journal, _recorded(one)) for one in gone]
        erasures.erase(change, book.conversation, numbered, told)
    if whole and book.conversation is not None:
        kept = await notes.of(device.vault.db, book.conversation)
        noted = sum(note.sealed is not None for note in kept)
        notes.erase_all(change, book.conversation)
        erasures.forget_beside(change, book.conversation)
    await device.vault.commit(change)
    title = None if book.conversation is None else book.title
    return ErasedView(title, positions, now, noted)


def _recorded(entry: Entry) -> int | None:
    """Return when an entry was recorded, in Unix seconds, if it says so."""
    try:
        said = record.decode(entry.content or b"")
    except MalformedData:
        return None
    if isinstance(said, record.UnknownEntry):
        return None
    return int(said.recorded.timestamp())


async def _book(device: Device, name: str | None) -> BookName:
    books = await journaling.books(device, name)
    return books[0]


async def _chosen(
    device: Device, book: BookName, numbers: Iterable[int], undone: str = "Nothing was changed."
) -> list[Standing]:
    """Return how entries stand whose content is there."""
    standings = await erasures.standings(device.vault.db, book.id)
    chosen = sorted(set(numbers))
    if not chosen:
        raise MessengerError(f"Name at least one entry by its number. {undone}")
    unknown = [number for number in chosen if number not in standings]
    if unknown:
        raise MessengerError(f"There is no entry {unknown[0]} in {book.title}. {undone}")
    erased = [number for number in chosen if standings[number].erased]
    if erased:
        raise MessengerError(f"Entry {erased[0]} was erased before. {undone}")
    return [standings[number] for number in chosen]
