"""Writing the record, or one conversation's, as a zip."""

from __future__ import annotations

from typing import BinaryIO

from e2etherapy.journal.export import AttachedFile, Book, Exporter
from e2etherapy.journal.shown import Authors
from e2etherapy.messenger import journaling
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.journaling import BookName
from e2etherapy.messenger.settings import Setting, text_setting
from e2etherapy.messenger.views import BookView
from e2etherapy.vault import conversations, journal_store
from e2etherapy.wire import content
from e2etherapy.wire.content import Attachment


async def export(device: Device, file: BinaryIO, name: str | None) -> list[BookView]:
    """Write all books, or one conversation's, into `file`.

    Raises:
        UnknownConversation: there is no such conversation.
        JournalBroken: the record does not verify.
    """
    exporter = Exporter(file, device.clock())
    for book in await journaling.books(device, name):
        exporter.add(await _book(device, book))
    return [BookView(done.title, done.entries, done.head.hex()) for done in exporter.close()]


async def _book(device: Device, name: BookName) -> Book:
    owner = await text_setting(device.vault, Setting.NAME)
    entries = [entry async for entry in journal_store.entries(device.vault.db, name.id)]
    return Book(
        id=name.id,
        title=name.title,
        authors=Authors(owner or f"The {device.vault.role}", name.title),
        entries=entries,
        end=await journal_store.end(device.vault.db, name.id),
        files=await _files(device, name),
    )


async def _files(device: Device, name: BookName) -> list[AttachedFile]:
    """Load a conversation's attached files, those of both people."""
    if name.conversation is None:
        return []
    found = []
    db = device.vault.db
    for row in await conversations.attachments(db, name.conversation):
        packed = await conversations.packed_whole(db, name.conversation, row.author, row.id)
        body = content.unpack_body(packed)
        if isinstance(body.item, Attachment):
            found.append(AttachedFile(row.id.hex(), body.item.name, body.blob))
    return found
