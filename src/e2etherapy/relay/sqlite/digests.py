"""Where an envelope may be waiting in a mailbox already, known without looking.

An index on digests would cost each deposit a page that lies anywhere in the file. Instead the
thread that writes remembers the beginnings of the digests of the mailboxes that it wrote to
lately, and where each lies. What is not among them does not wait; for what is, that one row is
looked at. So it may know of more than there is: of envelopes that were deleted, or whose
transaction failed.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from e2etherapy.mailbox.operations import MAILBOX_CAPACITY

PREFIX_SIZE: Final = 8
"""Bytes of a digest."""
_RECORD: Final = struct.Struct(f">{PREFIX_SIZE}sI")
RECORD_SIZE: Final = _RECORD.size
"""Bytes: the beginning of a digest, and its position's count."""

KEPT: Final = 8_388_608
"""Bytes in all: 170 full mailboxes."""
_A_MAILBOX: Final = 512
"""Bytes that one takes with nothing in it, about."""

_MOST_OF_ONE: Final = 2 * MAILBOX_CAPACITY * RECORD_SIZE
"""Then what was deleted meanwhile is dropped, by reading the mailbox again."""


class KnownDigests:
    """What waits in some mailboxes, and perhaps more."""

    def __init__(self, most: int = KEPT) -> None:
        """Take how many bytes may be kept."""
        self._most = most
        self._mailboxes: OrderedDict[bytes, bytearray] = OrderedDict()
        """Least lately used first."""
        self._size = 0

    def knows(self, mailbox: bytes) -> bool:
        """Say whether this mailbox is remembered."""
        return mailbox in self._mailboxes

    def learn(self, mailbox: bytes, records: bytes) -> None:
        """Remember all that waits in a mailbox: 12 bytes for each, one after the other."""
        self._forget(mailbox)
        self._mailboxes[mailbox] = bytearray(records)
        self._size += _A_MAILBOX + len(records)

    def counts(self, mailbox: bytes, digest: bytes) -> Iterator[int]:
        """Yield the counts of the positions at which an envelope may wait in a known mailbox."""
        self._mailboxes.move_to_end(mailbox)
        records, prefix = self._mailboxes[mailbox], digest[:PREFIX_SIZE]
        start = records.find(prefix)
        while start >= 0:
            if start % RECORD_SIZE == 0:
                yield _RECORD.unpack_from(records, start)[1]
            start = records.find(prefix, start + 1)

    def add(self, mailbox: bytes, digest: bytes, count: int) -> None:
        """Remember what is about to be stored in a mailbox that is remembered."""
        self._mailboxes[mailbox] += _RECORD.pack(digest[:PREFIX_SIZE], count)
        self._size += RECORD_SIZE

    def forget_all(self) -> None:
        """Read each mailbox again when it is asked for."""
        self._mailboxes.clear()
        self._size = 0

    def tidy(self) -> None:
        """Forget what is too much, once a group has been decided."""
        for mailbox in [box for box, all_ in self._mailboxes.items() if len(all_) > _MOST_OF_ONE]:
            self._forget(mailbox)
        while self._size > self._most:
            self._forget(next(iter(self._mailboxes)))

    def _forget(self, mailbox: bytes) -> None:
        records = self._mailboxes.pop(mailbox, None)
        if records is not None:
            self._size -= _A_MAILBOX + len(records)
