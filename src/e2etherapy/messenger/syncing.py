"""Delivering what waits, collecting what has arrived, and sending receipts that are due."""

from __future__ import annotations

from dataclasses import replace

from e2etherapy.errors import RelayError
from e2etherapy.messenger import joining, sending, storing
from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.collecting import collect_from
from e2etherapy.messenger.courier import Progress, no_progress
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.receiving import Receiver
from e2etherapy.messenger.storing import Outcome
from e2etherapy.messenger.views import SyncReport
from e2etherapy.session import conversation as session
from e2etherapy.session.phases import Phase
from e2etherapy.vault import conversations, outbox
from e2etherapy.vault.records import ConversationRecord


async def sync(device: Device, progress: Progress = no_progress) -> SyncReport:
    """Deliver what waits, collect what has arrived, send receipts that are due.

    What one relay does wrong does not stop the others. The report says so if there is anything
    else to report; otherwise it is raised.

    Raises:
        OldCopy: this vault may have a newer copy elsewhere.
        RelayUnreachable, RelayProtocolError, RelayFull: a relay failed; everything else was done.
    """
    device.vault.require_only_copy()
    outcome = Outcome()
    await joining.forget_old_claims(device)
    failure = await sending.flush(device, outcome.notices, progress)
    await _complete_what_a_crash_left(device, outcome)
    await _forget_what_is_awaited_for_too_long(device)
    for url, records in (await by_relay(device)).items():
        try:
            await collect_from(device, url, records, outcome)
        except RelayError as error:
            failure = error
    await sending.queue_due_receipts(device)
    failure = await sending.flush(device, []) or failure
    if failure is not None and not (outcome.arrived or outcome.notices):
        raise failure
    unsent = await outbox.count(device.vault.db)
    problem = None if failure is None else str(failure)
    return SyncReport(outcome.arrived, outcome.notices, unsent, problem)


async def by_relay(device: Device) -> dict[str, list[ConversationRecord]]:
    """Return the conversations that may bring something, by the relay that they use."""
    found: dict[str, list[ConversationRecord]] = {}
    for record in await conversations.every(device.vault.db):
        if record.state.phase is not Phase.CLOSED:
            found.setdefault(record.relay, []).append(record)
    return found


async def _complete_what_a_crash_left(device: Device, outcome: Outcome) -> None:
    """Complete long items whose last piece was stored just before this device stopped."""
    for number in await conversations.with_all_pieces(device.vault.db):
        record = await conversations.by_id(device.vault.db, number)
        receiver = Receiver(record, device.clock())
        partials = await conversations.partials(device.vault.db, number)
        await storing.complete(device, receiver, partials)
        outcome.add(receiver)


async def _forget_what_is_awaited_for_too_long(device: Device) -> None:
    """Drop the aged secrets of conversations in which nothing arrives."""
    today = day_of(device.clock())
    for record in await conversations.every(device.vault.db):
        state = session.expire(record.state, today)
        if state is not record.state:
            change = await device.begin(record)
            change.save(replace(record, state=state))
            await device.vault.commit(change)
