"""Deposits, collections and acknowledgements that share requests, each with its own outcome.

Where a relay knows no batches, or there is only one thing to do, they are single operations.
Deposits of different conversations never share a request: it would tell the relay that they come
from one sender at that moment. Collections and acknowledgements do; that their mailboxes belong
together is what a device's wait for arrivals tells as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from e2etherapy.errors import RelayError, RelayRefused, RelayUnreachable
from e2etherapy.mailbox.batch import (
    MAX_BATCHED_ENVELOPES,
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    BatchResult,
)
from e2etherapy.mailbox.capabilities import DepositAddress, OwnerKey
from e2etherapy.mailbox.operations import BATCHES, MAX_PAGE, StoredEnvelope
from e2etherapy.messenger.line.answers import NO_CONTENT, OK, page_after, problem_of
from e2etherapy.messenger.line.connection import RelayConnection

Page = list[StoredEnvelope]
_Answer = TypeVar("_Answer")


async def deposit_many(
    relay: RelayConnection, address: DepositAddress, envelopes: Sequence[bytes]
) -> list[RelayError | None]:
    """Deposit 1 to 32 envelopes in one mailbox, in order; return what each met.

    The connection's pace follows from how long it took.

    Raises:
        RelayError: nothing is known of any of them.
    """
    operations = [BatchedDeposit(address.key, address.mailbox, one) for one in envelopes]
    if len(operations) > 1:
        # Before the clock runs: a relay that is away tells nothing of how much the line carries.
        await relay.features()
    began, answered = relay.clock(), False
    try:
        results = await _batched(relay, operations)
        if results is None:
            # What comes after one that failed would overtake it.
            calls = [partial(relay.deposit, address, one) for one in envelopes]
            outcomes = await _one_by_one(calls)
        else:
            outcomes = [problem_of(result.status, NO_CONTENT) for result in results]
        answered = outcomes[-1] is None
        return outcomes
    finally:
        sent = len(envelopes) if answered else 0
        relay.pace = relay.pace.after(sent, relay.clock() - began)


async def collect_many(
    relay: RelayConnection, wanted: Sequence[tuple[OwnerKey, int]]
) -> list[Page | RelayError]:
    """Return a page of each of up to 32 mailboxes from a position on, or what it met.

    A page has less than `share(len(wanted))` envelopes only if the mailbox has no more.

    Raises:
        RelayError: the request as a whole failed.
    """
    limit = share(len(wanted))
    results = await _batched(relay, [BatchedCollection(key, after, limit) for key, after in wanted])
    if results is not None:
        return [
            _page(result, after, limit) for result, (_, after) in zip(results, wanted, strict=True)
        ]
    calls = [partial(relay.collect, key, after, limit) for key, after in wanted]
    return await _one_by_one(calls, stops=RelayUnreachable)


async def acknowledge_many(
    relay: RelayConnection, stored: Sequence[tuple[OwnerKey, int]]
) -> list[RelayError | None]:
    """Let the relay delete what up to 32 mailboxes hold up to a position; return what each met.

    Raises:
        RelayError: nothing is known of any of them.
    """
    results = await _batched(relay, [BatchedAcknowledgement(key, up_to) for key, up_to in stored])
    if results is not None:
        return [problem_of(result.status, NO_CONTENT) for result in results]
    calls = [partial(relay.acknowledge, key, up_to) for key, up_to in stored]
    return await _one_by_one(calls, stops=RelayUnreachable)


def share(mailboxes: int) -> int:
    """Return how many envelopes each of so many mailboxes may give in one request."""
    return MAX_PAGE if mailboxes == 1 else MAX_BATCHED_ENVELOPES // mailboxes


async def _batched(
    relay: RelayConnection, operations: Sequence[BatchedOperation]
) -> list[BatchResult] | None:
    """Return the results of a batch; None if these are to be single operations."""
    if len(operations) == 1 or BATCHES not in await relay.features():
        return None
    try:
        return await relay.batch(operations)
    except RelayRefused:
        # What is refused within a batch has a result: this relay has forgotten what batches are.
        return None


def _page(result: BatchResult, after: int, limit: int) -> Page | RelayError:
    problem = problem_of(result.status, OK)
    if problem is not None:
        return problem
    try:
        return page_after(result.content, after, limit)
    except RelayError as error:
        return error


async def _one_by_one(
    calls: Iterable[Callable[[], Awaitable[_Answer]]],
    stops: type[RelayError] = RelayError,
) -> list[_Answer | RelayError]:
    """Return what each call gave; what follows a failure that stops is not tried and meets it."""
    outcomes: list[_Answer | RelayError] = []
    stopped: RelayError | None = None
    for call in calls:
        try:
            if stopped is None:
                outcomes.append(await call())
            else:
                outcomes.append(stopped)
        except RelayError as error:
            outcomes.append(error)
            stopped = error if isinstance(error, stops) else None
    return outcomes
