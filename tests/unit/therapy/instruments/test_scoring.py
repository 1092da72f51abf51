"""What a result says, and what it never says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from e2etherapy.errors.therapy import InvalidAnswers
from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.pack import OFFERED, instrument
from e2etherapy.therapy.instruments.scoring import Answers, score

PHQ_9 = instrument("phq-9")
PC_PTSD_5 = instrument("pc-ptsd-5")
AUDIT_C = instrument("audit-c")


def test_seven_ones_and_two_missing_on_the_phq_9_are_nine() -> None:
    result = score(PHQ_9, [1, 1, 1, 1, 1, 1, 1, None, None, None])
    assert (result.total, result.missing, result.imputed) == (9, 2, True)
    assert result.remarks == ("The mean of the other answers stands for 2 missing answers.",)


def test_thoughts_of_harm_are_a_priority_at_the_lowest_score() -> None:
    result = score(PHQ_9, [0, 0, 0, 0, 0, 0, 0, 0, 1, None])
    assert (result.total, result.band, result.priority) == (1, "minimal", True)


def test_thoughts_of_harm_are_a_priority_without_any_score() -> None:
    result = score(PHQ_9, [None] * 8 + [3, None])
    assert result.total is None
    assert result.priority


def test_a_question_about_harm_that_was_left_out_is_said_to_be_left_out() -> None:
    result = score(PHQ_9, [3] * 8 + [None, None])
    assert result.total == 27
    assert not result.priority
    assert result.priority_unanswered


@pytest.mark.parametrize("name", OFFERED)
def test_without_a_score_nothing_gives_a_sum_away(name: str) -> None:
    scale = instrument(name)
    top = [max(option.value for option in scale.options_of(item)) for item in scale.items]
    answers: list[int | None] = [*top[:1], *[None] * (len(top) - 1)]
    result = score(scale, answers)
    assert result.total is None
    assert result.band is None
    assert not result.imputed
    assert not [part for part in result.subscales if part.score is not None]
    assert result.reason
    assert result.reason.startswith("There is no score: ")


def test_the_reason_says_how_many_answers_may_be_left_out() -> None:
    three = score(PHQ_9, [1] * 6 + [None] * 4)
    assert three.reason == ("There is no score: 3 questions have no answer; at most 2 may be left.")
    one = score(AUDIT_C, [1, 1, None])
    assert one.reason == (
        "There is no score: 1 question has no answer, and this instrument needs every one."
    )


def test_the_functional_answer_is_kept_beside_the_score() -> None:
    result = score(PHQ_9, [0] * 9 + [2])
    assert result.total == 0
    assert result.functional
    assert result.functional.label == "Very difficult"


def test_a_gate_that_is_closed_gives_nought_whatever_follows() -> None:
    result = score(PC_PTSD_5, [0, 1, 1, 1, 1, 1])
    assert (result.total, result.missing) == (0, 0)
    assert not any(finding.met for finding in result.findings)
    assert result.remarks == (
        "The first answer ends this questionnaire; later answers do not count.",
    )


def test_a_gate_without_an_answer_gives_no_score() -> None:
    result = score(PC_PTSD_5, [None, 1, 1, 1, 1, 1])
    assert result.total is None
    assert result.reason == (
        "There is no score: the first question, on which the others depend, has no answer."
    )


def test_three_points_of_the_audit_c_are_positive_for_women_only() -> None:
    result = score(AUDIT_C, [1, 1, 1])
    assert {finding.sex: finding.met for finding in result.findings} == {
        "male": False,
        "female": True,
    }
    assert result.remarks == ()


def test_points_from_how_often_alone_ask_for_a_second_look() -> None:
    result = score(AUDIT_C, [4, 0, 0])
    assert all(finding.met for finding in result.findings)
    assert len(result.remarks) == 1
    assert "Ask about the past few months" in result.remarks[0]


def test_nought_points_ask_for_no_second_look() -> None:
    assert score(AUDIT_C, [0, 0, 0]).remarks == ()


def test_the_provisional_pattern_does_not_need_the_cut() -> None:
    answers = [0] * 20
    for number in (1, 6, 8, 9, 15, 16):
        answers[number - 1] = 2
    result = score(instrument("pcl-5"), answers)
    assert result.total == 12
    assert {finding.id: finding.met for finding in result.findings} == {
        "total-31": False,
        "total-33": False,
        "provisional": True,
    }


def changed(scale: Instrument, change: Callable[[dict[str, Any]], object]) -> Instrument:
    """Return an instrument with rules that none of the pack has together."""
    data: dict[str, Any] = msgspec.to_builtins(scale)
    change(data)
    return msgspec.convert(data, Instrument)


def test_what_stands_behind_a_closed_gate_counts_nowhere() -> None:
    part = {"id": "all", "title": "All", "items": ["guard", "numb"]}
    gated = changed(PC_PTSD_5, lambda data: data["scoring"].update(subscales=[part]))
    assert score(gated, [0, 1, 1, 1, 1, 1]).subscales[0].score is None
    assert score(gated, [1, 1, 1, 1, 1, 1]).subscales[0].score == 2


def test_a_gate_is_never_one_of_the_answers_that_may_be_missing() -> None:
    missing = {"most": 2, "source": "made up"}
    lenient = changed(PC_PTSD_5, lambda data: data["scoring"].update(missing=missing))
    assert score(lenient, [1, 1, 1, 1, 1, None]).total == 5
    assert score(lenient, [None, 1, 1, 1, 1, 1]).total is None


def test_an_answer_that_is_missing_might_have_had_points_too() -> None:
    def change(data: dict[str, Any]) -> None:
        data["scoring"]["missing"] = {"most": 1, "source": "made up"}
        data["second_look"] = {"item": "1", "sentence": "Look again.", "source": "made up"}

    lenient = changed(instrument("pcl-5"), change)
    assert score(lenient, [4] + [0] * 19).remarks == ("Look again.",)
    partial = score(lenient, [4] + [0] * 18 + [None])
    assert partial.total == 4
    assert "Look again." not in partial.remarks


def test_a_tuple_of_answers_is_as_good_as_a_list() -> None:
    assert score(AUDIT_C, (1, 1, 1)) == score(AUDIT_C, [1, 1, 1])


@pytest.mark.parametrize("answers", ["111", {0: 1, 1: 1, 2: 1}, None, 3, iter([1, 1, 1])])
def test_what_is_no_list_of_answers_is_refused(answers: object) -> None:
    with pytest.raises(InvalidAnswers, match="Answers are a list"):
        score(AUDIT_C, cast("Answers", answers))


def test_a_refusal_names_the_question_and_what_it_offers() -> None:
    with pytest.raises(InvalidAnswers) as refusal:
        score(AUDIT_C, [1, 5, 1])
    assert "question 2 of Alcohol Use Disorders" in str(refusal.value)
    assert "0, 1, 2, 3, 4" in str(refusal.value)


def test_a_refusal_does_not_repeat_what_was_answered() -> None:
    answers: Any = [1, 1, "a secret"]
    with pytest.raises(InvalidAnswers) as refusal:
        score(AUDIT_C, answers)
    assert "a secret" not in str(refusal.value)


def test_a_result_that_is_shown_by_accident_says_nothing() -> None:
    assert repr(score(PHQ_9, [3] * 10)) == "<Result of phq-9>"


def test_a_result_can_be_stored_and_read_again() -> None:
    result = score(PHQ_9, [3] * 10)
    assert msgspec.json.decode(msgspec.json.encode(result), type=type(result)) == result
