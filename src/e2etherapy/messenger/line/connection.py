"""The messenger's side of the relay's HTTP interface (docs/protocol.md, section 9).

Every failure becomes one of the errors in `e2etherapy.errors`; no key is ever part of a URL.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import date
from typing import Final

import msgspec

from e2etherapy.errors import MalformedData, RelayProtocolError, RelayRefused
from e2etherapy.mailbox import batch as batches
from e2etherapy.mailbox import operations
from e2etherapy.mailbox.batch import BatchedCollection, BatchedOperation, BatchResult
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositAddress,
    OwnedMailbox,
    OwnerKey,
    Ticket,
    TicketHash,
)
from e2etherapy.mailbox.operations import MAX_PAGE, StoredEnvelope
from e2etherapy.messenger.line.answers import (
    BROKEN_JSON,
    OK,
    nonsense,
    page_after,
    problem_of,
)
from e2etherapy.messenger.line.arrivals import arrivals_in
from e2etherapy.messenger.line.backoff import Backoff
from e2etherapy.messenger.line.exchange import (
    RETRY_AFTER,
    TIMEOUT_SECONDS,
    Asked,
    Exchange,
    Patience,
)
from e2etherapy.messenger.line.pace import Pace
from e2etherapy.wire import base64url
from e2etherapy.wire.locator import Locator

SILENCE_SECONDS: Final = 60.0
"""A stream of arrivals shows every 25 seconds that it lives; after this time it counts as lost."""


class RelayConnection(Exchange):
    """Talks to one relay; use it as an asynchronous context manager.

    Attributes:
        pace: how much the line has been carrying.
        backoff: how often in a row the relay could not be waited for.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        """Take a URL from `relay_url`; nothing is opened yet.

        Args:
            url: where the relay is.
            clock: seconds that never go back, by which requests are paced.
            silence: seconds without a byte after which a stream of arrivals is lost.
        """
        super().__init__(url)
        self._silence = silence
        self.clock = clock
        self.pace = Pace()
        self.backoff = Backoff()

    async def issue_tickets(self, allowance: Allowance, hashes: Sequence[TicketHash]) -> None:
        """Register ticket hashes against an allowance."""
        body = operations.IssueTickets([base64url.encode(item) for item in hashes])
        header = operations.authorization(operations.ALLOWANCE, allowance)
        await self._call("POST", "/tickets", Asked(header, json=body))

    async def create_mailbox(self, mailbox: OwnedMailbox, ticket: Ticket) -> None:
        """Create one's own mailbox; repeating it changes nothing."""
        body = operations.CreateMailbox(
            base64url.encode(ticket), base64url.encode(mailbox.deposit_key.hash())
        )
        header = operations.authorization(operations.OWNER, mailbox.owner_key)
        await self._call("PUT", _mailbox(mailbox.owner_key), Asked(header, json=body))

    async def close_mailbox(self, owner_key: OwnerKey) -> None:
        """Delete one's own mailbox with everything in it."""
        header = operations.authorization(operations.OWNER, owner_key)
        await self._call("DELETE", _mailbox(owner_key), Asked(header))

    async def deposit(self, address: DepositAddress, envelope: bytes) -> None:
        """Deposit an envelope; when this returns, it is on the relay's disk."""
        path = f"/mailboxes/{base64url.encode(address.mailbox)}/envelopes"
        header = operations.authorization(operations.DEPOSIT, address.key)
        await self._call("POST", path, Asked(header, binary=envelope))

    async def collect(
        self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
    ) -> list[StoredEnvelope]:
        """Return up to `limit` envelopes (1 to 64) with a position above `after`, in order."""
        path = f"{_mailbox(owner_key)}/envelopes"
        header = operations.authorization(operations.OWNER, owner_key)
        query = {"after": str(after), "limit": str(limit)}
        answer = await self._call("GET", path, Asked(header, query=query), success=OK)
        return page_after(answer, after, limit)

    async def acknowledge(self, owner_key: OwnerKey, through: int) -> None:
        """Let the relay delete every envelope up to a position."""
        path = f"{_mailbox(owner_key)}/envelopes"
        header = operations.authorization(operations.OWNER, owner_key)
        await self._call("DELETE", path, Asked(header, query={"through": str(through)}))

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        """Return indexes of mailboxes (at most 128) with something above their position.

        Waits up to `seconds` (at most 55) for the first; 0 asks and returns at once.
        """
        header = operations.authorization(operations.OWNER, *(key for key, _ in mailboxes))
        asked = Asked(header, operations.Wait([position for _, position in mailboxes], seconds))
        patience = TIMEOUT_SECONDS + seconds
        answer = await self._call("POST", "/wait", asked, patience=patience, success=OK)
        try:
            arrived = msgspec.json.decode(answer, type=operations.Arrivals).arrived
        except BROKEN_JSON:
            raise nonsense() from None
        # In order and each once, whatever the relay says.
        return sorted({index for index in arrived if 0 <= index < len(mailboxes)})

    async def arrivals(
        self, mailboxes: Sequence[tuple[OwnerKey, int]]
    ) -> AsyncGenerator[list[int], None]:
        """Yield indexes of mailboxes (at most 128) with something above their position.

        The first time at once, then whenever something arrives: a hint that may repeat. Ends when
        the relay ends the stream in order; asking again with the positions of then goes on.

        Raises:
            RelayUnreachable: it was cut off, or nothing came for 60 seconds.
            RelayRefused: this relay offers no such stream.
            RelayProtocolError: it is not a stream of arrivals.
        """
        header = operations.authorization(operations.OWNER, *(key for key, _ in mailboxes))
        body = operations.Watch([position for _, position in mailboxes])
        patience = Patience(total=None, connect=TIMEOUT_SECONDS, silence=self._silence)
        asked = Asked(header, json=body)
        async with self._request("POST", "/arrivals", asked, patience) as response:
            problem = problem_of(response.status, OK, response.headers.get(RETRY_AFTER))
            if isinstance(problem, RelayRefused):
                self.known_features = frozenset()
            if problem is not None:
                raise problem
            if response.content_type != operations.EVENTS:
                raise nonsense("it is no stream of events.")
            pieces = response.content.iter_any()
            async with contextlib.aclosing(arrivals_in(pieces, len(mailboxes))) as arrivals:
                async for arrived in arrivals:
                    yield arrived

    async def batch(self, batched: Sequence[BatchedOperation]) -> list[BatchResult]:
        """Carry out 1 to 32 operations in one request; return the result of each, in order.

        Only the form of the answer is checked, so that one page that makes no sense spoils no
        other result: pages are read with `page_after`.

        Raises:
            RelayRefused: this relay knows no batches.
            RelayProtocolError: not a result for each, a page too long, or one where none belongs.
        """
        header = operations.authorization(operations.BATCH, *batches.keys_of(batched))
        body = batches.pack_operations(batched)
        try:
            answer = await self._call("POST", "/batch", Asked(header, binary=body), success=OK)
        except RelayRefused:
            self.known_features = frozenset()
            raise
        try:
            results = batches.unpack_results(answer, len(batched))
        except MalformedData as error:
            raise nonsense(str(error)) from None
        for operation, result in zip(batched, results, strict=True):
            room = operation.limit if isinstance(operation, BatchedCollection) else 0
            if len(result.content) > room * operations.RECORD_SIZE * (result.status == OK):
                raise nonsense("a result with more than belongs to it.")
        return results

    async def features(self) -> frozenset[str]:
        """Return which optional operations the relay offers, as it says in its health.

        It is asked once, and again after it could not be reached: it may have been updated then.
        """
        if self.known_features is None:
            try:
                named = (await self.health()).get("features", [])
            except RelayRefused:
                named = []
            if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
                raise RelayProtocolError("This address does not answer like a relay.")
            self.known_features = frozenset(named)
        return self.known_features

    async def put_invitation(
        self, locator: Locator, ticket: Ticket, sealed: bytes, days: int
    ) -> None:
        """Leave a sealed bundle for `days` days."""
        header = operations.authorization(operations.TICKET, ticket)
        path = f"/invitations/{base64url.encode(locator)}"
        await self._call("PUT", path, Asked(header, binary=sealed, query={"days": str(days)}))

    async def claim(self, locator: Locator, token: ClaimToken) -> bytes:
        """Claim an invitation; the same token may ask again until it confirms."""
        header = operations.authorization(operations.CLAIM, token)
        path = f"/invitations/{base64url.encode(locator)}/claim"
        sealed = await self._call("POST", path, Asked(header), success=OK)
        if len(sealed) != operations.SEALED_BUNDLE_SIZE:
            raise RelayProtocolError("The relay's answer makes no sense.")
        return sealed

    async def confirm_claim(self, locator: Locator, token: ClaimToken) -> None:
        """Let the relay forget a claimed bundle."""
        header = operations.authorization(operations.CLAIM, token)
        await self._call("DELETE", f"/invitations/{base64url.encode(locator)}", Asked(header))

    async def health(self) -> dict[str, object]:
        """Return what the relay says of itself."""
        try:
            return msgspec.json.decode(
                await self._call("GET", "/health", Asked(None), success=OK), type=dict[str, object]
            )
        except BROKEN_JSON:
            raise RelayProtocolError("This address does not answer like a relay.") from None

    async def today(self) -> date:
        """Return the relay's day in UTC."""
        try:
            return date.fromisoformat(str((await self.health()).get("now")))
        except ValueError:
            raise RelayProtocolError("This address does not answer like a relay.") from None


def _mailbox(owner_key: OwnerKey) -> str:
    return f"/mailboxes/{base64url.encode(owner_key.mailbox())}"
