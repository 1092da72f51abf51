"""What two people work on between letters: homework, goals, how a message landed, summaries."""

from __future__ import annotations

from e2etherapy.messenger.care import aiming, assigning, landing, summing_up
from e2etherapy.messenger.care.aiming import Becomes
from e2etherapy.messenger.care.assigning import Assignment, Worked
from e2etherapy.messenger.opening import OpenDevice
from e2etherapy.messenger.views import Landed, SendReport
from e2etherapy.therapy.care.goals import SharedGoal
from e2etherapy.therapy.care.homeworks import GivenHomework


class Work(OpenDevice):
    """What a messenger does for the work itself.

    Where a method sends, it raises as well: OldCopy, UnknownConversation, NotReady,
    IdentityUnconfirmed, WrongRole where the other side would say it, InvalidText where a text is
    too long, and MessengerError where a number of a list is not there, or this cannot be said now.
    """

    async def assign_homework(self, name: str, assignment: Assignment) -> SendReport:
        """Give a client something to do."""
        return await assigning.assign(self.device, name, assignment)

    async def answer_homework(
        self, name: str, number: int, *, accepted: bool, note: str = ""
    ) -> SendReport:
        """Accept or decline a homework."""
        return await assigning.answer(self.device, name, number, accepted=accepted, note=note)

    async def log_homework(self, name: str, number: int, worked: Worked) -> SendReport:
        """Tell what became of a homework on a day; the last word on a day counts."""
        return await assigning.log(self.device, name, number, worked)

    async def review_homework(self, name: str, number: int, note: str = "") -> SendReport:
        """End a homework with what the therapist says of it."""
        return await assigning.review(self.device, name, number, note)

    async def homework(self, name: str, *, hidden: bool = False) -> tuple[GivenHomework, ...]:
        """Return all homework of a conversation by its number; what is hidden only if asked."""
        return await assigning.shown(self.device, name, hidden=hidden)

    async def propose_goal(self, name: str, text: str) -> SendReport:
        """Propose a goal; it is one once the other side agrees."""
        return await aiming.propose(self.device, name, text)

    async def answer_goal(
        self, name: str, number: int, outcome: Becomes, note: str = ""
    ) -> SendReport:
        """Say what becomes of a goal."""
        return await aiming.answer(self.device, name, number, outcome, note)

    async def goals(self, name: str, *, hidden: bool = False) -> tuple[SharedGoal, ...]:
        """Return all goals of a conversation by their numbers; those hidden only if asked."""
        return await aiming.shown(self.device, name, hidden=hidden)

    async def mark_landed(
        self, name: str, landed: Landed, message: str | None = None
    ) -> SendReport:
        """Tell how a text of the therapist landed: the one with this id, or the last one."""
        return await landing.mark(self.device, name, landed, message)

    async def summarise(self, name: str, text: str) -> SendReport:
        """Sum up what was worked on since the last time."""
        return await summing_up.summarise(self.device, name, text)
