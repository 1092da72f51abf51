"""Passing on the entries of the record that a client has allowed, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from e2etherapy.errors import InvalidText, MessengerError
from e2etherapy.errors.therapy import WordsRemain
from e2etherapy.journal import record
from e2etherapy.journal.export import Book, Exporter
from e2etherapy.journal.pseudonyms import Pseudonyms, can_be_found
from e2etherapy.journal.record import EventName
from e2etherapy.journal.redaction import redact
from e2etherapy.journal.shown import Authors, visible
from e2etherapy.messenger.care.speaking import numbered, require_role
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.record import exporting, extracting, journaling
from e2etherapy.messenger.record.extracting import ExtractView
from e2etherapy.messenger.views import ExportedBookView
from e2etherapy.vault import conversations
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire.role import Role

_LONGEST: Final = 200
"""Characters of words that are replaced, and of those that stand there instead."""
_MOST_TOLD: Final = 10
"""How many places a sentence names in which words are left."""


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


async def write(
    device: Device,
    file: BinaryIO,
    request: tuple[str, int],
    pairs: Sequence[tuple[str, str]],
    *,
    anyway: bool = False,
) -> WrittenExtract:
    """Write the entries that a client has allowed into a zip; all others are blank in it.

    The record says that it was done before this returns.

    Args:
        device: the therapist's.
        file: takes the zip.
        request: the conversation's name, and the request's number from 1.
        pairs: words that are replaced, each with what stands there instead. An entry with one of
            them is told anew; it is blank in what verifies, and its file is left out.
        anyway: write it also if the words still stand in it, within others.

    Raises:
        WrongRole: this is a client's vault.
        MessengerError: there is no such request, the client does not allow it (any more), an entry
            is not here, or words cannot be replaced.
        InvalidText: words to be replaced are empty, or too long.
        WordsRemain: the words still stand in what would be shown.
        JournalBroken: the record does not verify.
        OldCopy: this vault may have a newer copy elsewhere, where it was taken back.
    """
    require_role(device, Role.THERAPIST, "passes on entries of the record")
    device.vault.require_only_copy()
    _require_pairs(pairs)
    name, number = request
    view = numbered(await extracting.shown(device, name), number, "extract")
    _require_allowed(view)
    found = await conversations.named(device.vault.db, name)
    (book,) = await journaling.books(device, found.name)
    names = Pseudonyms(pairs)
    exporter = Exporter(file, device.clock())
    redacted = _redacted(await exporting.whole_book(device, book), view, names)
    if not anyway:
        _require_none_left(_passed_on(redacted, view, names), names)
    writer = exporter.begin(redacted)
    await exporting.attach_files(device, book, writer)
    writer.close()
    exporter.write_beside("EXTRACT.txt", "What was allowed", _about(view, names).encode())
    (done,) = exporter.close()
    await _record(device, found, view)
    return WrittenExtract(exporting.view(book, done), len(view.entries), done.files, names.counts)


def _require_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    for words in (word for pair in pairs for word in pair):
        if not can_be_found(words) or len(words) > _LONGEST:
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


def _passed_on(
    book: Book, view: ExtractView, names: Pseudonyms
) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Return everything that is shown to somebody else, each with where it stands."""
    for one in view.entries:
        yield f"entry {one.number}", (book.retold.get(one.number, one.shown).text,)
    # An entry is headed by one of these names.
    yield "the title or a name", (book.title, book.authors.owner, book.authors.other)
    yield "what the client was asked", (names.told(view.asked.text),)


def _require_none_left(passed_on: Iterable[tuple[str, tuple[str, ...]]], names: Pseudonyms) -> None:
    left = [
        f"{where} ({', '.join(sorted(around))})"
        for where, texts in passed_on
        if (around := {within for _, within in names.remaining(texts)})
    ]
    if left:
        more = f"; and {len(left) - _MOST_TOLD} more" if len(left) > _MOST_TOLD else ""
        raise WordsRemain(
            "Words that were to be replaced still stand within others, in "
            f"{'; '.join(left[:_MOST_TOLD])}{more}. Nothing was written. Replace those words too, "
            "or write it as it is with --anyway."
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
