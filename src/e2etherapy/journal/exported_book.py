"""The JSON of an exported book, `journal.json` (docs/protocol.md, section 12.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from e2etherapy.journal.chain import BookId, Entry, Head

FORMAT = 1


class ExportedEntry(msgspec.Struct, frozen=True):
    """One entry; bytes as hex.

    Attributes:
        content: the text that was committed to; None where it was blanked or is not UTF-8.
        content_hex: only there if the content is not UTF-8: its bytes.
    """

    position: int
    salt: str | None
    content: str | None
    commitment: str
    head: str
    content_hex: str | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        """Name the type only."""
        return "<ExportedEntry>"


class ExportedFile(msgspec.Struct, frozen=True):
    """A file beside `journal.json`: hex id of its item, its path, hex SHA-256 and bytes."""

    item: str
    path: str
    sha256: str
    size: int


class Retold(msgspec.Struct, frozen=True):
    """What the pages show in the place of a blanked entry, in which words were replaced."""

    position: int
    text: str

    def __repr__(self) -> str:
        """Name the type only."""
        return "<Retold>"


class Listing(NamedTuple):
    """What stands beside the entries of a book.

    Attributes:
        files: what was written beside it.
        unreadable: positions of entries that the pages do not show.
        retold: what they show in the place of blanked ones.
    """

    files: list[ExportedFile]
    unreadable: list[int]
    retold: list[Retold]


class _ExportedBook(msgspec.Struct, frozen=True):
    format: int
    book: str
    title: str
    head: str
    attachments: list[ExportedFile]
    unreadable: list[int]
    entries: list[ExportedEntry]
    retold: list[Retold] | msgspec.UnsetType = msgspec.UNSET


def exported_entry(entry: Entry) -> ExportedEntry:
    """Return an entry as it stands in the file."""
    content: str | None = None
    content_hex: str | msgspec.UnsetType = msgspec.UNSET
    if entry.content is not None:
        try:
            content = entry.content.decode()
        except UnicodeDecodeError:
            # JSON has no room for such bytes, and the chain commits to every one of them.
            content_hex = entry.content.hex()
    return ExportedEntry(
        entry.position,
        None if entry.salt is None else entry.salt.hex(),
        content,
        entry.commitment.hex(),
        entry.head.hex(),
        content_hex,
    )


def encode(
    book: tuple[BookId, str, Head],
    entries: Iterable[Entry],
    listing: Listing,
) -> bytes:
    """Return the whole file.

    Args:
        book: its id, title and last head.
        entries: all of them, in order.
        listing: what stands beside them.
    """
    name, title, head = book
    whole = _ExportedBook(
        FORMAT,
        name.hex(),
        title,
        head.hex(),
        listing.files,
        listing.unreadable,
        [exported_entry(entry) for entry in entries],
        listing.retold or msgspec.UNSET,
    )
    return msgspec.json.format(msgspec.json.encode(whole), indent=1)
