"""Who wrote when, from a few words, for tests of what is computed of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from e2etherapy.therapy.care.flags import Flag
from e2etherapy.therapy.caseload.exchange import Message
from e2etherapy.wire.role import Role
from tests.support.agreements import at

MONDAY = at("2026-03-02T09:00:00")


def hours(count: float) -> datetime:
    """Return so many hours after Monday, 09:00."""
    return MONDAY + timedelta(hours=count)


def wrote(author: str, hour: float, due: float | None = None) -> Message:
    """Return a message written and recorded at an hour, and due at one; "c" is the client."""
    role = Role.CLIENT if author == "c" else Role.THERAPIST
    return Message(role, hours(hour), hours(hour), None if due is None else hours(due))


def flag(hour: float) -> Flag:
    """Return a flag that was raised at an hour."""
    return Flag(id=b"f" * 16, reason="asked", raised=hours(hour), sequence=1)
