"""A relay in memory, in the hands of an operator who does with envelopes what can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from e2etherapy.errors import (
    RelayError,
    RelayFull,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    BatchResult,
    unpack_operations,
)
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositAddress,
    MailboxId,
    OwnedMailbox,
    OwnerKey,
    Ticket,
    TicketHash,
)
from e2etherapy.mailbox.operations import (
    BATCH,
    BATCHES,
    MAX_PAGE,
    StoredEnvelope,
    pack_page,
    parse_authorization,
)
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.line.exchange import Asked
from e2etherapy.wire.locator import Locator
from tests.support.crash_points import CrashPoints
from tests.support.hostile_batches import Lie, answer
from tests.support.hostile_mailbox import Entry, Mailbox, digest

Answer = TypeVar("Answer")


class Trouble(Enum):
    """What becomes of one call."""

    NEVER_ARRIVED = "never arrived"
    ANSWER_LOST = "answer lost"
    FULL = "full"
    REFUSED = "refused"
    NONSENSE = "nonsense"


_BEFORE: dict[Trouble, type[RelayError]] = {
    Trouble.NEVER_ARRIVED: RelayUnreachable,
    Trouble.FULL: RelayFull,
    Trouble.REFUSED: RelayRefused,
    Trouble.NONSENSE: RelayProtocolError,
}


@dataclass
class HostileRelay:
    """Everything that the operator holds.

    Attributes:
        before_collecting: called with a mailbox's id before its owner is shown anything.
        tickets: hashes of those that are issued and not spent.
        payments: hash of a ticket for each time that one was taken off an allowance.
        answered: digests of the envelopes of which it has said that they are stored.
        destroyed: digests of envelopes that nobody will ever be shown where they belong.
        knows_batches: whether it offers them.
    """

    mailboxes: dict[bytes, Mailbox] = field(default_factory=dict)
    invitations: dict[bytes, bytes] = field(default_factory=dict)
    claims: dict[bytes, bytes] = field(default_factory=dict)
    tickets: set[bytes] = field(default_factory=set)
    payments: list[bytes] = field(default_factory=list)
    answered: set[bytes] = field(default_factory=set)
    destroyed: set[bytes] = field(default_factory=set)
    knows_batches: bool = True
    before_collecting: Callable[[bytes], None] = lambda _mailbox: None


class HostileConnection(RelayConnection):
    """One person's way to the hostile relay; each call may meet trouble or the device's end."""

    def __init__(self, relay: HostileRelay, points: CrashPoints) -> None:
        """Take the relay and the moments at which the device may die."""
        super().__init__("http://127.0.0.1:1", clock=lambda: 0.0)
        self._relay = relay
        self._points = points
        self._trouble: tuple[int, Trouble] | None = None
        self._lie: Lie | None = None

    def arm(self, trouble: tuple[int, Trouble] | None, lie: Lie | None = None) -> None:
        """Let the call with this number, counted from 0, meet trouble, and every batch a lie."""
        self._trouble = trouble
        self._lie = lie

    async def __aenter__(self) -> Self:
        """Open nothing."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close nothing."""

    async def issue_tickets(self, allowance: Allowance, hashes: Sequence[TicketHash]) -> None:
        """Take each one off the allowance that is not there."""

        def issue() -> None:
            fresh = {bytes(ticket) for ticket in hashes} - self._relay.tickets
            self._relay.payments += sorted(fresh)
            self._relay.tickets |= fresh

        self._meet(issue)

    async def create_mailbox(self, mailbox: OwnedMailbox, ticket: Ticket) -> None:
        """Create it for a ticket, which is spent."""
        name = bytes(mailbox.owner_key.mailbox())

        def create() -> None:
            if name in self._relay.mailboxes:
                return
            if bytes(ticket.hash()) not in self._relay.tickets:
                raise RelayRefused("nothing here")
            self._relay.tickets.remove(bytes(ticket.hash()))
            self._relay.mailboxes[name] = Mailbox()

        self._meet(create)

    async def close_mailbox(self, owner_key: OwnerKey) -> None:
        """Delete it, or refuse what is not there."""
        name = owner_key.mailbox()
        self._mailbox(name)
        self._meet(lambda: self._relay.mailboxes.pop(bytes(name), None))

    async def deposit(self, address: DepositAddress, envelope: bytes) -> None:
        """Put it into its mailbox and into the operator's memory."""
        self._meet(lambda: self._put(address.mailbox, envelope))
        self._relay.answered.add(digest(envelope))

    async def collect(
        self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
    ) -> list[StoredEnvelope]:
        """Show a page."""
        mailbox = self._opened(owner_key)
        return self._meet(lambda: mailbox.collect(after, limit))

    async def acknowledge(self, owner_key: OwnerKey, through: int) -> None:
        """Delete, or pretend to."""
        mailbox = self._mailbox(owner_key.mailbox())
        self._meet(lambda: mailbox.acknowledge(through))

    async def _call(
        self,
        method: str,
        path: str,
        asked: Asked,
        *,
        patience: float = 0,
        success: int = 204,
    ) -> bytes:
        """Answer what the connection itself asks: what the relay offers, and batches."""
        if path == "/health":
            offered = [BATCHES] if self._relay.knows_batches else []
            return self._meet(lambda: msgspec.json.encode({"features": offered}))
        assert (method, path) == ("POST", "/batch")
        assert asked.authorization is not None
        assert asked.binary is not None
        keys = parse_authorization(asked.authorization, BATCH)
        operations = unpack_operations(asked.binary, keys)
        told = self._meet(lambda: answer(operations, self._carry_out, self._lie))
        self._relay.answered.update(map(digest, told.claimed))
        self._relay.destroyed.update(map(digest, told.lost))
        return told.answer

    def _carry_out(self, operation: BatchedOperation) -> BatchResult:
        self._points.reach()
        try:
            match operation:
                case BatchedDeposit():
                    self._put(operation.mailbox, operation.envelope)
                case BatchedCollection():
                    page = self._opened(operation.key).collect(operation.after, operation.limit)
                    return BatchResult(200, pack_page(page))
                case BatchedAcknowledgement():
                    self._mailbox(operation.key.mailbox()).acknowledge(operation.through)
        except RelayRefused:
            return BatchResult(404)
        return BatchResult(204)

    def _put(self, name: MailboxId, envelope: bytes) -> None:
        mailbox = self._mailbox(name)
        mailbox.history.append(envelope)
        if all(entry.envelope != envelope for entry in mailbox.entries):
            mailbox.entries.append(Entry(envelope))

    def _opened(self, owner_key: OwnerKey) -> Mailbox:
        mailbox = self._mailbox(owner_key.mailbox())
        self._relay.before_collecting(bytes(owner_key.mailbox()))
        return mailbox

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        """Say at once which mailboxes have something."""
        for key, _ in mailboxes:
            self._relay.before_collecting(bytes(key.mailbox()))
        nothing = Mailbox()
        return self._meet(
            lambda: [
                index
                for index, (key, after) in enumerate(mailboxes)
                if self._relay.mailboxes.get(bytes(key.mailbox()), nothing).has_news(after)
            ]
        )

    async def put_invitation(
        self, locator: Locator, ticket: Ticket, sealed: bytes, days: int
    ) -> None:
        """Keep the bundle."""
        self._meet(lambda: self._relay.invitations.setdefault(bytes(locator), sealed))

    async def claim(self, locator: Locator, token: ClaimToken) -> bytes:
        """Hand the bundle to the first token that asks, and to that one again."""

        def take() -> bytes:
            holder = self._relay.claims.setdefault(bytes(locator), bytes(token))
            sealed = self._relay.invitations.get(bytes(locator))
            if sealed is None or holder != bytes(token):
                raise RelayRefused("nothing here")
            return sealed

        return self._meet(take)

    async def confirm_claim(self, locator: Locator, token: ClaimToken) -> None:
        """Forget the bundle."""
        self._meet(lambda: self._relay.invitations.pop(bytes(locator), None))

    def _mailbox(self, name: MailboxId) -> Mailbox:
        found = self._relay.mailboxes.get(bytes(name))
        if found is None:
            raise RelayRefused("nothing here")
        return found

    def _meet(self, effect: Callable[[], Answer]) -> Answer:
        self._points.reach()
        trouble = self._next_trouble()
        if trouble is not None and trouble in _BEFORE:
            raise _BEFORE[trouble](trouble.value)
        answer = effect()
        self._points.reach()
        if trouble is Trouble.ANSWER_LOST:
            raise RelayUnreachable("answer lost")
        return answer

    def _next_trouble(self) -> Trouble | None:
        if self._trouble is None:
            return None
        number, trouble = self._trouble
        self._trouble = (number - 1, trouble) if number else None
        return None if number else trouble
