"""The client's safety plan and emergency card, as they were last shared with the therapist."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy import emergency_card, safety_plan
from e2etherapy.therapy.care.said import Said
from e2etherapy.therapy.emergency_card import EmergencyCard
from e2etherapy.therapy.safety_plan import SafetyPlan
from e2etherapy.wire.care import EmergencyCardShare, SafetyPlanShare
from e2etherapy.wire.item import Item

AnyPlan_co = TypeVar("AnyPlan_co", SafetyPlan, EmergencyCard, covariant=True)


@dataclass(frozen=True, slots=True)
class Shared(Generic[AnyPlan_co]):
    """What was shared.

    Attributes:
        id: the item's.
        content: the plan or card itself.
        shared: when, UTC.
        sequence: of the item.
    """

    id: bytes
    content: AnyPlan_co = field(repr=False)
    shared: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Plans:
    """The latest of each; None until one was shared."""

    plan: Shared[SafetyPlan] | None = None
    card: Shared[EmergencyCard] | None = None


def share_plan(state: Plans, said: Said[SafetyPlanShare]) -> Plans:
    """Take a safety plan, unless a later one is here.

    Raises:
        OutOfPlace: it cannot be read.
    """
    try:
        content = safety_plan.decode(said.item.plan.encode())
    except (MalformedData, UnicodeEncodeError):
        raise OutOfPlace("a safety plan that this version cannot read") from None
    if _is_older(said.item, state.plan):
        return state
    return replace(state, plan=Shared(said.item.id, content, said.when, said.item.sequence))


def share_card(state: Plans, said: Said[EmergencyCardShare]) -> Plans:
    """Take an emergency card, unless a later one is here.

    Raises:
        OutOfPlace: it cannot be read.
    """
    try:
        content = emergency_card.decode(said.item.card.encode())
    except (MalformedData, UnicodeEncodeError):
        raise OutOfPlace("an emergency card that this version cannot read") from None
    if _is_older(said.item, state.card):
        return state
    return replace(state, card=Shared(said.item.id, content, said.when, said.item.sequence))


def _is_older(item: Item, latest: Shared[SafetyPlan] | Shared[EmergencyCard] | None) -> bool:
    """Say whether its author wrote it before the one that is here, and it came later."""
    return latest is not None and item.sequence < latest.sequence
