"""Writing the record, or one conversation's, as a zip."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import BinaryIO

from e2etherapy.errors import MalformedData, MessengerError
from e2etherapy.journal.export import AttachedFile, Book, BookWriter, Exporter, WrittenBook
from e2etherapy.journal.redaction import redact
from e2etherapy.journal.shown import Authors
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.inbound.joined import Joined
from e2etherapy.messenger.record import journaling
from e2etherapy.messenger.record.journaling import BookName
from e2etherapy.messenger.settings import Setting, text_setting
from e2etherapy.messenger.views import ExportedBookView
from e2etherapy.vault import journal_store, pieces, threads
from e2etherapy.vault.records import Author, ItemRow
from e2etherapy.wire.content import Attachment


async def export(
    device: Device, file: BinaryIO, name: str | None, blanked: Collection[int] = ()
) -> list[ExportedBookView]:
    """Write all books, or one conversation's, into `file`.

    What cannot be read in an entry or of a file is left out and counted; everything else is there.

    Args:
        device: whose record it is.
        file: takes the zip.
        name: the conversation's; None for everything.
        blanked: numbers of entries of this conversation whose content is not in the copy.

    Raises:
        UnknownConversation: there is no such conversation.
        JournalBroken: the record does not verify.
        MessengerError: there is no entry with a number, or none can be meant without a name.
    """
    if blanked and name is None:
        raise MessengerError(
            "Name the conversation whose entries are to be blanked. Nothing was exported."
        )
    exporter = Exporter(file, device.clock())
    books = await journaling.books(device, name)
    for book in books:
        writer = exporter.begin(await _book(device, book, blanked))
        await attach_files(device, book, writer)
        writer.close()
    return [view(book, done) for book, done in zip(books, exporter.close(), strict=True)]


def view(book: BookName, done: WrittenBook) -> ExportedBookView:
    """Return what was written of a book."""
    return ExportedBookView(
        title=done.title,
        entries=done.entries,
        head=done.head.hex(),
        messages=done.messages,
        private=book.conversation is None,
        unreadable=done.unreadable,
        missing_files=done.missing_files,
    )


async def _book(device: Device, name: BookName, blanked: Collection[int]) -> Book:
    book = await whole_book(device, name)
    unknown = set(blanked) - {entry.position for entry in book.entries}
    if unknown:
        raise MessengerError(
            f"There is no entry {min(unknown)} in the record with {name.title}. "
            "Nothing was exported."
        )
    kept = redact(book.entries, lambda entry: entry.position not in blanked)
    return replace(book, entries=list(kept))


async def whole_book(device: Device, name: BookName) -> Book:
    """Return a book with everything that it has."""
    owner = await text_setting(device.vault, Setting.NAME)
    db = device.vault.db
    return Book(
        id=name.id,
        title=name.title,
        authors=Authors(owner or f"The {device.vault.role}", name.title),
        entries=[entry async for entry in journal_store.entries(db, name.id)],
        end=await journal_store.end(db, name.id),
    )


async def attach_files(device: Device, name: BookName, writer: BookWriter) -> None:
    """Write a conversation's files, those of both people, with one in memory at a time."""
    if name.conversation is None:
        return
    for row in await threads.attachments(device.vault.db, name.conversation):
        await _attach(device, row.item, writer)


async def _attach(device: Device, row: ItemRow, writer: BookWriter) -> None:
    joined, data = Joined(), bytearray()
    try:
        async for piece in pieces.of_whole(device.vault.db, row.conversation, row.author, row.id):
            data += joined.add(piece)
        head, _ = joined.end()
    except MalformedData:
        # The copy says which file is missing; it must not withhold everything else.
        return
    if isinstance(head.item, Attachment):
        writer.attach(AttachedFile(row.id.hex(), head.item.name, data, row.author is Author.OWN))
