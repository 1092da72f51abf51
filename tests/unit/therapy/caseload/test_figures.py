from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from e2etherapy.therapy.care.check_ins import Taken
from e2etherapy.therapy.caseload.exchange import Message
from e2etherapy.therapy.caseload.figures import (
    Course,
    Engagement,
    TrendFigures,
    figures,
)
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.therapy.instruments.scoring import score
from tests.support.courses import answers
from tests.support.exchanges import hours, wrote

NOW = hours(24 * 30)


def took(*lengths: float, due: float | None = None) -> tuple[Message, ...]:
    """Return an exchange with a reply after each of these hours, a day from one to the next."""
    exchange: list[Message] = []
    for day, length in enumerate(lengths):
        asked = 24.0 * day
        by = None if due is None else asked + due
        exchange += [wrote("c", asked, by), wrote("t", asked + length)]
    return tuple(exchange)


def taken(scale: str, *totals: int | None) -> tuple[Taken, ...]:
    definition = instrument(scale)
    results = [score(definition, answers(definition, total)) for total in totals]
    return tuple(
        Taken(b"i" * 16, scale, [], hours(day * 24), hours(day * 24), result)
        for day, result in enumerate(results)
    )


def test_of_nothing_there_are_no_figures() -> None:
    counted = figures([], NOW)
    assert (counted.replies.median, counted.replies.nine_of_ten) == (None, None)
    assert counted.replies.share_in_time is None
    assert (counted.engagement, counted.trends) == ((), ())


def test_replies_in_time_are_counted_among_those_with_a_due_time() -> None:
    counted = figures([Course("a", took(1, 2, 3, 4, due=3)), Course("b", took(1, 1))], NOW).replies
    assert (counted.answered, counted.with_due, counted.in_time) == (6, 4, 3)
    assert counted.share_in_time == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("lengths", "median", "nine_of_ten"),
    [([5], 5, 5), ([2, 4], 3, 4), ([*range(1, 11)], 5.5, 9), ([*range(1, 12)], 6, 10)],
)
def test_half_of_the_replies_took_less_and_nine_of_ten_took_no_more(
    lengths: list[float], median: float, nine_of_ten: float
) -> None:
    counted = figures([Course("a", took(*lengths))], NOW).replies
    assert counted.median == timedelta(hours=median)
    assert counted.nine_of_ten == timedelta(hours=nine_of_ten)


def test_who_waits_now_and_who_waits_too_long_are_counted() -> None:
    counted = figures(
        [
            Course("late", (wrote("c", 0, 1), wrote("c", 2, 9_999))),
            Course("just in time", (wrote("c", 0, 24 * 30),)),
            Course("undue", (wrote("c", 0),)),
            Course("answered", took(1)),
        ],
        NOW,
    ).replies
    assert (counted.waiting, counted.late) == (3, 1)


def test_what_a_client_wrote_in_four_weeks_is_counted_by_week_and_by_day() -> None:
    exchange = (
        wrote("c", 24 * 2),
        wrote("c", 24 * 3),
        wrote("c", 24 * 20),
        wrote("c", 24 * 20 + 1),
        wrote("t", 24 * 21),
        wrote("c", 24 * 29),
    )
    counted = figures([Course("b", exchange), Course("A", ())], NOW).engagement
    assert counted == (Engagement("A", 0.0, 0), Engagement("b", 1.0, 3))


def test_a_client_of_a_few_days_is_counted_as_of_one_week() -> None:
    exchange = tuple(wrote("c", 24 * 30 - hour) for hour in range(6))
    (one,) = figures([Course("a", exchange)], NOW).engagement
    assert one.per_week == pytest.approx(6)


def test_days_are_told_apart_on_the_clock_of_a_zone() -> None:
    exchange = (wrote("c", 24 * 29 + 14), wrote("c", 24 * 29 + 16))
    ahead = timezone(timedelta(hours=9))
    assert figures([Course("a", exchange)], NOW).engagement[0].days == 2
    assert figures([Course("a", exchange)], NOW, ahead).engagement[0].days == 1


def test_clients_are_counted_by_whether_their_scores_changed_reliably() -> None:
    counted = figures(
        [
            Course("better", check_ins=taken("phq-9", 20, None, 5)),
            Course("worse", check_ins=taken("phq-9", 5, 20)),
            Course("same", check_ins=taken("phq-9", 10, 11)),
            Course("once", check_ins=taken("phq-9", 10) + taken("gad-7", 15, 2)),
            Course("no total", check_ins=taken("k10", None)),
        ],
        NOW,
    ).trends
    assert counted == (TrendFigures("gad-7", 1, 0, 0, 0), TrendFigures("phq-9", 1, 1, 1, 1))


def test_a_check_in_of_a_version_that_is_not_known_is_left_out() -> None:
    unknown = Taken(b"i" * 16, "future-1", [1], hours(0), hours(0), None)
    assert figures([Course("a", check_ins=(unknown,))], NOW).trends == ()
