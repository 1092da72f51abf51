"""Delivering what waits, collecting what has arrived, and sending receipts that are due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from e2etherapy.errors import RelayError
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.inbound import closing, storing
from e2etherapy.messenger.inbound.collecting import collect_from
from e2etherapy.messenger.inbound.receiving import Receiver
from e2etherapy.messenger.inbound.storing import Outcome
from e2etherapy.messenger.meeting import inviting, joining
from e2etherapy.messenger.occurrences import Notice
from e2etherapy.messenger.outbound import delaying, sending
from e2etherapy.messenger.outbound.courier import Progress, no_progress
from e2etherapy.messenger.views import SyncReport
from e2etherapy.session import conversation as session
from e2etherapy.session.opening import is_over_for_good
from e2etherapy.session.phases import Phase
from e2etherapy.session.states import Invited
from e2etherapy.vault import conversations, outbox, pieces, threads
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
    await delaying.queue_due(device, outcome.notices)
    waited = await threads.waiting_here(device.vault.db)
    failure = await sending.flush(device, outcome.notices, progress)
    await _complete_what_a_crash_left(device, outcome)
    records = await _forget_what_is_awaited_for_too_long(device)
    for url, some in await _answering_first(device, by_relay(records)):
        try:
            await collect_from(device, url, some, outcome)
            # Not before everything was collected: an opening may have waited.
            await _give_up_unused_invitations(device, url, some, outcome)
            await closing.close_ended(device, url, [record.id for record in some], outcome)
        except RelayError as error:
            failure = error
    await sending.queue_due_receipts(device)
    failure = await sending.flush(device, []) or failure
    # Last, as it can take minutes: neither what was said nor what has arrived waits for a file.
    failure = await sending.upload(device, outcome.notices, progress) or failure
    delivered = max(0, waited - outcome.lost - await threads.waiting_here(device.vault.db))
    if failure is not None and not (outcome.arrived or outcome.notices or delivered):
        raise failure
    unsent = await outbox.count(device.vault.db)
    problem = None if failure is None else str(failure)
    return SyncReport(outcome.arrived, outcome.notices, unsent, problem, delivered)


def by_relay(records: Iterable[ConversationRecord]) -> dict[str, list[ConversationRecord]]:
    """Return the conversations that may bring something, by the relay that they use."""
    found: dict[str, list[ConversationRecord]] = {}
    for record in records:
        if record.state.phase is not Phase.CLOSED:
            found.setdefault(record.relay, []).append(record)
    return found


async def _answering_first(
    device: Device, every: dict[str, list[ConversationRecord]]
) -> list[tuple[str, list[ConversationRecord]]]:
    """Put relays that have failed lately last: they may take a while to fail again."""
    failures = {url: (await device.relay(url)).backoff.failures for url in every}
    return sorted(every.items(), key=lambda one: failures[one[0]])


async def _complete_what_a_crash_left(device: Device, outcome: Outcome) -> None:
    """Complete long items whose last piece was stored just before this device stopped."""
    for number in await pieces.with_all_pieces(device.vault.db):
        record = await conversations.by_id(device.vault.db, number)
        receiver = Receiver(record, device.clock())
        partials = await pieces.partials(device.vault.db, number)
        await storing.complete(device, receiver, partials, outcome)
        outcome.add(receiver)


async def _forget_what_is_awaited_for_too_long(device: Device) -> list[ConversationRecord]:
    """Drop the aged secrets of conversations in which nothing arrives; return all as they are."""
    today, records = day_of(device.clock()), []
    for record in await conversations.every(device.vault.db):
        kept = replace(record, state=session.expire(record.state, today))
        if kept.state is not record.state:
            change = await device.begin(record)
            change.save(kept)
            await device.vault.commit(change)
        records.append(kept)
    return records


async def _give_up_unused_invitations(
    device: Device, url: str, records: Iterable[ConversationRecord], outcome: Outcome
) -> None:
    """Remove invitations that nothing can open any more, with their secrets and mailboxes.

    By this device's day and by the relay's: a clock that is wrong once must not end an invitation
    that somebody is about to use.
    """
    today = day_of(device.clock())
    over = [
        record
        for record in records
        if isinstance(record.state, Invited) and is_over_for_good(record.state, today)
    ]
    if not over:
        return
    today = min(today, day_of(await (await device.relay(url)).today()))
    for invited in over:
        record = await conversations.by_id(device.vault.db, invited.id)
        if isinstance(record.state, Invited) and is_over_for_good(record.state, today):
            kept = await inviting.withdraw(device, record)
            removed = "It was removed"
            if kept:
                removed = f"It was closed, and what you keep on {record.name} stays"
            sentence = (
                f"Nobody used the invitation for {record.name} in time. {removed}; "
                "'e2etherapy invite' makes a new one."
            )
            notice = Notice(record.name, EventName.INVITATION_UNUSED, sentence)
            outcome.notices.append(notice)
