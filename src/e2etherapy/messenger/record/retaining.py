"""How long records are kept, what is due to be erased, and erasing it when asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from e2etherapy.errors import ClockDisputed, LegalHold, MessengerError
from e2etherapy.errors.therapy import InvalidRetention
from e2etherapy.journal import record
from e2etherapy.journal.erasure import LASTING
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.record import erasing, holding
from e2etherapy.messenger.record.erasing import ErasedView
from e2etherapy.messenger.record.journaling import BookName
from e2etherapy.therapy import retention
from e2etherapy.therapy.retention import UNTIL_ERASED, Fate, Kept, Rule, verdict
from e2etherapy.therapy.timeline import Reading, Timeline, timeline
from e2etherapy.vault import conversations, keeping
from e2etherapy.vault.records import ConversationRecord

_ZONES = timedelta(days=1)
"""By so much a person's day may differ from the day in UTC."""


@dataclass(frozen=True, slots=True)
class RetentionView:
    """How long a conversation is kept, and what is to become of it now.

    Attributes:
        name: of the conversation.
        rule: in words.
        own: whether it is this conversation's, and not the one for all.
        last_contact: UTC, by what is believed of the device's clock.
        due: when it is due to be erased; None if it never is.
        fate: kept, due, held or empty.
    """

    name: str
    rule: str
    own: bool
    last_contact: datetime
    due: datetime | None
    fate: Fate


@dataclass(frozen=True, slots=True)
class Retained:
    """All conversations, and whether the clock by which they were judged is believed."""

    conversations: tuple[RetentionView, ...]
    clock: datetime
    believed: bool


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule that was set, in words; `name` is None if it is for all without one."""

    name: str | None
    rule: str


async def set_rule(device: Device, name: str | None, words: str) -> RuleView:
    """Set how long a conversation is kept, or all that have no rule of their own.

    Nothing is erased by that; the record says which rule was set.

    Raises:
        WrongRole: this is a client's vault.
        InvalidRetention: the words name no rule.
        UnknownConversation: there is no such conversation.
    """
    holding.require_therapist(device)
    rule = retention.rule(words)
    event = record.Event(
        recorded=device.clock(), event=EventName.RETENTION_SET, details={"rule": rule.words}
    )
    called = None
    if name is None:
        change = await device.begin_private()
        change.set(keeping.DEFAULT, rule.words.encode())
    else:
        found = await conversations.named(device.vault.db, name)
        change = await device.begin(found)
        keeping.set_rule(change, found.id, rule.words)
        called = found.name
    change.record(record.encode(event))
    await device.vault.commit(change)
    return RuleView(called, rule.words)


async def shown(device: Device) -> Retained:
    """Return what is due when; nothing is changed.

    Raises:
        WrongRole: this is a client's vault.
    """
    holding.require_therapist(device)
    return await _judged(device, confirmed=False)


async def apply(
    device: Device, names: Sequence[str], today: date | None = None
) -> list[ErasedView]:
    """Erase all that is kept of conversations that are due.

    Args:
        device: whose record it is.
        names: of the conversations; nothing happens to any other.
        today: the day by the word of the device's owner, for a clock that is not believed.

    Raises:
        WrongRole: this is a client's vault.
        ClockDisputed: the clock may be wrong; nothing was erased.
        LegalHold: one of them is held; nothing was erased.
        MessengerError: one of them is not due, or has something open that has to be seen first;
            nothing was erased.
        UnknownConversation: there is no such conversation.
    """
    holding.require_therapist(device)
    chosen = [await conversations.named(device.vault.db, name) for name in names]
    if today is not None:
        require_day(device, today)
    judged = await _judged(device, confirmed=today is not None)
    if not judged.believed:
        raise ClockDisputed(_disputed(judged.clock))
    views = {view.name: view for view in judged.conversations}
    for found in chosen:
        await _require_due(device, found, views[found.name])
    if today is not None:
        await _record_confirmation(device, today)
    return [
        await erasing.erase_all(device, found, _why(views[found.name]))
        for found in {found.id: found for found in chosen}.values()
    ]


def require_day(device: Device, today: date) -> None:
    """Refuse to go by a clock that says another day than its owner.

    Raises:
        ClockDisputed: it does.
    """
    clock = device.clock()
    if abs(today - clock.date()) > _ZONES:
        raise ClockDisputed(
            f"This device's clock says {clock:%Y-%m-%d}, and you say {today}. Nothing was erased. "
            "Set the clock right first."
        )


def _disputed(clock: datetime) -> str:
    return (
        f"This device's clock says {clock:%Y-%m-%d}. That does not follow in small steps on what "
        "stands in the record: the clock may be or have been wrong, or the device was not used for "
        "more than a month. Nothing was erased. If that is the day, say so: 'e2etherapy retention "
        "apply --today' with the day."
    )


async def _require_due(device: Device, found: ConversationRecord, view: RetentionView) -> None:
    if view.fate is Fate.HELD:
        raise LegalHold(f"{found.name} is under a legal hold, and nothing was erased.")
    if view.fate is Fate.EMPTY:
        raise MessengerError(f"Nothing of {found.name}'s is left to erase. Nothing was erased.")
    if view.fate is not Fate.DUE:
        when = "until you erase it" if view.due is None else f"until {view.due:%Y-%m-%d}"
        raise MessengerError(
            f"{found.name}'s record is not due: it is kept {when}. Nothing was erased."
        )
    await erasing.require_erasable(device, BookName(found.book, found.name, found.id))


async def _record_confirmation(device: Device, today: date) -> None:
    change = await device.begin_private()
    event = record.Event(
        recorded=device.clock(), event=EventName.CLOCK_CONFIRMED, details={"date": str(today)}
    )
    change.record(record.encode(event))
    await device.vault.commit(change)


def _why(view: RetentionView) -> str:
    return f"Kept for {view.rule} after the last contact on {view.last_contact:%Y-%m-%d}."


async def _judged(device: Device, *, confirmed: bool) -> Retained:
    db, now = device.vault.db, device.clock()
    readings = await keeping.readings(db)
    line = timeline(readings, int(now.timestamp()), confirmed=confirmed)
    default = (await device.vault.setting(keeping.DEFAULT) or UNTIL_ERASED.encode()).decode()
    rules, held = await keeping.rules(db), await keeping.holds(db)
    beside, filled = await keeping.beside(db), _filled(readings)
    views = []
    for found in await conversations.every(db):
        rule = _known(rules.get(found.id, default))
        kept = Kept(
            last_contact=_last_contact(line, found),
            rule=rule,
            held=found.id in held,
            empty=bytes(found.book) not in filled and found.id not in beside,
        )
        said = verdict(kept, now)
        own = found.id in rules
        views.append(
            RetentionView(found.name, rule.words, own, kept.last_contact, said.due, said.fate)
        )
    return Retained(tuple(views), now, line.steady)


def _known(words: str) -> Rule:
    """Return a stored rule; one that only another version knows never ends in this one."""
    try:
        return retention.rule(words)
    except InvalidRetention:
        return Rule(words)


def _last_contact(line: Timeline, found: ConversationRecord) -> datetime:
    return moment_of(line.contacts.get(bytes(found.book), found.created))


def _filled(readings: Sequence[Reading]) -> frozenset[bytes]:
    """Return the books in which something can still be erased."""
    return frozenset(one.book for one in readings if one.kept and one.event not in LASTING)
