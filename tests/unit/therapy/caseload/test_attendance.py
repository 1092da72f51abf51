from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import InvalidAttendance, InvalidWords, UnknownZone
from e2etherapy.therapy.caseload import attendance
from e2etherapy.therapy.caseload.attendance import Attendance
from tests.support.agreements import at

PEOPLE = ("Anna Weber", "Dr. Ada Quill")
MARCH = (date(2026, 3, 1), date(2026, 3, 31))
MADE = date(2026, 4, 2)
CONTACT = [date(2026, 3, 9), date(2026, 3, 2), date(2026, 2, 27), date(2026, 3, 9)]


@dataclass
class Asked:
    people: tuple[str, str] = PEOPLE
    zone: str = "Europe/Dublin"
    period: tuple[date, date] = MARCH
    made: date = MADE

    def shown(self, days: list[date] | None = None) -> Attendance:
        given = CONTACT if days is None else days
        return attendance.attendance(self.people, self.zone, self.period, given, self.made)


def test_each_day_of_contact_in_the_period_stands_there_once_and_in_order() -> None:
    assert Asked().shown().days == (date(2026, 3, 2), date(2026, 3, 9))


def test_a_day_is_that_of_the_zone() -> None:
    moments = [at("2026-03-02T23:30:00"), at("2026-03-03T22:00:00")]
    assert attendance.days_of(moments, "UTC") == {date(2026, 3, 2), date(2026, 3, 3)}
    assert attendance.days_of(moments, "Europe/Paris") == {date(2026, 3, 3)}


def test_its_bytes_are_these_and_come_back_as_they_were() -> None:
    shown = Asked().shown()
    data = attendance.encode(shown)
    assert data == (
        b'{"client":"Anna Weber","therapist":"Dr. Ada Quill","zone":"Europe/Dublin",'
        b'"first":"2026-03-01","last":"2026-03-31","made":"2026-04-02",'
        b'"days":["2026-03-02","2026-03-09"]}'
    )
    assert attendance.decode(data) == shown


def test_another_day_gives_another_digest() -> None:
    one, other = Asked().shown(), Asked().shown([date(2026, 3, 2)])
    assert len(attendance.digest_of(one)) == 32
    assert attendance.digest_of(one) == attendance.digest_of(Asked().shown(sorted(CONTACT)))
    assert attendance.digest_of(one) != attendance.digest_of(other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"2026-03-02","2026-03-09"', b'"2026-03-09","2026-03-02"'),
        (b'"2026-03-02","2026-03-09"', b'"2026-03-02","2026-03-02"'),
        (b'"2026-03-09"]', b'"2026-04-01"]'),
        (b'"last":"2026-03-31"', b'"last":"2026-04-03"'),
        (b'"client"', b'"note":"x","client"'),
        (b",", b", "),
        (b"Europe/Dublin", b"Europe/Nowhere"),
        (b"Anna", b"An\\u202ena"),
        (b"}", b""),
    ],
)
def test_bytes_that_say_it_otherwise_are_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(MalformedData):
        attendance.decode(attendance.encode(Asked().shown()).replace(old, new, 1))


@pytest.mark.parametrize(
    "asked",
    [
        Asked(period=(MARCH[1], MARCH[0])),
        Asked(made=date(2026, 3, 30)),
        Asked(period=(date(2010, 1, 1), MARCH[1])),
    ],
)
def test_a_period_that_is_none_or_has_not_come_is_refused(asked: Asked) -> None:
    with pytest.raises(InvalidAttendance):
        asked.shown()


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\u202eb", "x" * 201])
def test_a_name_that_is_not_read_alike_is_refused(name: str) -> None:
    with pytest.raises(InvalidWords):
        Asked(people=(name, PEOPLE[1])).shown()
    with pytest.raises(InvalidWords):
        Asked(people=(PEOPLE[0], name)).shown()


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownZone):
        Asked(zone="Dublin").shown()


def test_it_is_shown_whole_with_what_it_does_not_say() -> None:
    text = attendance.render(Asked().shown(), 72)
    assert "Client: Anna Weber" in text
    assert "in contact in writing on 2 days:\n\n  2026-03-02, 2026-03-09" in text
    for sentence in (attendance.SAYS, attendance.DOES_NOT_SAY, attendance.RESTS_ON):
        assert sentence in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 72


def test_no_contact_is_said_without_a_reproach() -> None:
    text = attendance.render(Asked().shown([]), 80)
    assert "in contact in writing on 0 days." in text
    assert "A day that is not listed was not missed" in text
    assert "on 1 day:" in attendance.render(Asked().shown([MARCH[0]]), 80)


def test_it_shows_no_names_by_accident() -> None:
    assert repr(Asked().shown()) == "<Attendance>"
