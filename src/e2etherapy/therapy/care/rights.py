"""Who may say what about the therapy."""

from __future__ import annotations

from typing import Final

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.wire import care
from e2etherapy.wire.item import Item
from e2etherapy.wire.role import Role

BOTH: Final = frozenset(Role)
THERAPIST: Final = frozenset({Role.THERAPIST})
CLIENT: Final = frozenset({Role.CLIENT})

SPEAKERS: Final[dict[type[Item], frozenset[Role]]] = {
    care.Agreement: THERAPIST,
    care.AgreementAcceptance: CLIENT,
    care.ConsentRequest: THERAPIST,
    care.Consent: CLIENT,
    care.ConsentWithdrawal: CLIENT,
    care.CheckIn: CLIENT,
    care.CheckInSchedule: THERAPIST,
    care.Priority: CLIENT,
    care.Homework: THERAPIST,
    care.HomeworkAnswer: CLIENT,
    care.HomeworkLog: CLIENT,
    care.HomeworkReview: THERAPIST,
    care.Goal: BOTH,
    care.GoalAnswer: BOTH,
    care.Landing: CLIENT,
    care.SafetyPlanShare: CLIENT,
    care.EmergencyCardShare: CLIENT,
    care.Summary: THERAPIST,
    care.ExtractRequest: THERAPIST,
    care.ExtractAnswer: CLIENT,
    care.Ending: BOTH,
}


def require_speaker(author: Role, item: Item) -> None:
    """Refuse an item of a kind that its author's role does not say.

    Raises:
        OutOfPlace: it is one, or is not about the therapy.
    """
    if author not in SPEAKERS.get(type(item), frozenset()):
        raise OutOfPlace(f"a {author} does not say this")
