"""Informed consent, and what a client has ready for bad hours: safety plan and emergency card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from e2etherapy.messenger.care import consenting, planning
from e2etherapy.messenger.opening import OpenDevice
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy.care.consents import AskedConsent
from e2etherapy.therapy.care.plans import Plans
from e2etherapy.therapy.consent import ConsentText
from e2etherapy.therapy.emergency_card import EmergencyCard
from e2etherapy.therapy.safety_plan import SafetyPlan


class Safeguards(OpenDevice):
    """What a messenger does so that people know what they agree to, and have help at hand.

    Where a method sends, it raises as well: OldCopy, UnknownConversation, NotReady,
    IdentityUnconfirmed, WrongRole where the other side would say it, and MessengerError where
    there is nothing to say.
    """

    async def ask_consent(self, name: str, text: str) -> SendReport:
        """Ask a client for consent to a text, by its name like en-1.

        Raises:
            UnknownConsent: there is no text of this name.
        """
        return await consenting.ask(self.device, name, text)

    async def consent_text(self, name: str) -> ConsentText:
        """Return the text that waits for consent, or the last one that was asked about.

        Raises:
            MessengerError: nobody has asked.
        """
        return await consenting.text_to_read(self.device, name)

    async def consent_to_answer(self, name: str) -> ConsentText:
        """Return the text that waits for this client's consent, if it can be given now.

        Raises:
            MessengerError: none waits.
        """
        return await consenting.text_to_answer(self.device, name)

    async def give_consent(
        self, name: str, answers: Sequence[int], text: str | None = None
    ) -> SendReport:
        """Consent to the text that waits for it, with an answer (from 0) to each question on it.

        Args:
            name: the conversation's.
            answers: to the questions, in their order.
            text: the name of the text that was read; None for the one that was asked about last.

        Raises:
            NotUnderstood: with what the text says, where an answer is another one.
        """
        return await consenting.give(self.device, name, answers, text)

    async def withdraw_consent(self, name: str, note: str = "") -> SendReport:
        """Withdraw every consent that is in force.

        Raises:
            InvalidText: the note is too long.
        """
        return await consenting.withdraw(self.device, name, note)

    async def consents(self, name: str) -> tuple[AskedConsent, ...]:
        """Return everything that consent was asked for, the first one first."""
        return await consenting.shown(self.device, name)

    async def safety_plan(self) -> SafetyPlan | None:
        """Return one's own safety plan; None until it is written."""
        return await planning.plan(self.device)

    async def write_safety_plan(self, words: Mapping[str, str], today: date) -> SafetyPlan:
        """Write some parts of one's own safety plan; the others stay, and nothing is sent.

        Raises:
            InvalidSafetyPlan: no part has words, or one is not of a plan.
            InvalidWords: words are too long, or hold a character that is not seen.
        """
        return await planning.write_plan(self.device, words, today)

    async def share_safety_plan(self, name: str) -> SendReport:
        """Send a copy of one's own safety plan to one person."""
        return await planning.share_plan(self.device, name)

    async def emergency_card(self) -> EmergencyCard | None:
        """Return one's own emergency card; None until it is written."""
        return await planning.card(self.device)

    async def write_emergency_card(self, card: EmergencyCard) -> None:
        """Write one's own emergency card; nothing is sent."""
        await planning.write_card(self.device, card)

    async def card_to_confirm(self, today: date) -> date | None:
        """Return when one's own emergency card was last confirmed, if that is due anew."""
        return await planning.card_to_confirm(self.device, today)

    async def confirm_emergency_card(self, today: date) -> EmergencyCard:
        """Write down that everything on one's own emergency card is right today."""
        return await planning.confirm_card(self.device, today)

    async def share_emergency_card(self, name: str, today: date) -> SendReport:
        """Send a copy of one's own emergency card, confirmed within the quarter, to one person."""
        return await planning.share_card(self.device, name, today)

    async def shared_plans(self, name: str) -> Plans:
        """Return the plan and the card that the client shared last in a conversation."""
        return await planning.shared(self.device, name)
