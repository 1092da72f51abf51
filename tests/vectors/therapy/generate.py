"""Writes the golden vectors of the instruments anew: `python -m tests.vectors.therapy.generate`.

What they expect comes from tests/support/scoring_tables.py, never from the package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.support.scoring_tables import TABLES, Table, expected

FOLDER = Path(__file__).parent
Given = list[Any]


def with_total(table: Table, total: int) -> Given:
    """Return answers with this total, the first items as high as they can be."""
    answers: Given = []
    left = total - sum(place == "s" for place in table.places) * min(table.values)
    for place in table.places:
        if place != "s":
            answers.append(1 if place == "g" else None)
            continue
        more = min(left, max(table.values) - min(table.values))
        answers.append(min(table.values) + more)
        left -= more
    return answers


def without(table: Table, answers: Given, missing: int) -> Given:
    """Leave the last scored items without an answer."""
    places = [number for number, place in enumerate(table.places) if place == "s"][-missing:]
    return [None if number in places else answer for number, answer in enumerate(answers)]


def edges(table: Table) -> list[int]:
    """Return the lowest and the highest total of each band, or else around each cut."""
    count = table.places.count("s")
    lowest, highest = count * min(table.values), count * max(table.values)
    if not table.bands:
        cuts = [cut for cut in table.cuts.values() if isinstance(cut, int)]
        return sorted({total for cut in cuts for total in (cut - 1, cut)})
    tops = [top for top, _ in table.bands]
    return sorted({lowest, highest, *tops, *(top + 1 for top in tops if top < highest)})


def scored(name: str, table: Table) -> Iterator[tuple[str, Given]]:
    count = table.places.count("s")
    yield "every answer the lowest", with_total(table, count * min(table.values))
    yield "every answer the highest", with_total(table, count * max(table.values))
    for total in edges(table):
        yield f"a total of {total}", with_total(table, total)
    ones = with_total(table, count * min(table.values))
    ones = [1 if place == "s" else answer for place, answer in zip(table.places, ones, strict=True)]
    for missing in range(1, min(count, 3) + 1):
        yield f"ones, and {missing} missing", without(table, ones, missing)
    yield from SPECIAL.get(name, [])


SPECIAL: dict[str, list[tuple[str, Given]]] = {
    "phq-9": [
        ("only the question about harm, once", [0, 0, 0, 0, 0, 0, 0, 0, 1, None]),
        ("harm, and too much missing for a score", [None, None, None, 0, 0, 0, 0, 0, 2, None]),
        ("the question about harm missing", [1, 1, 1, 1, 1, 1, 1, 1, None, 0]),
        ("four and a half is rounded up", [3, 1, 0, 0, 0, 0, 0, None, 0, None]),
        ("the functional question does not count", [0, 0, 0, 0, 0, 0, 0, 0, 0, 3]),
    ],
    "gad-7": [("three and a half is rounded up", [3, 0, 0, 0, 0, 0, None])],
    "phq-4": [
        ("anxiety alone", [2, 1, 0, 0]),
        ("depression alone", [0, 0, 2, 1]),
        ("one half complete", [2, 1, None, 1]),
    ],
    "pc-ptsd-5": [
        ("no event, and nothing else asked", [0, None, None, None, None, None]),
        ("no event, and later questions answered", [0, 1, 1, 1, 1, 1]),
        ("the gate missing", [None, 1, 1, 1, 1, 1]),
        ("an event, and nothing since", [1, 0, 0, 0, 0, 0]),
    ],
    "pcl-5": [
        (
            "under the cut, with the provisional pattern",
            [2, 0, 0, 0, 0, 2, 0, 2, 2, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0],
        ),
        (
            "over the cut, without the provisional pattern",
            [4, 4, 4, 4, 4, 1, 1, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        ),
        ("the pattern met whatever is missing", [*[2] * 19, None]),
        (
            "the pattern open while one is missing",
            [2, *[0] * 4, 2, 0, 2, 2, *[0] * 5, 2, *[0] * 4, None],
        ),
        (
            "the pattern open while one of intrusion is missing",
            [0, 0, 0, 0, None, 2, 0, 2, 2, *[0] * 5, 2, 2, 0, 0, 0, 0],
        ),
    ],
    "audit-c": [
        ("three points, all from how often", [3, 0, 0]),
        ("three points from all", [1, 1, 1]),
        ("four points", [2, 1, 1]),
    ],
}


def refused(table: Table) -> Iterator[tuple[str, Given]]:
    good = with_total(table, table.places.count("s") * min(table.values))
    last = max(number for number, place in enumerate(table.places) if place == "s")
    wrong: list[tuple[str, Any]] = [
        ("above the options", max(table.values) + 1),
        ("below the options", min(table.values) - 1),
        ("a string", str(min(table.values))),
        ("a fraction", min(table.values) + 0.5),
        ("a whole number written as a fraction", float(max(table.values))),
        ("true", True),
        ("a list", [min(table.values)]),
    ]
    for name, value in wrong:
        yield name, [*good[:last], value, *good[last + 1 :]]
    yield "an answer too many", [*good, min(table.values)]
    yield "an answer too few", good[:-1]
    yield "no answers at all", []


def vectors(name: str, table: Table) -> dict[str, Any]:
    cases = [
        {"name": case, "answers": answers, "expected": asdict(expected(table, answers))}
        for case, answers in scored(name, table)
    ]
    refusals = [{"name": case, "answers": answers} for case, answers in refused(table)]
    return {"instrument": name, "scored": cases, "refused": refusals}


def main() -> None:
    for name, table in TABLES.items():
        case = vectors(name, table)
        lines = [f'{{"instrument": {json.dumps(name)},']
        for kind in ("scored", "refused"):
            rows = ",\n  ".join(json.dumps(row) for row in case[kind])
            lines.append(f' "{kind}": [\n  {rows}\n ]{"," if kind == "scored" else "}"}')
        (FOLDER / f"{name}.json").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
