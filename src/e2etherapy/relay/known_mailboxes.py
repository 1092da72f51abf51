"""What mailboxes hold that were deposited into lately, known without looking (decision 0021).

In SQLite the thread that writes is the only one that changes a mailbox (`sqlite.lock`), so what it
left is what it will find. In PostgreSQL other nodes write too, so that the statement that writes
compares what is known with what there is.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from e2etherapy.relay.decisions import MailboxState

KEPT: Final = 16_384
"""Mailboxes; some 450 bytes each, 7 MB in all."""


@dataclass(frozen=True, slots=True, repr=False)
class KnownMailbox:
    """A mailbox as the last transaction left it.

    Attributes:
        deposit_key_hash: 32 bytes.
        last_position: the highest that it ever had.
        waiting: how many envelopes wait.
        number: what its envelopes lie under in SQLite.
    """

    deposit_key_hash: bytes
    last_position: int
    waiting: int
    number: int = 0

    @classmethod
    def left(cls, state: MailboxState, number: int = 0) -> KnownMailbox:
        """Return a mailbox as it is once what a group adds is stored."""
        last = state.last_position + state.added
        return cls(state.deposit_key_hash, last, state.waiting, number)

    def state(self) -> MailboxState:
        """Return what a group begins with."""
        return MailboxState(
            exists=True,
            deposit_key_hash=self.deposit_key_hash,
            last_position=self.last_position,
            waiting=self.waiting,
        )


class KnownMailboxes:
    """What some mailboxes hold, for whoever shows the right key.

    Whoever shows another key makes the work of looking the mailbox up, whether it is known, only
    there, or not there at all: the time of an answer says nothing about what others did.
    """

    def __init__(self, most: int = KEPT) -> None:
        """Take how many may be kept."""
        self._most = most
        self._mailboxes: OrderedDict[bytes, KnownMailbox] = OrderedDict()
        """Least lately written to first."""

    def shown(self, mailbox: bytes, key_hash: bytes) -> KnownMailbox | None:
        """Return what is known of a mailbox if this is its deposit key's hash."""
        known = self._mailboxes.get(mailbox, _NONE)
        same = hmac.compare_digest(known.deposit_key_hash, key_hash)
        return known if same and known is not _NONE else None

    def keep(self, mailbox: bytes, known: KnownMailbox) -> None:
        """Remember what was committed."""
        self._mailboxes[mailbox] = known
        self._mailboxes.move_to_end(mailbox)
        if len(self._mailboxes) > self._most:
            self._mailboxes.popitem(last=False)

    def forget(self, mailbox: bytes) -> None:
        """Look this one up the next time."""
        self._mailboxes.pop(mailbox, None)

    def forget_all(self) -> None:
        """Look every mailbox up the next time."""
        self._mailboxes.clear()


_NONE: Final = KnownMailbox(bytes(32), 0, 0)
