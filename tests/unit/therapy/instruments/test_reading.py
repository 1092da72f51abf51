"""A file is an instrument without contradictions, or is refused with the place that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from e2etherapy.errors.therapy import InvalidInstrument
from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.reading import read_instrument

Json = dict[str, Any]


def good() -> Json:
    return {
        "id": "two",
        "title": "Two questions",
        "version": "1",
        "language": "en",
        "form": "made up",
        "period": "this week",
        "stem": "How often this week",
        "option_lists": {
            "often": [{"label": "Never", "value": 0}, {"label": "Always", "value": 2}],
            "yes-no": [{"label": "No", "value": 0}, {"label": "Yes", "value": 1}],
        },
        "items": [
            {"id": "asked", "wording": "May we ask?", "options": "yes-no", "role": "gate"},
            {"id": "one", "wording": "…this?", "options": "often", "loinc": "44250-9"},
            {"id": "other", "wording": "…that?", "options": "often"},
        ],
        "scoring": {
            "rule": "sum",
            "lowest": 0,
            "highest": 4,
            "missing": {"most": 1, "source": "made up"},
            "gate": {"item": "asked", "value": 0},
            "subscales": [{"id": "first", "title": "First", "items": ["one"]}],
        },
        "bands": [
            {"from": 0, "to": 1, "label": "low", "source": "made up"},
            {"from": 2, "to": 4, "label": "high", "source": "made up"},
        ],
        "cuts": [{"id": "c", "label": "much", "at_least": 2, "of": "first", "source": "made up"}],
        "patterns": [
            {
                "id": "p",
                "label": "both",
                "needs": [{"items": ["one", "other"], "at_least": 1, "count": 2}],
                "source": "made up",
            }
        ],
        "second_look": {"item": "one", "sentence": "Look.", "source": "made up"},
        "priority": {"item": "other", "at_least": 1, "about": "That."},
        "reliable_change": {"points": 2, "source": "made up"},
        "caseness": {"at_least": 2, "source": "made up"},
        "notice": "No rights.",
        "wording_status": "one copy only",
        "sources": [{"of": "wording", "text": "made up"}],
        "loinc": {"total": "44261-6"},
        "verified": "2026-03-01",
    }


def read(data: Json) -> Instrument:
    return read_instrument(json.dumps(data).encode(), "two.json")


def test_a_file_without_contradictions_is_read() -> None:
    assert read(good()).title == "Two questions"


def put(*way: str | int, value: object) -> Callable[[Json], None]:
    def change(data: Json) -> None:
        inner: Any = data
        for step in way[:-1]:
            inner = inner[step]
        inner[way[-1]] = value

    return change


CONTRADICTIONS: list[tuple[str, Callable[[Json], None], str]] = [
    ("a member that is not known", put("colour", value="red"), "$"),
    ("a wrong type", put("items", 0, "wording", value=7), "$.items[0].wording"),
    ("a blank title", put("title", value=" "), "$.title"),
    (
        "a fraction as a value",
        put("option_lists", "often", 0, "value", value=0.5),
        "$.option_lists",
    ),
    ("an id with a path in it", put("id", value="../two"), "$.id"),
    ("a role that is not known", put("items", 1, "role", value="extra"), "$.items[1].role"),
    ("a rule that is not known", put("scoring", "rule", value="mean"), "$.scoring.rule"),
    ("a day that is none", put("verified", value="2026-02-30"), "$.verified"),
    ("an item twice", put("items", 2, "id", value="one"), "$.items"),
    ("a value twice", put("option_lists", "often", 1, "value", value=0), "$.option_lists.often"),
    (
        "a label twice",
        put("option_lists", "often", 1, "label", value="Never"),
        "$.option_lists.often",
    ),
    ("a cut named like a pattern", put("cuts", 0, "id", value="p"), "$.cuts"),
    ("options that do not exist", put("items", 1, "options", value="some"), "$.items[1].options"),
    (
        "options that nobody has",
        put("option_lists", "rest", value=[{"label": "A", "value": 0}, {"label": "B", "value": 1}]),
        "$.option_lists.rest",
    ),
    (
        "a subscale of an item that is not scored",
        put("scoring", "subscales", 0, "items", value=["asked"]),
        "$.scoring.subscales[0].items",
    ),
    (
        "a subscale that counts an item twice",
        put("scoring", "subscales", 0, "items", value=["one", "one"]),
        "$.scoring.subscales[0].items",
    ),
    ("a priority of no item", put("priority", "item", value="none"), "$.priority.item"),
    ("a second look at no item", put("second_look", "item", value="none"), "$.second_look.item"),
    (
        "a pattern of no item",
        put("patterns", 0, "needs", 0, "items", value=["none", "one"]),
        "$.patterns[0].needs",
    ),
    (
        "a pattern that needs more than it names",
        put("patterns", 0, "needs", 0, "count", value=3),
        "$.patterns[0].needs",
    ),
    ("a range that the options do not give", put("scoring", "highest", value=5), "$.scoring"),
    ("a band that is missing a total", put("bands", 1, "from", value=3), "$.bands"),
    ("bands that end too early", put("bands", 1, "to", value=3), "$.bands"),
    (
        "everything may be missing",
        put("scoring", "missing", "most", value=2),
        "$.scoring.missing.most",
    ),
    ("a gate that scoring does not know", put("scoring", "gate", value=None), "$.scoring.gate"),
    ("a gate of another item", put("scoring", "gate", "item", value="one"), "$.scoring.gate.item"),
    ("a gate with another value", put("scoring", "gate", "value", value=5), "$.scoring.gate.value"),
    (
        "a gate's total out of range",
        put("scoring", "gate", "total", value=9),
        "$.scoring.gate.total",
    ),
    ("a cut of no subscale", put("cuts", 0, "of", value="last"), "$.cuts[0].of"),
    ("a cut that cannot be reached", put("cuts", 0, "at_least", value=3), "$.cuts[0].at_least"),
    ("a caseness that all reach", put("caseness", "at_least", value=0), "$.caseness.at_least"),
    ("a priority that all reach", put("priority", "at_least", value=0), "$.priority.at_least"),
    ("a period that the form does not name", put("period", value="this year"), "$.period"),
    (
        "one copy passed off as two",
        put("wording_status", value="two copies agree"),
        "$.wording_status",
    ),
    ("a mistyped code", put("items", 1, "loinc", value="44250-8"), "$.items[1].loinc"),
    ("a mistyped code of the total", put("loinc", "total", value="44261-7"), "$.loinc.total"),
]


@pytest.mark.parametrize(
    ("change", "field"), [pytest.param(c, f, id=name) for name, c, f in CONTRADICTIONS]
)
def test_a_contradiction_is_refused_with_its_place(
    change: Callable[[Json], None], field: str
) -> None:
    data = good()
    change(data)
    with pytest.raises(InvalidInstrument) as refusal:
        read(data)
    assert refusal.value.file == "two.json"
    assert refusal.value.field.startswith(field)
    assert str(refusal.value).startswith(
        f"The instrument in two.json cannot be used: at {refusal.value.field}, "
    )
    assert str(refusal.value).endswith(".")


def test_a_gate_behind_what_it_opens_is_refused() -> None:
    data = good()
    data["items"] = data["items"][::-1]
    with pytest.raises(InvalidInstrument, match="the gate is not the first item"):
        read(data)


def test_two_functional_items_are_refused() -> None:
    data = good()
    data["items"] += [
        {"id": name, "wording": "How hard?", "options": "yes-no", "role": "functional"}
        for name in ("hard", "harder")
    ]
    with pytest.raises(InvalidInstrument, match="more than one functional item"):
        read(data)


def test_an_instrument_that_scores_nothing_is_refused() -> None:
    data = good()
    data["items"] = data["items"][:1]
    del data["option_lists"]["often"]
    for name in ("patterns", "second_look", "priority", "cuts"):
        del data[name]
    data["scoring"]["subscales"] = []
    with pytest.raises(InvalidInstrument, match="no item is scored"):
        read(data)


def test_a_band_that_ends_before_it_begins_is_refused() -> None:
    data = good()
    source = {"source": "made up"}
    data["bands"] = [
        {"from": 0, "to": 3, "label": "low", **source},
        {"from": 4, "to": 2, "label": "middle", **source},
        {"from": 3, "to": 4, "label": "high", **source},
    ]
    with pytest.raises(InvalidInstrument, match="ends before it begins"):
        read(data)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 5_000, b"{}"])
def test_what_is_no_instrument_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInstrument, match="cannot be used"):
        read_instrument(data, "x.json")
