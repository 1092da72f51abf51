"""Looking through all drafts, and sending those that were looked through."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field

from e2etherapy.errors import AnotherClient, MailboxGone, MessengerError, NotReady, RelayError
from e2etherapy.errors.therapy import UnfilledTemplate
from e2etherapy.messenger.caring import is_over
from e2etherapy.messenger.caseload import drafting, guarding, leaving, queueing
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy.caseload import batch
from e2etherapy.therapy.caseload.batch import Drafted, Planned, Review
from e2etherapy.vault import conversations, drafts
from e2etherapy.vault.change import name_key
from e2etherapy.vault.records import ConversationRecord, Verification


@dataclass(frozen=True, slots=True)
class Reviewed:
    """All drafts as they were looked through: no other text is sent for them.

    Attributes:
        reviews: in the order of the queue.
        drafts: the texts that were looked through, in the same order.
        flagged: names of those who have to be seen first.
        left_out: names of those to whom nothing can be sent, each with a sentence that says why.
    """

    reviews: tuple[Review, ...]
    drafts: tuple[Drafted, ...] = field(repr=False)
    flagged: frozenset[str]
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one draft of a batch.

    Attributes:
        name: of the conversation.
        sent: how far it has come; None if it was not sent.
        reason: why it was not; empty if the draft is not the one that was looked through any more.
    """

    name: str
    sent: SendReport | None
    reason: str = ""


async def review(device: Device) -> Reviewed:
    """Return every draft in the order of the queue, with what points to another client.

    Raises:
        WrongRole: this is a client's vault.
    """
    drafting.require_therapist(device, "Nothing was sent.")
    kept = await drafting.every(device)
    entries = await queueing.queue(device) if kept else ()
    places = {entry.name: place for place, entry in enumerate(entries)}
    due = {entry.name: entry.due for entry in entries}
    drafted = batch.in_order(
        Drafted(one.name, one.text, due.get(one.name), places.get(one.name)) for one in kept
    )
    guard = await guarding.guard(device, {one.name: one.text for one in drafted})
    flagged = frozenset(entry.name for entry in entries if entry.flagged is not None)
    barriers = {one.name: await _barrier(device, one.name) for one in drafted}
    left_out = {name: reason for name, reason in barriers.items() if reason}
    return Reviewed(batch.reviews(drafted, guard), drafted, flagged, left_out)


async def _barrier(device: Device, name: str) -> str:
    """Return why nothing can be sent to somebody; nothing if it can.

    What was drafted for one person must not hold up the answers to all others.
    """
    record = await conversations.named(device.vault.db, name)
    called = shlex.quote(record.name)
    if await is_over(device.vault.db, record):
        return f"The therapy has ended. 'e2etherapy batch drop {called}' forgets this draft."
    if record.verification is Verification.DIFFERED:
        return (
            "The six words differed: nothing is sent until they are compared again and agree: "
            f"e2etherapy verify {called}. 'e2etherapy batch drop {called}' forgets this draft."
        )
    return ""


async def require_sendable(device: Device, reviewed: Reviewed, yes_to: Collection[str]) -> None:
    """Refuse a batch of which something cannot be sent, or should be looked at again.

    Args:
        device: whose vault it is.
        reviewed: the batch.
        yes_to: names of conversations whose draft is meant, whatever was found in it.

    Raises:
        MessengerError: a name has no draft.
        UnfilledTemplate: a draft has a placeholder that nobody filled.
        AnotherClient: a draft may be meant for somebody else.
        OldCopy: this vault may have a newer copy elsewhere.
    """
    device.vault.require_only_copy()
    written = {name_key(one.name) for one in reviewed.reviews}
    for name in yes_to:
        if name_key(name) not in written:
            raise MessengerError(f"There is no draft for {name}. Nothing was sent.")
    for one in _leaving(reviewed):
        if one.unfilled:
            holes = ", ".join(f"{{{hole}}}" for hole in one.unfilled)
            raise UnfilledTemplate(
                f"The draft for {one.name} has no words yet for {holes}. Nothing was sent.",
                one.unfilled,
            )
    doubtful = doubts(reviewed, yes_to)
    if doubtful:
        names = ", ".join(one.name for one in doubtful)
        raise AnotherClient(
            f"What is written for {names} may be meant for another client. Nothing was sent. "
            "'e2etherapy batch review' says why; --yes-to NAME sends one that is meant."
        )


def doubts(reviewed: Reviewed, yes_to: Collection[str]) -> list[Review]:
    """Return the drafts in which something points to another client, without those meant."""
    meant = {name_key(name) for name in yes_to}
    return [one for one in _leaving(reviewed) if one.findings and name_key(one.name) not in meant]


def _leaving(reviewed: Reviewed) -> list[Review]:
    return [one for one in reviewed.reviews if one.name not in reviewed.left_out]


async def send(
    device: Device, reviewed: Reviewed, within: int, told: Callable[[Planned], None]
) -> AsyncIterator[Reply]:
    """Send a batch, each reply in its moment; yield what becomes of each.

    While it waits, other processes may use the vault. A draft that was changed or dropped since it
    was looked through stays as it is, and so does one for somebody to whom nothing can be sent.

    Args:
        device: whose vault it is.
        reviewed: what was looked through, and may be sent.
        within: seconds over which the replies are spread by chance; 0 for at once.
        told: called before the waiting for a reply begins.

    Raises:
        InvalidBatch: too many, or too long a span; nothing was sent.
        VaultBusy: it ends here; the other drafts are kept.
    """
    await device.vault.resume()
    going = [one for one in reviewed.drafts if one.name not in reviewed.left_out]
    plan = batch.planned(going, within, device.clock(), device.entropy)
    texts = {one.name: one.text for one in reviewed.drafts}
    met: RelayError | NotReady | None = None
    for one in plan:
        await leaving.until(device, one, told)
        if reason := await _barrier(device, one.name):
            yield Reply(one.name, None, reason)
            continue
        record, item = await _queue(device, one.name, texts[one.name])
        if item is None:
            yield Reply(one.name, None)
            continue
        # A relay that is away is not tried again for each; a mailbox that is gone is one alone.
        if within or met is None or isinstance(met, MailboxGone):
            met = await sending.attempt(device, record)
        yield Reply(one.name, await sending.came(device, record, item, met))
    for name, reason in reviewed.left_out.items():
        yield Reply(name, None, reason)


async def _queue(device: Device, name: str, text: str) -> tuple[ConversationRecord, bytes | None]:
    """Seal a draft and forget it in one transaction; None for one that is not the same any more."""
    record = await conversations.named(device.vault.db, name)
    kept = await drafts.of(device.vault.db, record.id)
    if kept is None or kept.text != text:
        return record, None
    async with sending.composer(device, name) as composer:
        item = composer.text(text)
        drafts.drop(composer.change, record.id)
    return composer.conversation, item
