"""Check-ins are scored by whoever reads them; nothing keeps an urgent answer from being seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from e2etherapy.therapy.care import check_ins
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.wire.care import CheckIn, CheckInSchedule
from e2etherapy.wire.item import Item
from tests.support.talk import CLIENT, MONDAY, THERAPIST, Talk

PHQ_9, GAD_2 = instrument("phq-9"), instrument("gad-2")
QUIET = [0, 0, 0, 0, 0, 0, 0, 0, 0, None]
URGENT = [0, 0, 0, 0, 0, 0, 0, 0, 1, None]


def fill_in(talk: Talk, given: Sequence[int | None], **members: object) -> Item:
    named = {"instrument": "phq-9", "version": PHQ_9.version, "taken": talk.now, **members}
    return talk.says(CLIENT, CheckIn, given=list(given), **named)


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_answers_are_scored_here(talk: Talk) -> None:
    fill_in(talk, [3] * 8 + [0, None])
    (taken,) = talk.care.check_ins.of("phq-9")
    assert taken.result is not None
    assert (taken.result.total, taken.taken, taken.recorded) == (24, MONDAY, MONDAY)
    assert talk.care.check_ins.of("gad-7") == ()
    assert talk.care.flags.raised == ()


@pytest.mark.parametrize("given", [[4] * 10, [0] * 9, [0] * 11, [1_000] * 10, [None]])
def test_answers_that_the_questionnaire_does_not_offer_are_refused(
    talk: Talk, given: list[int | None]
) -> None:
    with talk.refusal("does not offer"):
        fill_in(talk, given)


@pytest.mark.parametrize("change", [{"version": "of tomorrow"}, {"instrument": "phq-99"}])
def test_what_this_version_does_not_know_is_kept_without_a_score(
    talk: Talk, change: dict[str, object]
) -> None:
    fill_in(talk, [7, 1_000], **change)
    assert talk.care.check_ins.taken[0].result is None
    assert talk.care.check_ins.taken[0].answers == (7, 1_000)


@pytest.mark.parametrize("ahead", [timedelta(days=1, seconds=1), timedelta(days=2_900_000)])
def test_a_check_in_of_a_day_that_has_not_come_was_taken_when_it_came(
    talk: Talk, ahead: timedelta
) -> None:
    fill_in(talk, URGENT, taken=MONDAY + ahead, written=MONDAY + ahead)
    assert talk.care.check_ins.taken[0].taken == MONDAY
    assert talk.care.flags.raised[0].raised == MONDAY


def test_a_check_in_that_waited_was_taken_when_it_says(talk: Talk) -> None:
    long_ago = MONDAY - timedelta(days=40)
    fill_in(talk, QUIET, taken=long_ago, written=long_ago)
    assert talk.care.check_ins.taken[0].taken == long_ago
    assert talk.care.check_ins.taken[0].recorded == MONDAY


def flood(talk: Talk, count: int) -> None:
    for _ in range(count):
        fill_in(talk, [0, 0], instrument="gad-2", version=GAD_2.version)


def test_a_flood_ends_at_five_hundred_a_day(talk: Talk) -> None:
    flood(talk, check_ins.MOST_IN_A_DAY)
    with talk.refusal("more check-ins"):
        flood(talk, 1)
    talk.later(days=1)
    flood(talk, check_ins.MOST_IN_A_DAY)
    with talk.refusal("more check-ins"):
        flood(talk, 1)


def test_an_urgent_answer_behind_a_flood_is_seen(talk: Talk) -> None:
    flood(talk, check_ins.MOST_IN_A_DAY)
    urgent = fill_in(talk, URGENT)
    assert [flag.id for flag in talk.care.flags.raised] == [urgent.id]


def test_a_clock_that_was_set_back_does_not_stop_check_ins(talk: Talk) -> None:
    talk.later(days=3_000)
    flood(talk, check_ins.MOST_IN_A_DAY)
    talk.now = MONDAY
    flood(talk, 1)
    assert talk.care.check_ins.taken[-1].recorded == MONDAY


def ask(talk: Talk, schedule: str = "every week", **members: str) -> None:
    named = {"instrument": "gad-7", "begins": "2026-03-02", **members}
    talk.says(THERAPIST, CheckInSchedule, schedule=schedule, **named)


def test_a_schedule_holds_until_the_next_or_its_end(talk: Talk) -> None:
    ask(talk)
    ask(talk, "every Monday")
    assert str(talk.care.check_ins.asked["gad-7"].schedule) == "every Monday"
    ask(talk, "")
    ask(talk, "")
    assert talk.care.check_ins.asked == {}


@pytest.mark.parametrize(
    "members",
    [
        {"schedule": "sometimes"},
        {"schedule": "every  week"},
        {"schedule": "Every week"},
        {"schedule": "every 7 day"},
        {"instrument": "phq-99"},
        {"begins": "2026-02-30"},
        {"begins": "0000-01-01"},
    ],
)
def test_a_schedule_that_is_read_in_no_one_way_is_refused(
    talk: Talk, members: dict[str, str]
) -> None:
    with talk.refusal("a schedule that"):
        ask(talk, **members)


@pytest.mark.parametrize("begins", ["0001-01-01", "2025-02-28", "2027-03-04", "9999-12-31"])
def test_a_schedule_does_not_begin_in_another_age(talk: Talk, begins: str) -> None:
    with talk.refusal("another year"):
        ask(talk, "every day", begins=begins)


def test_what_is_asked_cannot_be_changed_by_who_reads_it(talk: Talk) -> None:
    ask(talk)
    with pytest.raises(TypeError):
        talk.care.check_ins.asked["gad-7"] = None  # type: ignore[index]
