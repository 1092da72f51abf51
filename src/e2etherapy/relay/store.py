"""What every store of the relay must do (docs/protocol.md, section 9).

A store holds rows and decides rights by comparing hashes. It knows no key, no address and no
time finer than a day; days count from 1970-01-01 UTC and are always handed in. Every method
that changes something returns only once the change is durable: a power cut after that loses
nothing of it. What two methods do at the same moment has the effect of one after the other.

No exception that a store raises carries an id, a hash or an envelope.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from e2etherapy.errors import E2ETherapyError
from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.mailbox.operations import CLAIM_DAYS, StoredEnvelope
from e2etherapy.primitives.octets import Octets
from e2etherapy.wire.locator import Locator


class StoreError(E2ETherapyError):
    """The store did not do what was asked, and nothing changed."""


class Refused(StoreError):
    """Unknown, not this key's, claimed already, taken or used up: never said which."""


class Contradiction(StoreError):
    """The holder of this right has already used it for something else."""


class MailboxFull(StoreError):
    """The mailbox has as many waiting envelopes as it may."""


class DiskFull(StoreError):
    """The store cannot write now."""


class Busy(StoreError):
    """More waits to be written than the store takes, something blocks it, or it is away.

    Where the database was lost in the middle of a change, that may have happened all the same:
    each change may be asked for again and then has its effect once.
    """


class PutMark(Octets):
    """What a ticket remembers of the invitation it has put, 32 bytes.

    The ticket's key goes into it, so that the row of a ticket and the row of an invitation
    cannot be matched by whoever reads both.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Deposit:
    """One envelope on its way into a mailbox, with the hash of the deposit key shown."""

    mailbox: MailboxId
    key_hash: DepositKeyHash
    digest: bytes
    """SHA-256 of the envelope, 32 bytes."""
    envelope: bytes
    """16,384 bytes."""
    day: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """A sealed bundle that waits for whoever knows the locator."""

    locator: Locator
    bundle: bytes
    """16,384 bytes."""
    last_day: int
    """The last day on which it can be claimed."""


@dataclass(frozen=True, slots=True)
class Expired:
    """How much one step of an expiry deleted."""

    envelopes: int
    invitations: int


@dataclass(frozen=True, slots=True)
class Space:
    """How much room a store takes and has.

    Attributes:
        stored: bytes, what was deleted and can be used again left out.
        free: bytes that can still be stored, or None where a server elsewhere keeps them.
        envelopes: about how many there are.
    """

    stored: int
    free: int | None
    envelopes: int


def claim_is_over(claim_day: int, today: int) -> bool:
    """Say whether an unconfirmed claim has ended."""
    return claim_day + CLAIM_DAYS < today


class Store(Protocol):
    """The relay's memory."""

    may_miss_arrivals: ClassVar[bool]
    """Other relays store in it, and one of them may die before it has told of what arrived."""

    async def grant(self, allowance: AllowanceHash, tickets: int) -> None:
        """Remember an allowance that issues up to `tickets` tickets.

        Raises:
            Contradiction: there is such an allowance already.
            DiskFull: nothing was stored.
        """

    async def issue(self, allowance: AllowanceHash, tickets: Collection[TicketHash]) -> None:
        """Remember tickets, all or none, and take each new one off the allowance.

        A ticket that is already there costs nothing, so that a lost answer can be asked for
        again.

        Raises:
            Refused: no such allowance, or fewer left in it than the new tickets.
            DiskFull: nothing was stored.
        """

    async def create_mailbox(
        self, mailbox: MailboxId, deposit_key_hash: DepositKeyHash, ticket: TicketHash
    ) -> None:
        """Create an empty mailbox and forget the ticket, in one step.

        The same mailbox with the same deposit key again succeeds and spends nothing.

        Raises:
            Refused: no such mailbox yet and no such ticket.
            Contradiction: the mailbox exists with another deposit key.
            DiskFull: nothing was stored and the ticket is unspent.
        """

    async def has_mailbox(self, mailbox: MailboxId) -> bool:
        """Say whether there is such a mailbox."""

    async def check(self) -> None:
        """See that the database answers, and takes changes as far as can be told without one.

        Raises:
            Busy: it does not.
        """

    async def close_mailbox(self, mailbox: MailboxId) -> None:
        """Delete the mailbox with all its envelopes.

        Raises:
            Refused: no such mailbox.
        """

    async def deposit(self, deposit: Deposit) -> None:
        """Store an envelope at the mailbox's next position.

        Positions start at 1 and rise by 1 in each mailbox, and none is ever given twice, also
        after everything was acknowledged. An envelope whose digest is among the waiting ones of
        this mailbox is not stored again and takes no position.

        Raises:
            Refused: no such mailbox, or another deposit key.
            MailboxFull: 4,096 envelopes wait.
            DiskFull: nothing was stored.
            Busy: too many deposits wait already.
        """

    def on_arrival(self, listener: Callable[[MailboxId], None]) -> None:
        """Call `listener` with a mailbox each time that an envelope in it has become durable.

        Also where nobody waits for the deposit's answer any more. There is one listener.
        """

    def on_arrival_elsewhere(
        self, listener: Callable[[MailboxId], None], on_doubt: Callable[[], None]
    ) -> None:
        """Call `listener` with a mailbox in which another relay stored something, soon after.

        And call `on_doubt` when that may have gone untold: whoever waits should look then.
        """

    async def collect(self, mailbox: MailboxId, after: int, limit: int) -> list[StoredEnvelope]:
        """Return at most `limit` envelopes with a position above `after`, lowest first.

        Raises:
            Refused: no such mailbox.
        """

    async def acknowledge(self, mailbox: MailboxId, through: int) -> None:
        """Delete every envelope with a position of at most `through`.

        Raises:
            Refused: no such mailbox.
        """

    async def arrived(self, waits: Sequence[tuple[MailboxId, int]]) -> list[int]:
        """Return the indexes, rising, of the pairs whose mailbox holds a position above theirs.

        A mailbox that does not exist is like an empty one.
        """

    async def put_invitation(
        self, ticket: TicketHash, mark: PutMark, invitation: Invitation
    ) -> None:
        """Keep a sealed bundle; the ticket remembers `mark` and stays unspent.

        The same mark again succeeds and changes nothing, also when the invitation is gone by
        then.

        Raises:
            Refused: no such ticket, or the locator is taken.
            Contradiction: the ticket has another mark.
            DiskFull: nothing was stored.
        """

    async def claim(self, locator: Locator, claim: ClaimHash, today: int) -> bytes:
        """Bind an invitation to the first token that asks, and return its 16,384 bytes.

        Raises:
            Refused: unknown, over, or bound to another token.
            DiskFull: it is not bound.
        """

    async def forget_invitation(self, locator: Locator, claim: ClaimHash, today: int) -> None:
        """Delete an invitation that is bound to this token.

        Raises:
            Refused: unknown, over, unclaimed, or bound to another token.
        """

    def expire(self, today: int) -> AsyncGenerator[Expired, None]:
        """Delete envelopes and invitations that are over, in steps short enough to go unnoticed.

        Yields what each step deleted, which may be nothing; other work comes in between.
        """

    def on_group(self, listener: Callable[[int], None]) -> None:
        """Call `listener` with the number of changes that have become durable together."""

    def pending(self) -> int:
        """Return how many changes wait to be written."""

    async def space(self) -> Space:
        """Tell how much room there is, without counting rows."""

    async def scrub(self) -> None:
        """Remove what was deleted from the store's files as far as the store can.

        Also forgets which mailboxes were deposited into lately.
        """

    async def close(self) -> None:
        """Finish what was accepted, then let go of files and connections."""
