"""What has to be seen first is there until somebody has recorded what was done about it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.wire.care import CheckIn, Priority
from tests.support.talk import CLIENT, MONDAY, Talk

URGENT = [0, 0, 0, 0, 0, 0, 0, 0, 1, None]


def answer_urgently(talk: Talk) -> bytes:
    version = instrument("phq-9").version
    return talk.says(
        CLIENT, CheckIn, instrument="phq-9", version=version, given=URGENT, taken=talk.now
    ).id


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_a_press_and_an_answer_raise_a_flag(talk: Talk) -> None:
    pressed = talk.says(CLIENT, Priority, text="Please call.")
    check_in = answer_urgently(talk)
    first, second = talk.care.flags.open(frozenset())
    assert (first.id, first.reason, first.text) == (pressed.id, "asked", "Please call.")
    assert (second.id, second.reason, second.check_in) == (check_in, "check_in", check_in)


def test_a_flag_is_open_until_it_is_resolved(talk: Talk) -> None:
    first, second = talk.says(CLIENT, Priority), talk.says(CLIENT, Priority)
    assert [flag.id for flag in talk.care.flags.open(frozenset({first.id}))] == [second.id]
    assert talk.care.flags.open(frozenset({first.id, second.id})) == ()


def test_the_press_that_a_device_sends_behind_a_check_in_is_not_a_second_matter(talk: Talk) -> None:
    check_in = answer_urgently(talk)
    talk.says(CLIENT, Priority, answers=check_in)
    (flag,) = talk.care.flags.raised
    assert flag.reason == "check_in"


def test_a_later_press_is_not_resolved_by_what_was_done_before(talk: Talk) -> None:
    """Asked again about a check-in of last week, it has to be seen again."""
    check_in = answer_urgently(talk)
    talk.says(CLIENT, Priority, answers=check_in)
    resolved = frozenset({check_in})
    assert talk.care.flags.open(resolved) == ()
    talk.later(days=7)
    again = talk.says(CLIENT, Priority, answers=check_in)
    (flag,) = talk.care.flags.open(resolved)
    assert (flag.id, flag.reason, flag.check_in) == (again.id, "asked", check_in)


def test_words_that_come_with_a_press_are_never_lost(talk: Talk) -> None:
    check_in = answer_urgently(talk)
    talk.says(CLIENT, Priority, answers=check_in, text="It is worse today.")
    assert [flag.text for flag in talk.care.flags.open(frozenset({check_in}))] == [
        "It is worse today."
    ]


def test_a_press_about_a_check_in_that_is_not_here_is_a_flag(talk: Talk) -> None:
    talk.says(CLIENT, Priority, answers=bytes(16))
    assert [flag.check_in for flag in talk.care.flags.raised] == [bytes(16)]


def test_a_press_before_its_check_in_is_a_flag(talk: Talk) -> None:
    later = talk.item(
        CheckIn,
        instrument="phq-9",
        version=instrument("phq-9").version,
        given=URGENT,
        taken=MONDAY,
    )
    talk.says(CLIENT, Priority, answers=later.id)
    talk.hears(CLIENT, later)
    assert [flag.reason for flag in talk.care.flags.raised] == ["asked", "check_in"]


def test_there_are_never_too_many(talk: Talk) -> None:
    for _ in range(2_000):
        talk.says(CLIENT, Priority)
    assert len(talk.care.flags.raised) == 2_000


@pytest.mark.parametrize("days", [-800_000 // 2, -1, 2, 2_900_000])
def test_no_clock_puts_a_flag_into_the_future(talk: Talk, days: int) -> None:
    talk.says(CLIENT, Priority, written=MONDAY + timedelta(days=days))
    assert talk.care.flags.raised[0].raised <= MONDAY + timedelta(days=1)
