"""Passing on entries of the record with the client's consent: asked, seen, allowed, written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from e2etherapy.errors import InvalidText, MessengerError
from e2etherapy.journal import record
from e2etherapy.journal.chain import Entry
from e2etherapy.journal.export import Book, Exporter
from e2etherapy.journal.pseudonyms import Pseudonyms
from e2etherapy.journal.record import EventName
from e2etherapy.journal.redaction import redact
from e2etherapy.journal.shown import Authors, Shown, show, visible
from e2etherapy.messenger import exporting, journaling, sending
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.courier import no_progress
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.speaking import (
    numbered,
    require_role,
    require_words,
    speaking,
)
from e2etherapy.messenger.views import ExportedBookView, SendReport
from e2etherapy.therapy.care.extracts import AskedExtract, digest_of
from e2etherapy.vault import conversations, erasures
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire.care import MAX_DOCUMENT, MAX_EXTRACT, ExtractAnswer, ExtractRequest
from e2etherapy.wire.role import Role

_LONGEST: Final = 200
"""Characters of words that are replaced, and of those that stand there instead."""


@dataclass(frozen=True, slots=True, repr=False)
class RecordEntry:
    """An entry of a conversation's record that both devices hold, and that can be passed on.

    Attributes:
        number: its position in the book of this device; the other one's is another.
        digest: by which a request names it, 32 bytes.
        shown: as a person reads it.
    """

    number: int
    digest: bytes
    shown: Shown


@dataclass(frozen=True, slots=True, repr=False)
class ExtractView:
    """What was asked for, and exactly what would be passed on.

    Attributes:
        number: among all requests of the conversation, from 1; it stays.
        asked: the request, and what became of it.
        entries: those that it names, as they stand on this device.
        missing: how many of them are not here.
    """

    number: int
    asked: AskedExtract
    entries: tuple[RecordEntry, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class WrittenExtract:
    """What was written into a file.

    Attributes:
        book: of the record.
        entries: how many are shown.
        files: how many attached files went along, as they are.
        replaced: how often words were replaced, by the words.
    """

    book: ExportedBookView
    entries: int
    files: int
    replaced: Mapping[str, int]


async def entries(device: Device, name: str, *, hidden: bool) -> tuple[RecordEntry, ...]:
    """Return what of a conversation could be passed on, what is hidden only if that is asked for.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    (book,) = await journaling.books(device, found.name)
    whole = await exporting.whole_book(device, book)
    out = await erasures.hidden_positions(device.vault.db, book.id)
    return _entries(found, whole.entries, whole.authors, frozenset() if hidden else out)


def _entries(
    found: ConversationRecord, stored: Sequence[Entry], authors: Authors, out: frozenset[int]
) -> tuple[RecordEntry, ...]:
    listed = []
    for entry in stored:
        shown = show(entry, authors)
        if entry.content is None or shown.kind != "message" or entry.position in out:
            continue
        said = record.decode(entry.content)
        if isinstance(said, record.Message):
            author = found.role if said.direction == "sent" else found.role.other()
            digest = digest_of(author, bytes(said.item))
            listed.append(RecordEntry(entry.position, digest, shown))
    return tuple(listed)


async def ask(
    device: Device, name: str, numbers: Collection[int], text: str, *, hidden: bool = False
) -> SendReport:
    """Ask a client whether some entries may be shown to somebody else.

    Args:
        device: the therapist's.
        name: the conversation's.
        numbers: of the entries, as `entries` numbers them.
        text: to whom they would be shown, and why.
        hidden: some may be hidden.

    Raises:
        WrongRole: this is a client's vault.
        InvalidText: the text is empty or too long.
        MessengerError: an entry cannot be passed on, or 20 requests are open.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.THERAPIST, "asks for an extract")
    require_words(text, "The reason", MAX_DOCUMENT)
    known = {one.number: one.digest for one in await entries(device, name, hidden=hidden)}
    unknown = sorted(set(numbers) - known.keys())
    if unknown:
        raise MessengerError(
            f"Entry {unknown[0]} is hidden, or no message that both of you have. 'e2etherapy "
            "extract entries' lists what can be passed on, --hidden all of it. Nothing was sent."
        )
    if not 1 <= len(set(numbers)) <= MAX_EXTRACT:
        raise MessengerError(f"Name 1 to {MAX_EXTRACT} entries. Nothing was sent.")
    named = [known[number] for number in sorted(set(numbers))]
    async with speaking(device, name) as speaker:
        item = speaker.say(ExtractRequest, text=text, entries=named)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def shown(device: Device, name: str) -> tuple[ExtractView, ...]:
    """Return every request of a conversation with what it would pass on, the first one first.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    requests = (await care_of(device.vault.db, found)).extracts.all()
    here = {one.digest: one for one in await entries(device, name, hidden=True)} if requests else {}
    return tuple(_view(asked.number, asked, here) for asked in requests)


def _view(number: int, asked: AskedExtract, here: Mapping[bytes, RecordEntry]) -> ExtractView:
    found = tuple(here[digest] for digest in asked.entries if digest in here)
    return ExtractView(number, asked, found, len(asked.entries) - len(found))


async def answer(device: Device, name: str, number: int, *, allowed: bool) -> SendReport:
    """Allow that exactly these entries are shown, refuse it, or take back what was allowed.

    Args:
        device: the client's.
        name: the conversation's.
        number: the request's, from 1.
        allowed: False refuses, also what was allowed before.

    Raises:
        WrongRole: this is a therapist's vault.
        MessengerError: there is no such request, it was answered, or what it names is not here.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "answers what may be passed on")
    view = numbered(await shown(device, name), number, "extract")
    if allowed and view.missing:
        raise MessengerError(
            f"Entries that it names are not on this device ({view.missing}), so that you cannot "
            "see all that would be passed on. It cannot be allowed. Nothing was sent."
        )
    async with speaking(device, name) as speaker:
        item = speaker.say(ExtractAnswer, answers=view.asked.id, allowed=allowed)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def write(
    device: Device, file: BinaryIO, request: tuple[str, int], pairs: Sequence[tuple[str, str]]
) -> WrittenExtract:
    """Write the entries that a client has allowed into a zip; all others are blank in it.

    The record says that it was done before this returns.

    Args:
        device: the therapist's.
        file: takes the zip.
        request: the conversation's name, and the request's number from 1.
        pairs: words that are replaced, each with what stands there instead. An entry with one of
            them is told anew; it is blank in what verifies, and its file is left out.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: there is no such request, the client does not allow it (any more), an entry
            is not here, or words cannot be replaced.
        InvalidText: words to be replaced are empty, or too long.
        JournalBroken: the record does not verify.
        OldCopy: this vault may have a newer copy elsewhere, where it was taken back.
    """
    require_role(device, Role.THERAPIST, "passes on entries of the record")
    device.vault.require_only_copy()
    _require_pairs(pairs)
    name, number = request
    view = numbered(await shown(device, name), number, "extract")
    _require_allowed(view)
    found = await conversations.named(device.vault.db, name)
    (book,) = await journaling.books(device, found.name)
    names = Pseudonyms(pairs)
    exporter = Exporter(file, device.clock())
    redacted = _redacted(await exporting.whole_book(device, book), view, names)
    writer = exporter.begin(redacted)
    await exporting.attach_files(device, book, writer)
    writer.close()
    exporter.write("EXTRACT.txt", _about(view, names).encode())
    (done,) = exporter.close()
    await _record(device, found, view)
    return WrittenExtract(exporting.view(book, done), len(view.entries), done.files, names.counts)


def _require_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    for words in (word for pair in pairs for word in pair):
        if not words.strip() or len(words) > _LONGEST:
            raise InvalidText(
                f"Give 1 to {_LONGEST} characters to be replaced, and as many to stand there "
                "instead. Nothing was written."
            )


def _require_allowed(view: ExtractView) -> None:
    asked = view.asked
    if asked.is_open:
        raise MessengerError("The client has not answered this request. Nothing was written.")
    if not asked.in_force:
        taken = "has taken this back" if asked.withdrawn else "has refused this"
        raise MessengerError(f"The client {taken}. Nothing was written.")
    if view.missing:
        raise MessengerError(
            f"Entries that the client has allowed are not on this device any more ({view.missing})."
            " Ask anew for those that are. Nothing was written."
        )


def _redacted(book: Book, view: ExtractView, names: Pseudonyms) -> Book:
    """Blank what is not passed on, and what is told with other words."""
    allowed = {one.number: one.shown for one in view.entries}
    told_anew = {
        entry.position
        for entry in book.entries
        if entry.position in allowed and entry.content and names.stand_in(entry.content)
    }
    authors = Authors(names.told(book.authors.owner), names.told(book.authors.other))
    kept = allowed.keys() - told_anew
    return replace(
        book,
        title=names.told(book.title),
        authors=authors,
        entries=list(redact(book.entries, lambda entry: entry.position in kept)),
        retold={number: names.retold(allowed[number]) for number in sorted(told_anew)},
        shows_blanked=False,
    )


def _about(view: ExtractView, names: Pseudonyms) -> str:
    """Return what whoever gets the file has to know."""
    given = view.asked.answered
    when = f" on {given:%Y-%m-%d} (UTC)" if given else ""
    return (
        f"EXTRACT\n\nThe client has allowed{when} that the entries in this copy "
        f"({len(view.entries)}), and no others of the record, are shown to you. They may take that "
        "back: then delete this copy. Do not pass it on.\n\nWhat the client was asked:\n\n"
        f"{visible(names.told(view.asked.text))}\n"
    )


async def _record(device: Device, found: ConversationRecord, view: ExtractView) -> None:
    change = await device.begin(found)
    details: dict[str, str | int] = {
        "request": view.asked.id.hex(),
        "entries": len(view.entries),
    }
    event = record.Event(recorded=device.clock(), event=EventName.EXTRACT_WRITTEN, details=details)
    change.record(record.encode(event))
    await device.vault.commit(change)
