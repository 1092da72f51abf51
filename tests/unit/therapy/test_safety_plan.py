from __future__ import annotations

import json
from datetime import date

import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import InvalidSafetyPlan, InvalidWords
from e2etherapy.therapy import safety_plan
from e2etherapy.therapy.safety_plan import HEADINGS, Part, plan
from tests.support.notation import written

DAY = date(2026, 11, 27)
WORDS = {"beginning": "I stop answering.\nI sleep at noon.", "worst": "I call Anna, then 112."}
BYTES = (
    b'{"written":"2026-11-27","beginning":"I stop answering.\\nI sleep at noon.",'
    b'"worst":"I call Anna, then 112."}'
)


def test_a_plan_has_one_form_and_holds_a_persons_own_words() -> None:
    made = plan(DAY, WORDS)
    assert safety_plan.encode(made) == BYTES
    assert safety_plan.decode(BYTES) == made
    assert made.words(Part.WORST) == "I call Anna, then 112."
    assert made.words(Part.COMPANY) == ""


def test_every_part_has_a_heading_and_comes_back() -> None:
    assert HEADINGS.keys() == set(Part)
    full = plan(DAY, {part: f"words for {part}" for part in Part})
    assert safety_plan.decode(safety_plan.encode(full)) == full


def test_what_is_typed_loses_the_white_space_around_it() -> None:
    assert plan(DAY, {"worst": "\n I call Anna. \n"}).words(Part.WORST) == "I call Anna."


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({}, InvalidSafetyPlan),
        ({"worst": "  "}, InvalidSafetyPlan),
        ({"plan": "x"}, InvalidSafetyPlan),
        ({"written": "2026-01-01"}, InvalidSafetyPlan),
        ({"worst": "x" * 4_001}, InvalidWords),
        ({"worst": "a\x00b"}, InvalidWords),
    ],
)
def test_a_plan_that_would_be_of_no_use_cannot_be_made(
    words: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        plan(DAY, words)


@pytest.mark.parametrize(
    "changes",
    [
        {"written": "27.11.2026"},
        {"written": ...},
        {"worst": " x"},
        {"worst": ""},
        {"worst": 1},
        {"surprise": "x"},
        {"beginning": ..., "worst": ...},
    ],
)
def test_a_plan_in_another_form_is_refused(changes: dict[str, object]) -> None:
    members = {**json.loads(BYTES), **changes}
    with pytest.raises(MalformedData):
        safety_plan.decode(written({k: v for k, v in members.items() if v is not ...}))


def test_a_plan_is_shown_in_the_order_of_time_without_what_is_empty() -> None:
    text = safety_plan.render(plan(DAY, WORDS), 60)
    assert text.startswith("My safety plan, 2026-11-27\n")
    assert text.index("  I sleep at noon.") < text.index("  I call Anna, then 112.")
    assert HEADINGS[Part.REMINDER] not in text
    assert "Nobody is alerted by this plan" in text
    assert max(len(line) for line in text.split("\n")) <= 60


def test_what_is_written_does_not_show_by_accident() -> None:
    assert repr(plan(DAY, WORDS)) == "<SafetyPlan>"
