"""The files that people sent each other: their list, and the bytes of one, a few at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from e2etherapy.errors import MalformedData, MessengerError, UnknownConversation
from e2etherapy.journal import record
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.inbound.joined import Joined
from e2etherapy.messenger.views import AttachmentView, FileView
from e2etherapy.vault import conversations, erasures, pieces, threads
from e2etherapy.vault.records import Author, ThreadRow
from e2etherapy.vault.vault import Vault
from e2etherapy.wire import content
from e2etherapy.wire.content import Attachment
from e2etherapy.wire.role import Role

_LETTERS = {Role.CLIENT: "C", Role.THERAPIST: "T"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the pieces of a file lie in the vault."""

    conversation: int
    author: Author
    item: bytes


async def attachments(vault: Vault, name: str, *, hidden: bool = False) -> list[AttachmentView]:
    """Return the files of both people, in the order of the record.

    That order is this device's, as what each wrote crosses what the other did; a tag is of what
    both devices know. Those that were erased keep their numbers, and are not in the list; those
    that were hidden are in it only if `hidden` says so.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(vault.db, name)
    out = await erasures.hidden_in(vault.db, found.book)
    listed = []
    for number, row in enumerate(await threads.attachments(vault.db, found.id), 1):
        item = _described(row)
        if item is not None:
            own = row.item.author is Author.OWN
            author = found.role if own else found.role.other()
            file = FileView(item.id.hex(), item.name, item.media_type, item.size)
            written, is_hidden = moment_of(row.item.written), row.item.journal in out
            tag = f"{_LETTERS[author]}{item.sequence}"
            listed.append(AttachmentView(number, tag, author, own, written, file, is_hidden))
    return [view for view in listed if hidden or not view.hidden]


def _described(row: ThreadRow) -> Attachment | None:
    """Return what the record says of a file; None if that was erased, or cannot be read."""
    if row.content is None:
        return None
    try:
        entry = record.decode(row.content)
        item = content.decode_item(bytes(entry.item)) if isinstance(entry, record.Message) else None
    except MalformedData:
        return None
    return item if isinstance(item, Attachment) else None


async def numbered(vault: Vault, name: str, number: int | str) -> AttachmentView:
    """Return the file that has a number or a tag in the list, whether it is hidden or not.

    Raises:
        UnknownConversation: there is no such conversation.
        MessengerError: no file has it, or it was erased.
    """
    for view in await attachments(vault, name, hidden=True):
        if number in {view.number, view.tag}:
            return view
    raise MessengerError(
        f"There is no file {number} in the conversation with {name}; 'e2etherapy attachments "
        "list' and the name shows them. Nothing was written."
    )


async def stream(vault: Vault, name: str, item: str, author: Role) -> AsyncIterator[bytes]:
    """Yield an attached file's bytes, with few of them in memory.

    Args:
        vault: where to look.
        name: the conversation's.
        item: the item's id in hex.
        author: who sent it; each author chooses ids alone, and may choose one of the other's.

    Raises:
        UnknownConversation: there is no such conversation or file.
    """
    place = await _place(vault, name, item, author)
    joined = Joined()
    async for piece in _pieces(vault, place):
        yield joined.add(piece)
        if joined.head is not None and not isinstance(joined.head.item, Attachment):
            raise _unknown(name)
    if joined.head is None:
        raise _unknown(name)


async def attachment(vault: Vault, name: str, item: str, author: Role) -> tuple[str, bytes]:
    """Return an attached file's name and bytes, in memory as a whole; raises what `stream` does."""
    joined, data = Joined(), bytearray()
    async for piece in _pieces(vault, await _place(vault, name, item, author)):
        data += joined.add(piece)
    if joined.head is None or not isinstance(joined.head.item, Attachment):
        raise _unknown(name)
    return joined.head.item.name, bytes(data)


async def _place(vault: Vault, name: str, item: str, author: Role) -> _Place:
    found = await conversations.named(vault.db, name)
    try:
        whole = bytes.fromhex(item)
    except ValueError:
        raise _unknown(name) from None
    side = Author.OWN if author is found.role else Author.PEER
    if side is Author.PEER and whole in await pieces.partials(vault.db, found.id):
        raise _unknown(name)
    return _Place(found.id, side, whole)


def _pieces(vault: Vault, place: _Place) -> AsyncIterator[bytes]:
    return pieces.of_whole(vault.db, place.conversation, place.author, place.item)


def _unknown(name: str) -> UnknownConversation:
    return UnknownConversation(f"There is no such file in the conversation with {name}.")
