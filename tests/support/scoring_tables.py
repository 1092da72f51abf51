"""A second scorer, written from the published tables alone; it shares no code with the package.

It is slow and plain: fractions, decimals and tables that a reader can hold beside a manual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

Answers = Sequence[int | None]


@dataclass(frozen=True)
class Table:
    """One instrument.

    Attributes:
        places: what each answer is for: `s` scored, `g` gate, `f` functional.
        values: the values that a scored item has.
        others: the values of the items that are not scored, by their letter.
        may_miss: how many scored items may be without an answer.
        bands: the highest total of each band, and its name.
        cuts: by name, the least total; or a subscale with its least score.
        parts: subscales, by the numbers of their scored items from 1.
        pattern: the name of a rule, and how many of which items have to be 2 or more.
        priority: the number of a scored item that is urgent unless it is 0.
    """

    places: str
    values: tuple[int, ...]
    others: dict[str, tuple[int, ...]] = field(default_factory=dict)
    may_miss: int = 0
    bands: tuple[tuple[int, str], ...] = ()
    cuts: dict[str, int | tuple[str, int]] = field(default_factory=dict)
    parts: dict[str, range] = field(default_factory=dict)
    pattern: tuple[str, tuple[tuple[range, int], ...]] | None = None
    priority: int | None = None

    def options(self) -> list[tuple[int, ...]]:
        return [self.values if place == "s" else self.others[place] for place in self.places]


@dataclass(frozen=True)
class Expected:
    """What a result has to say."""

    total: int | None
    band: str | None
    missing: int
    imputed: bool
    priority: bool
    priority_unanswered: bool
    subscales: dict[str, int | None]
    findings: dict[str, bool | None]


_FREQUENCY = (0, 1, 2, 3)
_DEPRESSION = ((4, "minimal"), (9, "mild"), (14, "moderate"), (19, "moderately severe"))

TABLES: dict[str, Table] = {
    "phq-9": Table(
        "sssssssssf",
        _FREQUENCY,
        {"f": (0, 1, 2, 3)},
        may_miss=2,
        bands=(*_DEPRESSION, (27, "severe")),
        cuts={"total-10": 10},
        priority=9,
    ),
    "phq-8": Table(
        "ssssssss",
        _FREQUENCY,
        may_miss=2,
        bands=(*_DEPRESSION, (24, "severe")),
        cuts={"total-10": 10},
    ),
    "phq-4": Table(
        "ssss",
        _FREQUENCY,
        bands=((2, "none"), (5, "mild"), (8, "moderate"), (12, "severe")),
        cuts={"anxiety-3": ("anxiety", 3), "depression-3": ("depression", 3)},
        parts={"anxiety": range(1, 3), "depression": range(3, 5)},
    ),
    "phq-2": Table("ss", _FREQUENCY, cuts={"total-3": 3}),
    "gad-7": Table(
        "sssssss",
        _FREQUENCY,
        may_miss=2,
        bands=((4, "minimal"), (9, "mild"), (14, "moderate"), (21, "severe")),
        cuts={"total-10": 10},
    ),
    "gad-2": Table("ss", _FREQUENCY, cuts={"total-3": 3}),
    "pc-ptsd-5": Table("gsssss", (0, 1), {"g": (0, 1)}, cuts={"total-4": 4, "total-3": 3}),
    "pcl-5": Table(
        "s" * 20,
        (0, 1, 2, 3, 4),
        cuts={"total-31": 31, "total-33": 33},
        parts={"b": range(1, 6), "c": range(6, 8), "d": range(8, 15), "e": range(15, 21)},
        pattern=(
            "provisional",
            ((range(1, 6), 1), (range(6, 8), 1), (range(8, 15), 2), (range(15, 21), 2)),
        ),
    ),
    "audit-c": Table("sss", (0, 1, 2, 3, 4), cuts={"men-4": 4, "women-3": 3}),
    "k6": Table(
        "ssssss",
        (0, 1, 2, 3, 4),
        bands=((4, "none or low"), (12, "moderate"), (24, "serious")),
        cuts={"total-13": 13},
    ),
    "k10": Table(
        "ssssssssss",
        (1, 2, 3, 4, 5),
        bands=((19, "likely to be well"), (24, "mild"), (29, "moderate"), (50, "severe")),
    ),
    "connection": Table("ssss", (0, 1, 2, 3, 4, 5)),
}


def expected(table: Table, answers: Answers) -> Expected:
    """Score by the table; the answers are ones that the instrument offers."""
    scored = [answer for place, answer in zip(table.places, answers, strict=True) if place == "s"]
    gate = answers[0] if table.places[0] == "g" else 1
    closed = gate == 0
    counted: list[int | None] = [None] * len(scored) if closed else scored
    missing = 0 if closed else scored.count(None) + (gate is None)
    total = 0 if closed else None if gate is None else _mean_total(table, scored)
    parts = {name: _sum(counted, numbers) for name, numbers in table.parts.items()}
    urgent = 0 if table.priority is None else scored[table.priority - 1]
    return Expected(
        total=total,
        band=next((name for top, name in table.bands if total is not None and total <= top), None),
        missing=missing,
        imputed=total is not None and missing > 0,
        priority=urgent is not None and urgent > 0,
        priority_unanswered=urgent is None,
        subscales=parts,
        findings={
            **{name: _reached(cut, total, parts) for name, cut in table.cuts.items()},
            **_patterns(table, counted),
        },
    )


def _mean_total(table: Table, scored: Answers) -> int | None:
    answered = [value for value in scored if value is not None]
    if len(scored) - len(answered) > table.may_miss:
        return None
    exact = Fraction(sum(answered), len(answered)) * len(scored)
    decimal = Decimal(exact.numerator) / Decimal(exact.denominator)
    return int(decimal.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _sum(scored: Answers, numbers: range) -> int | None:
    total = 0
    for number in numbers:
        value = scored[number - 1]
        if value is None:
            return None
        total += value
    return total


def _reached(
    cut: int | tuple[str, int], total: int | None, parts: dict[str, int | None]
) -> bool | None:
    score, least = (total, cut) if isinstance(cut, int) else (parts[cut[0]], cut[1])
    return None if score is None else score >= least


def _patterns(table: Table, scored: Answers) -> dict[str, bool | None]:
    """Try both ways: what is missing counts nothing, and what is missing counts in full."""
    if table.pattern is None:
        return {}
    name, needs = table.pattern
    outcomes = {
        all(
            sum((blank if (value := scored[n - 1]) is None else value) >= 2 for n in numbers)
            >= count
            for numbers, count in needs
        )
        for blank in (0, 2)
    }
    return {name: outcomes.pop() if len(outcomes) == 1 else None}
