"""Courses of results, for tests of what is said and drawn of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.scoring import score
from e2etherapy.therapy.instruments.trend import Dated

FIRST = date(2026, 1, 5)


def answers(instrument: Instrument, total: int | None) -> list[int | None]:
    """Return answers with this total, or none at all; a gate is open."""
    given: list[int | None] = []
    left = (total or 0) - instrument.scoring.lowest
    for item in instrument.items:
        values = [option.value for option in instrument.options_of(item)]
        if total is None or item.role == "functional":
            given.append(None)
        elif item.role == "gate":
            given.append(max(values))
        else:
            more = min(left, max(values) - min(values))
            given.append(min(values) + more)
            left -= more
    return given


def course(instrument: Instrument, totals: Sequence[int | None], every: int = 14) -> list[Dated]:
    """Return results with these totals, so many days apart from 5 January 2026 on."""
    return [
        Dated(FIRST + timedelta(days=every * number), score(instrument, answers(instrument, total)))
        for number, total in enumerate(totals)
    ]
