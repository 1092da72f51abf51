"""Writing the record, or one conversation's, as a zip."""

from __future__ import annotations

from typing import BinaryIO

from e2etherapy.errors import MalformedData
from e2etherapy.journal.export import AttachedFile, Book, BookWriter, Exporter
from e2etherapy.journal.shown import Authors
from e2etherapy.messenger import journaling
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.journaling import BookName
from e2etherapy.messenger.settings import Setting, text_setting
from e2etherapy.messenger.views import ExportedBookView
from e2etherapy.vault import journal_store, pieces, threads
from e2etherapy.vault.records import ItemRow
from e2etherapy.wire.body import unpack_body
from e2etherapy.wire.content import Attachment


async def export(device: Device, file: BinaryIO, name: str | None) -> list[ExportedBookView]:
    """Write all books, or one conversation's, into `file`.

    What cannot be read in an entry or of a file is left out and counted; everything else is there.

    Raises:
        UnknownConversation: there is no such conversation.
        JournalBroken: the record does not verify.
    """
    exporter = Exporter(file, device.clock())
    books = await journaling.books(device, name)
    for book in books:
        writer = exporter.begin(await _book(device, book))
        await _attach_files(device, book, writer)
        writer.close()
    return [
        ExportedBookView(
            title=done.title,
            entries=done.entries,
            head=done.head.hex(),
            messages=done.messages,
            private=book.conversation is None,
            unreadable=done.unreadable,
            missing_files=done.missing_files,
        )
        for book, done in zip(books, exporter.close(), strict=True)
    ]


async def _book(device: Device, name: BookName) -> Book:
    owner = await text_setting(device.vault, Setting.NAME)
    db = device.vault.db
    return Book(
        id=name.id,
        title=name.title,
        authors=Authors(owner or f"The {device.vault.role}", name.title),
        entries=[entry async for entry in journal_store.entries(db, name.id)],
        end=await journal_store.end(db, name.id),
    )


async def _attach_files(device: Device, name: BookName, writer: BookWriter) -> None:
    """Write a conversation's files, those of both people, with one in memory at a time."""
    if name.conversation is None:
        return
    for row in await threads.attachments(device.vault.db, name.conversation):
        await _attach(device, row, writer)


async def _attach(device: Device, row: ItemRow, writer: BookWriter) -> None:
    packed = await pieces.packed_whole(device.vault.db, row.conversation, row.author, row.id)
    try:
        body = unpack_body(packed)
    except MalformedData:
        # The copy says which file is missing; it must not withhold everything else.
        return
    if isinstance(body.item, Attachment):
        writer.attach(AttachedFile(row.id.hex(), body.item.name, body.blob))
