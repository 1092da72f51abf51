"""What a store decides once it has looked at its rows: the same in every database.

Everything here is pure. A store hands in what it found, having done the same work whether it
found it or not, and writes what comes out.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from e2etherapy.mailbox.capabilities import ClaimHash, DepositKeyHash
from e2etherapy.mailbox.operations import MAILBOX_CAPACITY
from e2etherapy.relay.store import (
    Contradiction,
    Deposit,
    MailboxFull,
    PutMark,
    Refused,
    StoreError,
    claim_is_over,
)

REFUSAL = "There is nothing here for this key."

EnvelopeRow = tuple[bytes, int, bytes, int, bytes]
"""Mailbox, position, digest, day and envelope."""


@dataclass(slots=True)
class MailboxState:
    """What a group needs to know of one mailbox, carried forward from deposit to deposit.

    Attributes:
        exists: whether there is such a mailbox; if not, the rest is made up.
        deposit_key_hash: 32 bytes.
        last_position: as it was found.
        waiting: how many envelopes wait, those that the group adds included.
        added: how many the group adds.
        repeated: whether the group holds an envelope that waits already.
    """

    exists: bool
    deposit_key_hash: bytes
    last_position: int
    waiting: int
    added: int = 0
    repeated: bool = False

    @property
    def is_written(self) -> bool:
        """Whether the answers wait for a commit: new envelopes', or that of what waits already."""
        return self.repeated or self.added > 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of some deposits: for each why it is not stored or None, and the new rows."""

    outcomes: list[StoreError | None]
    rows: list[EnvelopeRow]


def decide_deposits(
    deposits: Sequence[Deposit],
    mailboxes: Mapping[bytes, MailboxState],
    waiting: set[tuple[bytes, bytes]],
) -> Decision:
    """Decide one deposit after another.

    Args:
        deposits: in the order in which they came.
        mailboxes: the state of each mailbox that a deposit names, brought forward by this.
        waiting: mailbox and digest of each deposit whose envelope waits there already.

    Returns:
        The rows in the order of their mailboxes, so that the order in which they are written
        does not keep the order of arrival in a group.
    """
    rows: list[EnvelopeRow] = []
    outcomes = [_decide(deposit, mailboxes[deposit.mailbox], waiting, rows) for deposit in deposits]
    rows.sort()
    return Decision(outcomes, rows)


def _decide(
    deposit: Deposit,
    mailbox: MailboxState,
    waiting: set[tuple[bytes, bytes]],
    rows: list[EnvelopeRow],
) -> StoreError | None:
    """Return why a deposit is not stored, or None; add its row if it makes one."""
    same = hmac.compare_digest(mailbox.deposit_key_hash, deposit.key_hash)
    if not same or not mailbox.exists:
        return Refused(REFUSAL)
    if (deposit.mailbox, deposit.digest) in waiting:
        mailbox.repeated = True
        return None
    if not has_room(mailbox.waiting, 1):
        return MailboxFull("The mailbox has no room.")
    mailbox.added += 1
    mailbox.waiting += 1
    waiting.add((deposit.mailbox, deposit.digest))
    position = mailbox.last_position + mailbox.added
    rows.append((deposit.mailbox, position, deposit.digest, deposit.day, deposit.envelope))
    return None


def has_room(waiting: int, more: int) -> bool:
    """Say whether so many more envelopes have room in a mailbox."""
    return waiting + more <= MAILBOX_CAPACITY


def creation_is_repeated(
    existing: bytes | None, deposit_key_hash: DepositKeyHash, *, paid: bool
) -> bool:
    """Say whether a mailbox is there already as asked, so that there is nothing to do.

    Args:
        existing: the hash of the mailbox's deposit key, or None where there is no mailbox.
        deposit_key_hash: the one asked for.
        paid: whether there is such a ticket.

    Raises:
        Contradiction: it exists with another deposit key.
        Refused: there is no such mailbox, and no such ticket.
    """
    if existing is not None:
        if hmac.compare_digest(existing, deposit_key_hash):
            return True
        raise Contradiction("This mailbox exists with another deposit key.")
    if not paid:
        raise Refused(REFUSAL)
    return False


def put_is_repeated(earlier: bytes | None, mark: PutMark, *, known: bool, taken: bool) -> bool:
    """Say whether a ticket has put this very invitation already.

    Args:
        earlier: the ticket's mark.
        mark: what it is to be.
        known: whether there is such a ticket.
        taken: whether there is an invitation under the locator.

    Raises:
        Contradiction: the ticket has put another one.
        Refused: there is no such ticket, or the locator is taken.
    """
    if not known:
        raise Refused(REFUSAL)
    if earlier is not None:
        if hmac.compare_digest(earlier, mark):
            return True
        raise Contradiction("This ticket has put another invitation.")
    if taken:
        raise Refused(REFUSAL)
    return False


@dataclass(frozen=True, slots=True)
class InvitationState:
    """What was found under a locator; made up in part where nothing was.

    Attributes:
        last_day: NOWHERE for an invitation that does not exist.
        holder: the hash of the token that claimed it, or 32 zero bytes.
        claim_day: None while nobody has claimed it.
    """

    last_day: int
    holder: bytes
    claim_day: int | None

    def held_by(self, token: ClaimHash, today: int) -> tuple[bool, bool]:
        """Say whether some token holds the invitation, and whether this one does.

        One that does not exist or is over is like one that somebody else holds.
        """
        same = hmac.compare_digest(self.holder, token)
        if self.claim_day is None:
            return self.last_day < today, False
        return True, same and not claim_is_over(self.claim_day, today)


NOWHERE = -1
"""The last day of an invitation that does not exist: long ago."""
