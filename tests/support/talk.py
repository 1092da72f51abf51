"""Two people who talk about the therapy, on one device, at moments that the test names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import pytest

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy import agreement, consent, emergency_card, safety_plan
from e2etherapy.therapy.agreement import AgreementTerms
from e2etherapy.therapy.care import state
from e2etherapy.therapy.care.said import Said
from e2etherapy.therapy.care.state import Care
from e2etherapy.therapy.emergency_card import EmergencyCard
from e2etherapy.wire.item import Item
from e2etherapy.wire.role import Role
from tests.support.agreements import at, terms

CLIENT, THERAPIST = Role.CLIENT, Role.THERAPIST
MONDAY = at("2026-03-02T10:00")
EN_1 = consent.named("en-1")
PLAN = safety_plan.encode(safety_plan.plan(date(2026, 3, 1), {"worst": "I call Anna."})).decode()
CARD = emergency_card.encode(
    EmergencyCard(
        contact="Anna",
        phone="112",
        relation="sister",
        location="Flat 3.",
        consent="If you think I am in danger.",
        confirmed=date(2026, 3, 1),
    )
).decode()

AnyItem = TypeVar("AnyItem", bound=Item)


def canonical(agreed: AgreementTerms | None = None) -> str:
    """Return the text in which an agreement is carried."""
    return agreement.encode(agreed or terms()).decode()


@dataclass
class Talk:
    """What one device holds, and the next id and sequence."""

    now: datetime = MONDAY
    care: Care = field(default_factory=Care)
    count: int = 0

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def item(self, kind: type[AnyItem], **members: Any) -> AnyItem:  # noqa: ANN401 - of any kind
        """Return an item that was not said so far; written now unless `written` is given."""
        self.count += 1
        common = {"id": bytes([1] * 8) + self.count.to_bytes(8, "big"), "sequence": self.count}
        return kind(**{"written": self.now, **common, **members})

    def hears(self, author: Role, item: Item) -> Care:
        self.care = state.after(self.care, Said(author, item, self.now))
        return self.care

    def says(self, author: Role, kind: type[AnyItem], **members: Any) -> AnyItem:  # noqa: ANN401
        item = self.item(kind, **members)
        self.hears(author, item)
        return item

    def refuses(self, match: str, author: Role, kind: type[Item], **members: Any) -> None:  # noqa: ANN401
        """Claim that this is out of place, and that nothing changes."""
        with self.refusal(match):
            self.says(author, kind, **members)

    @contextmanager
    def refusal(self, match: str) -> Iterator[None]:
        before = self.care
        with pytest.raises(OutOfPlace, match=match):
            yield
        assert self.care is before
