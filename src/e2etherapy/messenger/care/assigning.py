"""Homework: given and reviewed by the therapist, answered and logged by the client."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from e2etherapy.errors import MessengerError
from e2etherapy.messenger.care.speaking import (
    Speaker,
    numbered,
    require_role,
    require_short,
    require_words,
    speaking,
)
from e2etherapy.messenger.caring import care_of, hidden_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import no_progress
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy.care.homeworks import GivenHomework
from e2etherapy.vault import conversations
from e2etherapy.wire.care import MAX_NOTE, Homework, HomeworkAnswer, HomeworkLog, HomeworkReview
from e2etherapy.wire.role import Role

MAX_TITLE = 200
_DAYS_DIFFER = timedelta(days=1)
"""It may still be yesterday where the other person is."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a therapist gives to do.

    Attributes:
        title: 1 to 200 characters.
        text: more about it, 4,000 at most.
        until: the last day for it, if there is one.
    """

    title: str = field(repr=False)
    text: str = field(default="", repr=False)
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of a homework on a day of the client's calendar."""

    day: date
    done: bool = True
    note: str = field(default="", repr=False)


async def assign(device: Device, name: str, assignment: Assignment) -> SendReport:
    """Give a client something to do.

    Raises:
        WrongRole: this is a client's vault.
        InvalidText: it has no title, or a text is too long.
        MessengerError: its last day has passed, or 100 are open.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.THERAPIST, "gives homework")
    require_words(assignment.title, "The title", MAX_TITLE)
    require_short(assignment.text, "The text", MAX_NOTE)
    until = assignment.until
    if until is not None and until < device.clock().date() - _DAYS_DIFFER:
        raise MessengerError(f"The last day, {until}, has passed. Nothing was sent.")
    async with speaking(device, name) as speaker:
        item = speaker.say(
            Homework,
            title=assignment.title,
            text=assignment.text,
            until=None if until is None else until.isoformat(),
        )
    return await _report(device, speaker, item)


async def answer(
    device: Device, name: str, number: int, *, accepted: bool, note: str = ""
) -> SendReport:
    """Accept or decline a homework.

    Raises:
        WrongRole: this is a therapist's vault.
        InvalidText: the note is too long.
        MessengerError: there is no such homework, or it was answered or reviewed before.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "accepts or declines homework")
    require_short(note, "The note", MAX_NOTE)
    async with speaking(device, name) as speaker:
        given = _numbered(speaker, number)
        if given.reviewed is not None:
            raise MessengerError(f"Homework {number} was reviewed before. Nothing was sent.")
        item = speaker.say(HomeworkAnswer, answers=given.id, accepted=accepted, note=note)
    return await _report(device, speaker, item)


async def log(device: Device, name: str, number: int, worked: Worked) -> SendReport:
    """Tell what became of a homework on a day; what is told later of that day replaces it.

    Raises:
        WrongRole: this is a therapist's vault.
        InvalidText: the note is too long.
        MessengerError: there is no such homework, it was declined or reviewed, or the day has not
            come.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "logs homework")
    require_short(worked.note, "The note", MAX_NOTE)
    async with speaking(device, name) as speaker:
        item = speaker.say(
            HomeworkLog,
            answers=_numbered(speaker, number).id,
            day=worked.day.isoformat(),
            done=worked.done,
            note=worked.note,
        )
    return await _report(device, speaker, item)


async def review(device: Device, name: str, number: int, note: str = "") -> SendReport:
    """End a homework with what the therapist says of it.

    Raises:
        WrongRole: this is a client's vault.
        InvalidText: the note is too long.
        MessengerError: there is no such homework, or it was reviewed before.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.THERAPIST, "reviews homework")
    require_short(note, "The note", MAX_NOTE)
    async with speaking(device, name) as speaker:
        item = speaker.say(HomeworkReview, answers=_numbered(speaker, number).id, note=note)
    return await _report(device, speaker, item)


async def shown(device: Device, name: str, *, hidden: bool = False) -> tuple[GivenHomework, ...]:
    """Return all homework of a conversation in the order of its numbers.

    What was hidden of it, and words that were, are in it only if `hidden` says so.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    out = await hidden_of(device.vault.db, found)
    care = await care_of(device.vault.db, found, wordless=() if hidden else out)
    every = [replace(one, hidden=(Role.THERAPIST, one.id) in out) for one in care.homeworks.all()]
    return tuple(one for one in every if hidden or not one.hidden)


def _numbered(speaker: Speaker, number: int) -> GivenHomework:
    return numbered(speaker.care.homeworks.all(), number, "homework")


async def _report(device: Device, speaker: Speaker, item: bytes) -> SendReport:
    return await sending.report(device, speaker.composer.conversation, item, no_progress)
