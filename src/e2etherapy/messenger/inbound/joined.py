"""The joined pieces of an item, read as they come: a file is never in memory as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

from e2etherapy.errors import MalformedData
from e2etherapy.primitives.digest import Sha256
from e2etherapy.wire.body import MAX_JSON_BYTES, Head, head_size, unpack_head

_LENGTH_SIZE = 4


class Joined:
    """Reads one item's packed form, piece by piece.

    Attributes:
        head: the item itself, once all of its JSON has come.
        size: how many of its bytes have come.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.head: Head | None = None
        self.size = 0
        self._begun = bytearray()
        self._hash = Sha256()

    def add(self, piece: bytes) -> bytes:
        """Go on with a piece; return what of it belongs to the bytes of the item.

        Raises:
            MalformedData: its JSON breaks its form.
        """
        if self.head is None:
            self._begun += piece
            if not self._is_whole():
                return b""
            whole = bytes(self._begun)
            self._begun.clear()
            self.head = unpack_head(whole)
            piece = whole[self.head.size :]
        self.size += len(piece)
        self._hash.add(piece)
        return piece

    def _is_whole(self) -> bool:
        """Say whether all of the JSON has come, or more than there may be of it."""
        if len(self._begun) < _LENGTH_SIZE:
            return False
        end = head_size(self._begun)
        return end <= len(self._begun) or end > _LENGTH_SIZE + MAX_JSON_BYTES

    def end(self) -> tuple[Head, bytes]:
        """Return the item and the SHA-256 of its bytes.

        Raises:
            MalformedData: something is missing, or stands behind it.
        """
        if self.head is None:
            raise MalformedData("A body's length field points behind its end.")
        if self.size != self.head.blob_size:
            raise MalformedData("A body's blob or padding does not fit.")
        return self.head, self._hash.digest()


async def read(pieces: AsyncIterator[bytes]) -> tuple[Head, bytes]:
    """Return the item that pieces give, and the SHA-256 of its bytes.

    Raises:
        MalformedData: they give none.
    """
    joined = Joined()
    async for piece in pieces:
        joined.add(piece)
    return joined.end()
