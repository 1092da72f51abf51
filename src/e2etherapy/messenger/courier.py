"""Runs errands to the relay in order; each may be repeated without harm."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from itertools import takewhile

from e2etherapy.errors import IdentityUnconfirmed, NotReady, RelayRefused
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    OwnerKey,
    Ticket,
    TicketHash,
)
from e2etherapy.messenger.relay_connection import RelayConnection
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault import conversations, outbox
from e2etherapy.vault.records import (
    CloseMailbox,
    ConfirmClaim,
    ConversationRecord,
    CreateMailbox,
    Deposit,
    IssueTickets,
    OutboxRow,
    PutInvitation,
    Verification,
)
from e2etherapy.vault.vault import Vault
from e2etherapy.wire.locator import Locator

PIECES_AT_ONCE = 8
"""Pieces of one item that are on their way at the same time; a file need not wait for 1,900
answers one after another."""

Progress = Callable[[int, int], None]
"""Called with how many errands are done and how many there are in all."""


def no_progress(_done: int, _total: int) -> None:
    """Report nothing."""


async def run_errands(
    vault: Vault,
    relay: RelayConnection,
    conversation: int,
    entropy: Entropy,
    progress: Progress = no_progress,
) -> None:
    """Bring everything that waits in a conversation's outbox to the relay, in order.

    Raises:
        RelayUnreachable: the rest waits for the next time.
        RelayFull: the mailbox or the relay's disk is full; the rest waits.
        RelayRefused: the relay knows nothing of a mailbox, ticket or allowance.
        IdentityUnconfirmed: the six words differed; envelopes wait until they agree.
        NotReady: the other side has not said where to deposit.
    """
    record = await conversations.by_id(vault.db, conversation)
    total = await outbox.count_of(vault.db, conversation)
    done = 0
    while rows := _together(await outbox.waiting(vault.db, conversation)):
        delivered: list[OutboxRow] = []
        try:
            for group in _groups(rows):
                running = (_run(relay, record, row) for row in group)
                outcomes = await asyncio.gather(*running, return_exceptions=True)
                for row, problem in zip(group, outcomes, strict=True):
                    if problem is None:
                        delivered.append(row)
                        progress(done + len(delivered), total)
                _raise_first(outcomes)
        finally:
            await _settle(vault, record, delivered, entropy)
        done += len(delivered)


def _together(rows: list[OutboxRow]) -> list[OutboxRow]:
    """Return the first errands whose settlement may share a transaction.

    A repeated deposit costs nothing, whatever came after it. Any other errand is settled before
    the next one runs: to issue a ticket again after it was spent would take one more off the
    allowance.
    """
    deposits = list(takewhile(lambda row: isinstance(row.errand, Deposit), rows))
    return deposits or rows[:1]


def _groups(rows: list[OutboxRow]) -> list[list[OutboxRow]]:
    """Split errands, in order, where one must wait for another: pieces of one item need not."""
    groups: list[list[OutboxRow]] = []
    for row in rows:
        together = groups and row.sequence and row.sequence == groups[-1][0].sequence
        if together and len(groups[-1]) < PIECES_AT_ONCE:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _raise_first(outcomes: list[BaseException | None]) -> None:
    for problem in outcomes:
        if problem is not None:
            raise problem


async def _settle(
    vault: Vault, record: ConversationRecord, delivered: list[OutboxRow], entropy: Entropy
) -> None:
    """Write down what the relay has answered, also when the next errand failed."""
    if not delivered:
        return
    change = await vault.begin(record.book, entropy)
    for row in delivered:
        change.done(row)
        if isinstance(row.errand, ConfirmClaim):
            change.forget_claim(row.errand.locator)
    await vault.commit(change)


async def _run(relay: RelayConnection, record: ConversationRecord, row: OutboxRow) -> None:
    errand = row.errand
    match errand:
        case Deposit():
            _require_deposits(record)
            if record.peer is None:
                raise NotReady("The other side's address has not arrived yet.")
            await relay.deposit(record.peer, errand.envelope)
        case IssueTickets():
            hashes = [TicketHash(item) for item in errand.ticket_hashes]
            await _issue(relay, Allowance(errand.allowance), hashes)
        case CreateMailbox():
            await relay.create_mailbox(record.mailbox, Ticket(errand.ticket))
        case PutInvitation():
            await relay.put_invitation(
                Locator(errand.locator), Ticket(errand.ticket), errand.sealed, errand.days
            )
        case ConfirmClaim():
            # Refused: the relay has forgotten the invitation already, which is the purpose.
            with contextlib.suppress(RelayRefused):
                await relay.confirm_claim(Locator(errand.locator), ClaimToken(errand.token))
        case CloseMailbox():
            await close_mailbox(relay, errand)


async def close_mailbox(relay: RelayConnection, errand: CloseMailbox) -> None:
    """Close a mailbox; a refusal says that it is gone already, or never came to be."""
    with contextlib.suppress(RelayRefused):
        await relay.close_mailbox(OwnerKey(errand.owner_key))


def _require_deposits(record: ConversationRecord) -> None:
    if record.verification is Verification.DIFFERED:
        raise IdentityUnconfirmed(
            "the six words were different. What waits on this device is not sent until they are "
            f"compared again and agree ('e2etherapy verify {record.name}')."
        )


async def _issue(relay: RelayConnection, allowance: Allowance, hashes: list[TicketHash]) -> None:
    try:
        await relay.issue_tickets(allowance, hashes)
    except RelayRefused:
        raise RelayRefused(
            "The relay does not accept the allowance: it is used up, or belongs to another relay. "
            "Ask the operator for a new one ('e2etherapy relay allow') and set it with "
            "'e2etherapy settings allowance'."
        ) from None
