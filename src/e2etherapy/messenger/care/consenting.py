"""Informed consent: asked for by the therapist, understood, given and withdrawn by the client."""

from __future__ import annotations

from collections.abc import Sequence

from e2etherapy.errors import MessengerError
from e2etherapy.errors.therapy import NotUnderstood, UnknownConsent
from e2etherapy.messenger.care.speaking import require_role, require_short, speaking
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import no_progress
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy import consent
from e2etherapy.therapy.care.consents import AskedConsent, Consents
from e2etherapy.therapy.consent import ConsentText
from e2etherapy.vault import conversations
from e2etherapy.wire.care import MAX_NOTE, Consent, ConsentRequest, ConsentWithdrawal
from e2etherapy.wire.role import Role


async def ask(device: Device, name: str, text: str) -> SendReport:
    """Ask a client for consent to a text.

    Args:
        device: the therapist's.
        name: the conversation's.
        text: its name, like en-1.

    Raises:
        WrongRole: this is a client's vault.
        UnknownConsent: there is no text of this name.
        MessengerError: 20 requests are open.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.THERAPIST, "asks for consent")
    try:
        asked = consent.named(text)
    except UnknownConsent:
        known = ", ".join(consent.names())
        raise UnknownConsent(
            f"There is no consent text of this name. There are: {known}. Nothing was sent."
        ) from None
    async with speaking(device, name) as speaker:
        item = speaker.say(ConsentRequest, text=asked.name, digest=asked.digest)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def text_to_read(device: Device, name: str) -> ConsentText:
    """Return the text that waits for consent, or the last one that was asked about.

    Raises:
        MessengerError: nobody has asked for consent.
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    consents = (await care_of(device.vault.db, found)).consents
    asked = consents.open() or consents.all()
    if not asked:
        raise MessengerError(f"Nobody has asked for consent in the conversation with {found.name}.")
    return consent.named(asked[-1].text)


async def text_to_answer(device: Device, name: str) -> ConsentText:
    """Return the text that waits for a client's consent, before anybody is asked about it.

    Raises:
        WrongRole: this is a therapist's vault.
        MessengerError: none waits.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "gives consent")
    await sending.require_ready(device, name)
    found = await conversations.named(device.vault.db, name)
    care = await care_of(device.vault.db, found)
    return consent.named(_waiting(care.consents, found.name).text)


async def give(
    device: Device, name: str, answers: Sequence[int], text: str | None = None
) -> SendReport:
    """Consent to the text that waits for it, once all questions on it are answered rightly.

    Args:
        device: the client's.
        name: the conversation's.
        answers: the place of the chosen answer, from 0, for each question.
        text: the name of the text that was read; None for the one that was asked about last.

    Raises:
        WrongRole: this is a therapist's vault.
        NotUnderstood: with what the text says about each question that was answered otherwise.
        MessengerError: no text waits for consent.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "gives consent")
    async with speaking(device, name) as speaker:
        asked = _waiting(speaker.care.consents, speaker.name, text)
        read = consent.named(asked.text)
        try:
            consent.accept(read, answers, speaker.composer.now)
        except NotUnderstood as wrong:
            raise _explained(wrong, read) from None
        item = speaker.say(Consent, answers=asked.id, text=asked.text, digest=asked.digest)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


def _explained(wrong: NotUnderstood, text: ConsentText) -> NotUnderstood:
    """Return it with why, each question on a line of its own."""
    why = [
        f"Question {place + 1}: {text.questions[place].explanation}" for place in wrong.questions
    ]
    return NotUnderstood("\n".join([str(wrong), *why, "Nothing was sent."]), wrong.questions)


async def withdraw(device: Device, name: str, note: str = "") -> SendReport:
    """Withdraw every consent that is in force.

    Raises:
        WrongRole: this is a therapist's vault.
        InvalidText: the note is too long.
        MessengerError: none is in force.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "withdraws consent")
    require_short(note, "The note", MAX_NOTE)
    async with speaking(device, name) as speaker:
        given = speaker.care.consents.in_force()
        if not given:
            raise MessengerError(f"No consent with {speaker.name} is in force. Nothing was sent.")
        said = [speaker.say(ConsentWithdrawal, answers=one.consent, note=note) for one in given]
    return await sending.report(device, speaker.composer.conversation, said[-1], no_progress)


async def shown(device: Device, name: str) -> tuple[AskedConsent, ...]:
    """Return everything that consent was asked for in a conversation, the first one first.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    return (await care_of(device.vault.db, found)).consents.all()


def _waiting(consents: Consents, name: str, text: str | None = None) -> AskedConsent:
    waiting = [one for one in consents.open() if text in {None, one.text}]
    if waiting:
        return waiting[-1]
    if consents.in_force():
        raise MessengerError(f"You have given {name} the consent already. Nothing was sent.")
    raise MessengerError(f"{name} has not asked for consent. Nothing was sent.")
