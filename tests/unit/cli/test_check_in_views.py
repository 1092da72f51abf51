"""What is asked for is due from its day on, until it is filled in."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from e2etherapy.cli.therapy import check_in_views
from e2etherapy.cli.therapy.check_in_answers import AskedCheckIn
from e2etherapy.messenger.care.checking_in import AskedView, CheckInsView
from e2etherapy.therapy.care.check_ins import Asked, Taken
from e2etherapy.therapy.instruments import schedule
from e2etherapy.therapy.instruments.pack import instrument
from e2etherapy.therapy.instruments.scoring import score

MONDAY = date(2026, 3, 2)


def taken(instrument_id: str, day: date) -> Taken:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    scale = instrument(instrument_id)
    given = [0] * len(scale.items)
    return Taken(bytes(16), instrument_id, given, noon, noon, score(scale, given))


def asked(words: str, today: date, *filled_in: Taken, instead: str | None = None) -> AskedCheckIn:
    one = AskedView("phq-8", Asked(schedule.parse(words), MONDAY), instead)
    return check_in_views.asked(one, CheckInsView(filled_in, (one,)), today)


@pytest.mark.parametrize(
    ("words", "today", "due", "coming"),
    [
        ("every Monday", date(2026, 3, 1), None, MONDAY),
        ("every Monday", MONDAY, MONDAY, date(2026, 3, 9)),
        ("every Monday", date(2026, 3, 8), MONDAY, date(2026, 3, 9)),
        ("once", date(2026, 3, 20), MONDAY, None),
        ("on 2026-03-10", date(2026, 3, 9), None, date(2026, 3, 10)),
    ],
)
def test_what_is_due_stays_so_until_the_next_day(
    words: str, today: date, due: date | None, coming: date | None
) -> None:
    shown = asked(words, today)
    assert (shown.due, shown.next) == (due, coming)


def test_what_was_filled_in_on_its_day_or_later_is_not_due() -> None:
    today = date(2026, 3, 5)
    for day, due in ((date(2026, 3, 1), MONDAY), (MONDAY, None), (today, None)):
        assert asked("every Monday", today, taken("phq-8", day)).due == due
    assert asked("every Monday", today, taken("gad-7", today)).due == MONDAY


def test_what_is_offered_in_the_place_of_another_counts_for_it_and_says_so() -> None:
    shown = asked("every Monday", MONDAY, taken("phq-9", MONDAY), instead="phq-9")
    assert (shown.instrument, shown.instead_of, shown.due) == ("phq-8", "phq-9", None)
    line = check_in_views.asked_line(shown)
    assert line.startswith("Asked for: phq-8, every Monday, next on 2026-03-09. In the place of")
    done = check_in_views.asked_line(asked("once", date(2026, 3, 20)))
    assert done == "Asked for: phq-8, once, due since 2026-03-02, no more days to come."
