"""Which envelopes cannot be waiting in a mailbox yet, known without looking.

An index on digests would cost each deposit a page that lies anywhere in the file. Instead the
thread that writes remembers the beginnings of the digests of the mailboxes that it wrote to
lately. What is not among them does not wait; for what is, the database is asked. So it may know
of more than there is: of envelopes that were deleted, or whose transaction failed.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from typing import Final

from e2etherapy.mailbox.operations import MAILBOX_CAPACITY

KEPT: Final = 65_536
"""Beginnings of digests in all: 16 full mailboxes, some 5 MB."""

PREFIX_SIZE: Final = 8
"""Bytes. Whoever finds two envelopes with the same beginning has the database asked once more."""

_MOST_OF_ONE: Final = 2 * MAILBOX_CAPACITY
"""Then what was deleted meanwhile is dropped, by reading the mailbox again."""


def prefix_of(digest: bytes) -> int:
    """Return the beginning of a digest of 32 bytes as a number."""
    return int.from_bytes(digest[:PREFIX_SIZE], "big")


class KnownDigests:
    """Beginnings of the digests of at least everything that waits in some mailboxes."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._mailboxes: OrderedDict[bytes, set[int]] = OrderedDict()
        """Least lately used first."""
        self._size = 0

    def knows(self, mailbox: bytes) -> bool:
        """Say whether this mailbox is remembered."""
        return mailbox in self._mailboxes

    def learn(self, mailbox: bytes, prefixes: bytes) -> None:
        """Remember all that waits in a mailbox, 8 bytes of each digest one after the other."""
        self._forget(mailbox)
        numbers = set(struct.unpack(f">{len(prefixes) // PREFIX_SIZE}Q", prefixes))
        self._mailboxes[mailbox] = numbers
        self._size += len(numbers)

    def may_wait(self, mailbox: bytes, digest: bytes) -> bool:
        """Say whether an envelope may wait in a mailbox that is remembered."""
        self._mailboxes.move_to_end(mailbox)
        return prefix_of(digest) in self._mailboxes[mailbox]

    def add(self, mailbox: bytes, digest: bytes) -> None:
        """Remember what is about to be stored in a mailbox that is remembered."""
        numbers = self._mailboxes[mailbox]
        before = len(numbers)
        numbers.add(prefix_of(digest))
        self._size += len(numbers) - before

    def tidy(self) -> None:
        """Forget what is too much, once a group has been decided."""
        for mailbox in [box for box, all_ in self._mailboxes.items() if len(all_) > _MOST_OF_ONE]:
            self._forget(mailbox)
        while self._size + len(self._mailboxes) > self._most:
            self._forget(next(iter(self._mailboxes)))

    def _forget(self, mailbox: bytes) -> None:
        self._size -= len(self._mailboxes.pop(mailbox, ()))
