"""Goals: proposed by either side, agreed by the other one, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from e2etherapy.messenger.care.speaking import numbered, require_short, require_words, speaking
from e2etherapy.messenger.caring import care_of, hidden_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import no_progress
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy.care.goals import SharedGoal
from e2etherapy.vault import conversations
from e2etherapy.wire.care import MAX_NOTE, Goal, GoalAnswer

MAX_GOAL = 1_000
"""Characters."""

Becomes: TypeAlias = Literal["agreed", "declined", "reached", "dropped"]


async def propose(device: Device, name: str, text: str) -> SendReport:
    """Propose a goal; it is one once the other side agrees.

    Raises:
        InvalidText: it is empty or too long.
        MessengerError: 100 are under way.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_words(text, "The goal", MAX_GOAL)
    async with speaking(device, name) as speaker:
        item = speaker.say(Goal, text=text)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def answer(
    device: Device, name: str, number: int, outcome: Becomes, note: str = ""
) -> SendReport:
    """Say what becomes of a goal: of the other side's, or of one that both agreed on.

    Raises:
        InvalidText: the note is too long.
        MessengerError: there is no such goal, or this cannot become of it now.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_short(note, "The note", MAX_NOTE)
    async with speaking(device, name) as speaker:
        goal = numbered(speaker.care.goals.all(), number, "goal")
        item = speaker.say(GoalAnswer, answers=goal.id, outcome=outcome, note=note)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def shown(device: Device, name: str, *, hidden: bool = False) -> tuple[SharedGoal, ...]:
    """Return all goals of a conversation in the order of their numbers.

    Those that were hidden, and words that were, are among them only if `hidden` says so.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    out = await hidden_of(device.vault.db, found)
    care = await care_of(device.vault.db, found, wordless=() if hidden else out)
    every = [replace(one, hidden=(one.author, one.id) in out) for one in care.goals.all()]
    return tuple(one for one in every if hidden or not one.hidden)
