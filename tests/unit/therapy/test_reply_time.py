from __future__ import annotations

import pytest

from e2etherapy.errors.therapy import InvalidReplyTime
from e2etherapy.therapy import reply_time
from e2etherapy.therapy.reply_time import MOST, ReplyTime, Unit


@pytest.mark.parametrize(
    ("words", "canonical"),
    [
        ("1 working day", "1 working day"),
        ("2 working days", "2 working days"),
        ("4 working hours", "4 working hours"),
        ("24 hours", "24 hours"),
        ("3 days", "3 days"),
        ("within two business days", "2 working days"),
        ("  One   Workday ", "1 working day"),
        ("a day", "1 day"),
        ("an hour", "1 hour"),
        ("1 days", "1 day"),
    ],
)
def test_a_reply_time_is_read_as_people_write_it(words: str, canonical: str) -> None:
    read = reply_time.parse(words)
    assert read.text() == canonical
    assert reply_time.parse(canonical) == read


@pytest.mark.parametrize(
    "words",
    [
        *("", "soon", "0 days", "31 working days", "721 hours", "61 days", "101 working hours"),
        *("-1 days", "1.5 days", "1 week", "working day", "eleven days", "99999 days"),
        "1 day " + " " * 100,
    ],
)
def test_what_is_no_reply_time_is_refused_with_what_is(words: str) -> None:
    with pytest.raises(InvalidReplyTime, match=r"Write it like|A reply time has from 1 to"):
        reply_time.parse(words)


@pytest.mark.parametrize("unit", Unit)
def test_each_unit_has_a_longest_promise_and_says_what_it_means(unit: Unit) -> None:
    assert reply_time.parse(ReplyTime(MOST[unit], unit).text()) == ReplyTime(MOST[unit], unit)
    assert ReplyTime(1, unit).meaning()
    with pytest.raises(InvalidReplyTime):
        ReplyTime(MOST[unit] + 1, unit)
