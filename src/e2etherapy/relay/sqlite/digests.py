"""Where an envelope may be waiting in a mailbox already, known without looking.

An index on digests would cost each deposit a page that lies anywhere in the file. Instead the
thread that writes remembers the beginnings of the digests of the mailboxes that it wrote to
lately, and where each lies. What is not among them does not wait; for what is, that one row is
looked at. So it may know of more than there is: of envelopes that were deleted, or whose
transaction failed.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from e2etherapy.mailbox.operations import MAILBOX_CAPACITY

PREFIX_SIZE: Final = 8
"""Bytes of a digest."""
_RECORD: Final = struct.Struct(">QI")
RECORD_SIZE: Final = _RECORD.size
"""Bytes: the beginning of a digest, and its position's count."""

KEPT: Final = 8_388_608
"""Bytes in all: 170 full mailboxes."""
_A_MAILBOX: Final = 512
"""Bytes that one takes with nothing in it, about."""

_MOST_OF_ONE: Final = 2 * MAILBOX_CAPACITY
"""Then what was deleted meanwhile is dropped, by reading the mailbox again."""


class KnownDigests:
    """What waits in some mailboxes, and perhaps more."""

    def __init__(self, most: int = KEPT) -> None:
        """Take how many bytes may be kept."""
        self._most = most
        self._mailboxes: OrderedDict[bytes, _Digests] = OrderedDict()
        """Least lately used first."""
        self._too_many: set[bytes] = set()
        """In which more was added than one may hold."""
        self._size = 0

    def knows(self, mailbox: bytes) -> bool:
        """Say whether this mailbox is remembered."""
        return mailbox in self._mailboxes

    def learn(self, mailbox: bytes, records: bytes) -> None:
        """Remember all that waits in a mailbox: 12 bytes for each, one after the other."""
        self._forget(mailbox)
        self._mailboxes[mailbox] = _Digests(records)
        self._size += _A_MAILBOX + len(records)

    def counts(self, mailbox: bytes, digest: bytes) -> Iterator[int]:
        """Yield the counts of the positions at which an envelope may wait in a known mailbox."""
        self._mailboxes.move_to_end(mailbox)
        return self._mailboxes[mailbox].counts(_prefix(digest))

    def add(self, mailbox: bytes, digest: bytes, count: int) -> None:
        """Remember what is about to be stored in a mailbox that is remembered."""
        digests = self._mailboxes[mailbox]
        digests.add(_prefix(digest), count)
        self._size += RECORD_SIZE
        if len(digests) > _MOST_OF_ONE:
            self._too_many.add(mailbox)

    def forget_all(self) -> None:
        """Read each mailbox again when it is asked for."""
        self._mailboxes.clear()
        self._too_many.clear()
        self._size = 0

    def tidy(self) -> None:
        """Forget what is too much, once a group has been decided."""
        while self._too_many:
            self._forget(self._too_many.pop())
        while self._size > self._most:
            self._forget(next(iter(self._mailboxes)))

    def _forget(self, mailbox: bytes) -> None:
        digests = self._mailboxes.pop(mailbox, None)
        if digests is not None:
            self._size -= _A_MAILBOX + RECORD_SIZE * len(digests)


class _Digests:
    """Those of one mailbox in their order, so that one is found as quickly among thousands."""

    __slots__ = ("_counts", "_prefixes")

    def __init__(self, records: bytes) -> None:
        sorted_ = sorted(_RECORD.iter_unpack(records))
        self._prefixes = array("Q", [prefix for prefix, _ in sorted_])
        self._counts = array("I", [count for _, count in sorted_])

    def __len__(self) -> int:
        return len(self._prefixes)

    def counts(self, prefix: int) -> Iterator[int]:
        place = bisect_left(self._prefixes, prefix)
        while place < len(self._prefixes) and self._prefixes[place] == prefix:
            yield self._counts[place]
            place += 1

    def add(self, prefix: int, count: int) -> None:
        place = bisect_left(self._prefixes, prefix)
        self._prefixes.insert(place, prefix)
        self._counts.insert(place, count)


def _prefix(digest: bytes) -> int:
    return int.from_bytes(digest[:PREFIX_SIZE], "big")
