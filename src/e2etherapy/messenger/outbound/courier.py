"""Runs errands to the relay in order; each may be repeated without harm."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import takewhile

from e2etherapy.errors import (
    IdentityUnconfirmed,
    MailboxGone,
    NotReady,
    RelayBusy,
    RelayError,
    RelayRefused,
)
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    OwnerKey,
    Ticket,
    TicketHash,
)
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.batches import deposit_many
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.line.patience import Patience
from e2etherapy.messenger.outbound import uploading
from e2etherapy.vault import conversations, outbox, outgoing
from e2etherapy.vault.records import (
    CloseMailbox,
    ConfirmClaim,
    ConversationRecord,
    CreateMailbox,
    Deposit,
    Errand,
    IssueTickets,
    OutboxRow,
    PutInvitation,
    Verification,
)
from e2etherapy.wire.locator import Locator

Progress = Callable[[int, int], None]
"""Called with how many errands are done and how many there are in all."""


def no_progress(_done: int, _total: int) -> None:
    """Report nothing."""


async def run_errands(
    device: Device,
    conversation: int,
    patience: Patience,
    progress: Progress = no_progress,
    *,
    files: bool = False,
) -> None:
    """Bring everything that waits in a conversation's outbox to its relay, in order.

    Args:
        device: whose outbox it is.
        conversation: its number.
        patience: with a relay that is busy.
        progress: told how much is done.
        files: also bring all of the files that are on their way. That takes a while, in which
            other processes may use the vault, and say something that passes the file.

    Raises:
        FileWaits: a file is kept back, so that the other side's mailbox has room for messages.
        RelayUnreachable: the rest waits for the next time; also if the relay is busy for longer
            than there is patience.
        RelayFull: the mailbox or the relay's disk is full; the rest waits.
        RelayRefused: the relay knows nothing of a mailbox, ticket or allowance.
        IdentityUnconfirmed: the six words differed; envelopes wait until they agree.
        NotReady: the other side has not said where to deposit.
    """
    record = await conversations.by_id(device.vault.db, conversation)
    relay = await device.relay(record.relay)
    total = await outbox.count_of(device.vault.db, conversation)
    pieces = (await outgoing.count_of(device.vault.db, conversation))[1] if files else 0
    total += pieces
    done = 0
    while rows := await _next(device, conversation, relay.pace.envelopes, files=files):
        async with _others_let_in(device, pieces):
            outcomes = await _attempt(relay, record, rows)
        if outcomes is None:
            continue
        delivered = [row for row, problem in zip(rows, outcomes, strict=True) if problem is None]
        await _settle(device, record, delivered)
        if delivered:
            patience.renew()
            done += len(delivered)
            progress(done, total)
        async with _others_let_in(device, pieces):
            await _meet(device, [met for met in outcomes if met is not None], patience)


def _others_let_in(device: Device, pieces: int) -> AbstractAsyncContextManager[None]:
    """Lend the vault while a file waits for the relay, which can take minutes."""
    return device.lending() if pieces else contextlib.nullcontext()


async def _next(
    device: Device, conversation: int, most: int, *, files: bool
) -> Sequence[OutboxRow]:
    """Return the errands that go next, with further pieces of a file behind them."""
    if files:
        await uploading.seal_next(device, conversation)
    return _together(await outbox.waiting(device.vault.db, conversation, most))


async def _attempt(
    relay: RelayConnection, record: ConversationRecord, rows: Sequence[OutboxRow]
) -> Sequence[RelayError | None] | None:
    """Run errands that go together; return what each met, or None if fewer are to be tried.

    Raises:
        RelayError: what all of them met, if fewer at once would not change it.
    """
    try:
        return await _run(relay, record, rows)
    except RelayBusy as busy:
        return [busy] * len(rows)
    except RelayError:
        if relay.pace.envelopes < len(rows):
            return None  # it was too much for this line, and less may pass
        raise


async def _meet(device: Device, problems: Sequence[RelayError], patience: Patience) -> None:
    """Wait if a relay was only busy; raise the first of anything else."""
    busy = [problem for problem in problems if isinstance(problem, RelayBusy)]
    for problem in problems:
        if not isinstance(problem, RelayBusy):
            raise problem
    if busy:
        await patience.outlast(max(busy, key=lambda one: one.seconds), device.sleep)


def _together(rows: list[OutboxRow]) -> list[OutboxRow]:
    """Return the first errands that may share a request, and the transaction that settles them.

    These are deposits: to repeat one costs nothing, whatever came after it. Any other errand is
    settled before the next one runs: to issue a ticket again after it was spent would take one
    more off the allowance. An outbox is one conversation's, and so is a request: with deposits of
    several, it would tell the relay that they come from one sender.
    """
    deposits = list(takewhile(lambda row: isinstance(row.errand, Deposit), rows))
    return deposits or rows[:1]


async def _run(
    relay: RelayConnection, record: ConversationRecord, rows: Sequence[OutboxRow]
) -> Sequence[RelayError | None]:
    """Run errands that go together; return what each met, or raise what all of them met."""
    envelopes = [row.errand.envelope for row in rows if isinstance(row.errand, Deposit)]
    if not envelopes:
        await _run_alone(relay, record, rows[0].errand)
        return [None]
    _require_deposits(record)
    if record.peer is None:
        raise NotReady("The other side's address has not arrived yet.")
    outcomes = await deposit_many(relay, record.peer, envelopes)
    return [_gone(record) if isinstance(met, RelayRefused) else met for met in outcomes]


def _gone(record: ConversationRecord) -> MailboxGone:
    return MailboxGone(
        f"The relay does not know {record.name}'s mailbox any more. Either they have ended the "
        "therapy, and the next sync ('e2etherapy sync') brings the letter if they wrote one, or "
        f"the relay was restored from an older backup. What is written to {record.name} stays on "
        "this device and reaches nobody: if it matters, tell them by another way. It takes a new "
        "invitation to write again."
    )


async def _settle(
    device: Device, record: ConversationRecord, delivered: Sequence[OutboxRow]
) -> None:
    """Write down what the relay has answered, also when the next errand failed."""
    if not delivered:
        return
    change = await device.begin(record)
    for row in delivered:
        change.done(row)
        if isinstance(row.errand, ConfirmClaim):
            change.forget_claim(row.errand.locator)
    await device.vault.commit(change)


async def _run_alone(relay: RelayConnection, record: ConversationRecord, errand: Errand) -> None:
    match errand:
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
        case Deposit():
            raise RuntimeError("Deposits run together.")


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
            "'e2etherapy settings allowance -'."
        ) from None
