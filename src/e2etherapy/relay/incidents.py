"""What went wrong on the way to an answer: counted, logged where it must be, and answered."""

from __future__ import annotations

from dataclasses import dataclass

from e2etherapy.relay import problems
from e2etherapy.relay.counts import Counts
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.problems import ProblemAnswer, Reason
from e2etherapy.relay.readiness import Readiness
from e2etherapy.relay.store import DiskFull, StoreError
from e2etherapy.relay.waiting import RoomFull


@dataclass(frozen=True, slots=True)
class Incidents:
    """Whom to tell."""

    log: RelayLog
    counts: Counts
    readiness: Readiness

    def answer_to(self, problem: Exception) -> ProblemAnswer:
        """Return the answer to a request, or to one operation of a batch, that met a problem."""
        match problem:
            case ProblemAnswer():
                answer = problem
            case StoreError():
                if isinstance(problem, DiskFull):
                    self.readiness.found_no_room()
                    self.log.disk_full()
                answer = problems.of(problem)
            case RoomFull():
                answer = problems.overloaded(Reason.WAITS)
            case _:
                self.counts.faults += 1
                self.log.fault(problem)
                answer = problems.internal()
        self.counts.refusal(answer.reason)
        return answer
