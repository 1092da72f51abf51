from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import (
    InvalidAgreement,
    InvalidMoment,
    InvalidWords,
    NoWorkingTime,
    UnknownZone,
)
from e2etherapy.primitives import digest
from e2etherapy.therapy import agreement
from e2etherapy.therapy.agreement import looks_within_one_working_day
from tests.support.agreements import at, terms
from tests.support.notation import written

OFF = "2026-12-24 until 12:00 Christmas Eve\n2026-12-25 Christmas Day"
FULL = terms(
    off=OFF,
    zone="Europe/Dublin",
    version=3,
    valid_from=at("2026-01-01T08:00"),
    cover="Dr. Byrne, in August.",
    crisis="Call 112.\nNobody here is watching.",
)
BYTES = (
    b'{"version":3,"valid_from":"2026-01-01T08:00:00Z","zone":"Europe/Dublin",'
    b'"office_hours":"Mon-Fri 09:00-17:00",'
    b'"holidays":"2026-12-24 until 12:00 Christmas Eve\\n2026-12-25 Christmas Day",'
    b'"reply_time":"1 working day","cover":"Dr. Byrne, in August.",'
    b'"crisis":"Call 112.\\nNobody here is watching."}'
)


def test_an_agreement_has_one_form_that_a_person_can_read() -> None:
    assert agreement.encode(FULL) == BYTES
    assert agreement.decode(BYTES) == FULL


def test_what_is_empty_is_left_out() -> None:
    assert json.loads(agreement.encode(terms())).keys() == {
        *("version", "valid_from", "zone", "office_hours", "reply_time", "crisis")
    }


def test_an_acceptance_names_an_agreement_by_a_labelled_hash_of_its_bytes() -> None:
    assert agreement.digest_of(FULL) == digest.sha256(b"e2etherapy/1/agreement\x00" + BYTES)


def test_one_character_more_is_another_agreement() -> None:
    others = [
        replace(FULL, crisis=FULL.crisis + "!"),
        replace(FULL, cover=FULL.cover[:-1]),
        replace(FULL, cover=""),
        replace(FULL, version=4),
        replace(FULL, valid_from=FULL.valid_from + timedelta(seconds=1)),
        replace(FULL, zone="Europe/London"),
        terms(off=OFF.replace("Day", "day")),
    ]
    digests = {agreement.digest_of(other) for other in [FULL, *others]}
    assert len(digests) == len(others) + 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"version": 0}, InvalidAgreement),
        ({"version": 1_000_001}, InvalidAgreement),
        ({"zone": "Europe/Atlantis"}, UnknownZone),
        ({"valid_from": datetime(2026, 1, 1, microsecond=5, tzinfo=UTC)}, InvalidMoment),
        ({"valid_from": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2)))}, InvalidMoment),
        ({"crisis": ""}, InvalidWords),
        ({"crisis": "x" * 4_001}, InvalidWords),
        ({"cover": "x" * 2_001}, InvalidWords),
        ({"cover": "a\x00b"}, InvalidWords),
        ({"cover": " "}, InvalidWords),
        ({"crisis": "Call \u202e211."}, InvalidWords),
    ],
)
def test_terms_that_nobody_could_keep_or_read_cannot_be_made(
    changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        replace(FULL, **changes)


def test_terms_without_working_time_before_the_horizon_cannot_be_made() -> None:
    pause = "2026-01-01..2026-12-31\n2027-01-01..2027-03-01"
    with pytest.raises(NoWorkingTime):
        terms(off=pause, valid_from=at("2026-01-01"))
    assert terms(off=pause, valid_from=at("2026-06-01")).version == 1
    with pytest.raises(NoWorkingTime):
        terms("100 working hours", "Mon 09:00-09:30")


MEMBERS: dict[str, Any] = json.loads(BYTES)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "3"},
        {"version": 0},
        {"version": 3.5},
        {"valid_from": "2026-01-01T08:00:00"},
        {"valid_from": "2026-01-01T08:00:00+00:00"},
        {"valid_from": "2026-01-01T08:00:00.5Z"},
        {"office_hours": "Mon-Fri 9-17"},
        {"office_hours": "Mon-Fri 09:00-12:00 12:00-17:00"},
        {"office_hours": ""},
        {"holidays": OFF + "\n"},
        {"holidays": OFF + " # comment"},
        {"holidays": ""},
        {"holidays": "\n".join(reversed(OFF.split("\n")))},
        {"reply_time": "one working day"},
        {"reply_time": "1 working days"},
        {"cover": ""},
        {"cover": None},
        {"crisis": ""},
        {"surprise": 1},
    ],
)
def test_an_agreement_in_any_other_form_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedData):
        agreement.decode(written({**MEMBERS, **changes}))


@pytest.mark.parametrize("member", sorted(set(MEMBERS) - {"cover", "holidays"}))
def test_an_agreement_with_a_member_missing_is_refused(member: str) -> None:
    with pytest.raises(MalformedData):
        agreement.decode(written({key: MEMBERS[key] for key in MEMBERS if key != member}))


def test_a_zone_that_only_a_newer_version_knows_is_said_to_be_that() -> None:
    with pytest.raises(UnknownZone):
        agreement.decode(written({**MEMBERS, "zone": "Europe/Atlantis"}))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b" " + BYTES, BYTES + b"\n", b"\xff"])
def test_what_is_no_agreement_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        agreement.decode(data)


def test_all_of_an_agreement_can_be_read() -> None:
    shown = agreement.render(FULL, 60)
    for words in (
        "Reply agreement 3",
        "from 2026-01-01 08:00:00",
        "1 working day, until working time ends on that working day",
        "  Mon-Fri 09:00-17:00",
        "Europe/Dublin",
        "  2026-12-24 until 12:00 Christmas Eve\n  2026-12-25 Christmas Day",
        "Dr. Byrne, in August.",
        "  Call 112.\n  Nobody here is watching.",
    ):
        assert words in shown.replace("working\n  ", "working ")
    assert "Nobody covers at other times." in agreement.render(terms(), 60)
    assert "None are named." in agreement.render(terms(), 60)


@pytest.mark.parametrize(
    ("reply", "hours", "soon"),
    [
        ("1 working day", "Mon-Fri 09:00-17:00", True),
        ("2 working days", "Mon-Fri 09:00-17:00", False),
        ("24 hours", "Mon-Fri 09:00-17:00", True),
        ("25 hours", "Mon-Fri 09:00-17:00", False),
        ("1 day", "Mon-Fri 09:00-17:00", True),
        ("2 days", "Mon-Fri 09:00-17:00", False),
        ("8 working hours", "Mon-Fri 09:00-17:00", True),
        ("9 working hours", "Mon-Fri 09:00-17:00", False),
        ("4 working hours", "Mon-Thu 09:00-17:00, Fri 09:00-13:00", True),
        ("5 working hours", "Mon-Thu 09:00-17:00, Fri 09:00-13:00", False),
        ("1 working day", "Mon-Thu 09:00-17:00", True),
        ("1 working day", "Mon-Wed 09:00-17:00", False),
        ("1 working day", "Wed-Fri 09:00-17:00", False),
        ("1 working day", "Mon 09:00-17:00, Thu 09:00-17:00", True),
        ("1 working day", "Mon 09:00-17:00", False),
        ("1 working day", "Sat-Sun 09:00-17:00", False),
    ],
)
def test_who_looks_within_one_working_day_is_known(reply: str, hours: str, *, soon: bool) -> None:
    assert looks_within_one_working_day(terms(reply, hours)) == soon


def test_a_half_day_makes_the_shortest_working_day() -> None:
    half = "2026-12-24 until 12:00"
    assert looks_within_one_working_day(terms("3 working hours", off=half))
    assert not looks_within_one_working_day(terms("4 working hours", off=half))


def test_before_a_longer_holiday_nobody_looks_soon() -> None:
    holiday = terms(off="2026-08-03..2026-08-14")
    assert looks_within_one_working_day(holiday)
    assert looks_within_one_working_day(holiday, at("2026-07-29T10:00"))
    assert not looks_within_one_working_day(holiday, at("2026-07-31T10:00"))
    assert not looks_within_one_working_day(holiday, at("2026-08-05T10:00"))
    assert looks_within_one_working_day(holiday, at("2026-08-14T10:00"))


def test_a_weekend_with_two_holidays_is_no_longer_holiday() -> None:
    easter = terms(off="2026-04-03 Good Friday\n2026-04-06 Easter Monday")
    assert looks_within_one_working_day(easter, at("2026-04-02T17:00"))
    pause = "2027-01-01..2027-12-31\n2028-01-01..2028-06-30"
    assert not looks_within_one_working_day(terms(off=pause), at("2027-01-01"))
