"""The work of therapy: agreement, check-ins, and what has to be seen first."""

from __future__ import annotations

from datetime import date

from e2etherapy.messenger.care import agreeing, checking_in, ending, prioritising
from e2etherapy.messenger.care.agreeing import AgreementView, Wish
from e2etherapy.messenger.care.checking_in import CheckInsView, TakenReport
from e2etherapy.messenger.care.ending import EndingView
from e2etherapy.messenger.caseload import queueing
from e2etherapy.messenger.opening import OpenDevice
from e2etherapy.messenger.outbound.courier import Progress, no_progress
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy.caseload.queue import Entry
from e2etherapy.therapy.instruments.scoring import Answers


class Practice(OpenDevice):
    """What a messenger does for the therapy itself.

    Where a method sends, it raises as well: OldCopy, UnknownConversation, NotReady,
    IdentityUnconfirmed, and WrongRole where the other side would say it.
    """

    async def propose_agreement(
        self, name: str, wish: Wish, progress: Progress = no_progress
    ) -> SendReport:
        """Propose the next reply agreement to a client.

        Raises:
            TherapyError: something in the wish cannot be understood; nothing was sent.
        """
        return await agreeing.propose(self.device, name, wish, progress)

    async def accept_agreement(self, name: str, progress: Progress = no_progress) -> SendReport:
        """Accept the agreement that the therapist proposed last.

        Raises:
            MessengerError: there is none that waits to be accepted.
        """
        return await agreeing.accept(self.device, name, progress)

    async def agreements(self, name: str) -> list[AgreementView]:
        """Return all agreements of a conversation, the first one first."""
        return await agreeing.shown(self.device, name)

    async def fitting_check_in(self, name: str, instrument: str) -> str:
        """Return what can be asked now: this instrument, or PHQ-8 in the place of PHQ-9."""
        return await checking_in.fitting(self.device, name, instrument)

    async def require_fitting(self, name: str, instrument: str) -> None:
        """Refuse to ask what must not wait where nobody looks within one working day.

        Raises:
            MessengerError: it is PHQ-9, and no agreement says that somebody looks in time.
        """
        await checking_in.require_fitting(self.device, name, instrument)

    async def take_check_in(
        self, name: str, instrument: str, answers: Answers, progress: Progress = no_progress
    ) -> TakenReport:
        """Score answers, record and send them; with a flag if one has to be seen first.

        Raises:
            InvalidInstrument, InvalidAnswers, MessengerError: nothing was sent.
        """
        return await checking_in.take(self.device, name, instrument, answers, progress)

    async def ask_check_in(
        self, name: str, instrument: str, schedule: str, begins: date
    ) -> SendReport:
        """Ask a client to fill in an instrument on some days; empty words end that.

        Raises:
            InvalidInstrument, InvalidSchedule, MessengerError: nothing was sent.
        """
        return await checking_in.ask(self.device, name, instrument, schedule, begins)

    async def check_ins(self, name: str) -> CheckInsView:
        """Return the check-ins of a conversation, and what is asked for."""
        return await checking_in.shown(self.device, name)

    async def ask_sooner(
        self, name: str, text: str = "", progress: Progress = no_progress
    ) -> SendReport:
        """Tell the therapist that one needs them sooner; nobody is watching for it."""
        return await prioritising.ask_sooner(self.device, name, text, progress)

    async def queue(self) -> tuple[Entry, ...]:
        """Return every conversation that waits for its therapist, in reading order."""
        return await queueing.queue(self.device)

    async def resolve(self, name: str, note: str) -> int:
        """Record what was done about everything that had to be seen first; return how much.

        Raises:
            MessengerError: nothing is open, or the note says nothing or is too long.
        """
        return await prioritising.resolve(self.device, name, note)

    async def end_therapy(self, name: str, letter: str) -> SendReport:
        """End a therapy with a letter, after which nothing can be written by either side.

        Raises:
            InvalidText: the letter is empty or too long.
            MessengerError: something that has to be seen first is open on a therapist's side.
        """
        return await ending.write(self.device, name, letter)

    async def require_endable(self, name: str) -> None:
        """Refuse before anybody begins to write a letter that could not be sent.

        Raises:
            MessengerError: as for `end_therapy`.
        """
        await ending.require_endable(self.device, name)

    async def require_leavable(self, name: str) -> str:
        """Return the name of a conversation that can be left without a letter.

        Raises:
            WrongRole: a therapist could send a letter instead.
        """
        return (await ending.require_leavable(self.device, name)).name

    async def leave(self, name: str) -> int:
        """End a conversation at once and without a letter; return how much never left this device.

        What was not fetched so far is deleted at the relay. A client may always leave.

        Raises:
            WrongRole: a therapist could send a letter instead.
        """
        return await ending.leave(self.device, name)

    async def ending(self, name: str) -> EndingView:
        """Return how a conversation has ended, or that it has not."""
        return await ending.shown(self.device, name)
