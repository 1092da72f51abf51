"""Everything that a request must pass before the store is asked (docs/protocol.md, section 9.9).

What is decided here depends on what a request shows and on what this process has to do, never on
what is stored: it is the same for a mailbox that exists and for one that does not. Nothing here
knows where a request came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager

from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    DepositKeyHash,
    MailboxId,
)
from e2etherapy.primitives.octets import Octets
from e2etherapy.relay import problems
from e2etherapy.relay.admission import Admission, Clock, Work
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.pace import Cells, Pace
from e2etherapy.relay.problems import Reason
from e2etherapy.relay.reserve import Reserve


class Gate:
    """The limits of one relay process."""

    def __init__(self, limits: Limits, salt: bytes, clock: Clock) -> None:
        self.reserve = Reserve(limits)
        self._admission = Admission(limits, clock)
        self._clock = clock
        self._cells = {
            reason: Cells(pace, limits.pace_cells, salt) for reason, pace in _paces(limits).items()
        }

    def adopt(self, limits: Limits) -> None:
        """Hold what comes from now on to other limits."""
        self.reserve.adopt(limits)
        self._admission.adopt(limits)
        for reason, pace in _paces(limits).items():
            self._cells[reason].adopt(pace)

    def check(self, work: Work) -> None:
        """Turn a request away before its body is read; see Admission.check."""
        self._admission.check(work)

    def request(self, work: Work) -> AbstractContextManager[None]:
        """Hold a place for a request; see Admission.request."""
        return self._admission.request(work)

    def deposit(
        self, mailbox: MailboxId, key_hash: DepositKeyHash
    ) -> AbstractAsyncContextManager[None]:
        """Let one deposit through, and count it until it is stored.

        The key shown belongs to what is counted: who does not have it cannot use up the pace of
        those who do.

        Raises:
            ProblemAnswer: 429, 503 or 507.
        """
        self.reserve.check()
        self._spend(Reason.DEPOSIT_PACE, 1, mailbox, key_hash)
        return self._admission.write()

    def owned(self, mailbox: MailboxId) -> None:
        """Let a collection, an acknowledgement, a wait or an ending of an owner's mailbox through.

        Raises:
            ProblemAnswer: 429.
        """
        self._spend(Reason.OWNER_PACE, 1, mailbox)

    def creation(self, mailbox: MailboxId) -> AbstractAsyncContextManager[None]:
        """Let the creation of a mailbox through.

        Raises:
            ProblemAnswer: 429, 503 or 507.
        """
        self.reserve.check()
        self._spend(Reason.OWNER_PACE, 1, mailbox)
        return self._admission.write()

    def issue(self, allowance: AllowanceHash, tickets: int) -> AbstractAsyncContextManager[None]:
        """Let an allowance issue tickets.

        Raises:
            ProblemAnswer: 429, 503 or 507.
        """
        self.reserve.check()
        self._spend(Reason.TICKET_PACE, max(tickets, 1), allowance)
        return self._admission.write()

    def put(self, ticket: Octets) -> AbstractAsyncContextManager[None]:
        """Let the hash of a ticket put an invitation.

        Raises:
            ProblemAnswer: 429, 503 or 507.
        """
        self.reserve.check()
        self._spend(Reason.INVITATION_PACE, 1, ticket)
        return self._admission.write()

    def claim(self, token: Octets) -> None:
        """Let the hash of a claim token claim an invitation, or confirm that.

        Raises:
            ProblemAnswer: 429.
        """
        self._spend(Reason.INVITATION_PACE, 1, token)

    def forget(self) -> Iterator[None]:
        """Wipe moments that are over, a little with each step."""
        for cells in self._cells.values():
            yield from cells.forget(self._clock())

    def _spend(self, reason: Reason, cost: int, *shown: bytes) -> None:
        wait = self._cells[reason].take(shown, cost, self._clock())
        if wait:
            raise problems.too_often(wait, reason)


def _paces(limits: Limits) -> dict[Reason, Pace]:
    """Return how often a key may ask, by why it is turned away then."""
    return {
        Reason.DEPOSIT_PACE: Pace(limits.deposit_burst, limits.deposit_rate),
        Reason.OWNER_PACE: Pace(limits.owner_burst, limits.owner_rate),
        Reason.TICKET_PACE: Pace(limits.ticket_burst, limits.ticket_rate),
        Reason.INVITATION_PACE: Pace(limits.invitation_burst, limits.invitation_rate),
    }
