"""What is written down for a therapy: it comes back as it was, and anything else is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import (
    InvalidConsent,
    InvalidHolidays,
    InvalidOfficeHours,
    InvalidReplyTime,
    InvalidWords,
    UnknownCountry,
    UnknownZone,
)
from e2etherapy.therapy import (
    agreement,
    consent,
    crisis,
    emergency_card,
    holidays,
    office_hours,
    reply_time,
    safety_plan,
    zones,
)
from e2etherapy.therapy.emergency_card import EmergencyCard
from e2etherapy.therapy.holidays import Holiday, Holidays
from e2etherapy.therapy.office_hours import Interval, OfficeHours
from e2etherapy.therapy.plain_text import cells, wrapped
from e2etherapy.therapy.reply_time import MOST, ReplyTime, Unit
from tests.support.agreements import terms

anything = st.text(st.characters(exclude_categories=()), max_size=200)
words = st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=60).map(
    lambda text: " ".join(text.replace("#", "").split())
)


@st.composite
def days_of_work(draw: st.DrawFn) -> tuple[Interval, ...]:
    ends = sorted(draw(st.lists(st.integers(0, 1_440), max_size=16, unique=True)))
    return tuple(Interval(*pair) for pair in zip(ends[::2], ends[1::2], strict=False))


@given(week=st.tuples(*[days_of_work()] * 7).filter(any))
def test_office_hours_come_back_as_they_were(week: tuple[tuple[Interval, ...], ...]) -> None:
    hours = OfficeHours(week)
    assert office_hours.parse(hours.text()) == hours


@st.composite
def calendars(draw: st.DrawFn) -> Holidays:
    day = draw(st.dates(max_value=date(2100, 1, 1)))
    entries = []
    for _ in range(draw(st.integers(0, 8))):
        day += timedelta(days=draw(st.integers(1, 50)))
        last = day + timedelta(days=draw(st.integers(0, 365)))
        until = draw(st.just(0) | st.integers(1, 1_439))
        try:
            entries.append(Holiday(day, last, until, draw(words)))
        except (InvalidHolidays, InvalidWords):
            entries.append(Holiday(day, last, until))
        day = last
    return Holidays(tuple(entries))


@given(calendar=calendars())
def test_holidays_come_back_as_they_were(calendar: Holidays) -> None:
    assert holidays.parse(calendar.text()) == calendar


@given(unit=st.sampled_from(Unit), data=st.data())
def test_a_reply_time_comes_back_as_it_was(unit: Unit, data: st.DataObject) -> None:
    promised = ReplyTime(data.draw(st.integers(1, MOST[unit])), unit)
    assert reply_time.parse(promised.text()) == promised


@given(
    calendar=calendars(),
    zone=st.sampled_from(sorted(zones.names())),
    version=st.integers(1, 1_000_000),
    valid_from=st.integers(0, 2**32).map(lambda at: datetime.fromtimestamp(at, UTC)),
)
def test_an_agreement_comes_back_as_it_was(
    calendar: Holidays, zone: str, version: int, valid_from: datetime
) -> None:
    made = terms("1 day", off=calendar.text(), zone=zone, version=version, valid_from=valid_from)
    assert agreement.decode(agreement.encode(made)) == made


CARD = EmergencyCard(
    contact="Anna",
    phone="112",
    relation="sister",
    location="Here.",
    consent="Yes.",
    confirmed=date(2026, 1, 1),
)
EN_1 = consent.newest("en")
ACCEPTANCE = consent.accept(
    EN_1, [question.right for question in EN_1.questions], datetime(2026, 1, 1, tzinfo=UTC)
)
CONSENT = b"# T\n\nW\n\n## Questions\n\n### Q?\n- [ ] a\n- [x] b\n> c\n"
OFF = "2026-12-24 until 12:00 Eve\n2026-12-25..2026-12-26 # off"
BYTES: dict[str, tuple[Callable[[bytes], object], bytes, tuple[type[Exception], ...]]] = {
    "agreement": (
        agreement.decode,
        agreement.encode(terms(off=OFF, cover="Nobody.")),
        (MalformedData, UnknownZone),
    ),
    "safety plan": (
        safety_plan.decode,
        safety_plan.encode(safety_plan.plan(date(2026, 1, 1), {"worst": "Call."})),
        (MalformedData,),
    ),
    "emergency card": (emergency_card.decode, emergency_card.encode(CARD), (MalformedData,)),
    "acceptance": (consent.decode, consent.encode(ACCEPTANCE), (MalformedData,)),
    "consent": (lambda data: consent.parse("en-1", data), CONSENT, (InvalidConsent,)),
}
TEXTS: dict[str, tuple[Callable[[str], object], str, tuple[type[Exception], ...]]] = {
    "office hours": (
        office_hours.parse,
        "Mon-Thu 09:00-12:30 14:00-18:00, Fri 9am-1pm",
        (InvalidOfficeHours,),
    ),
    "holidays": (holidays.parse, OFF, (InvalidHolidays,)),
    "reply time": (reply_time.parse, "within 2 working days", (InvalidReplyTime,)),
    "zone": (zones.zone, "America/St_Johns", (UnknownZone,)),
    "country": (crisis.country_code, "New Zealand", (UnknownCountry,)),
    "locale": (crisis.country_of_locale, "en_NZ.UTF-8", ()),
}


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.data())
def test_any_text_gives_a_value_or_the_documented_error(name: str, data: st.DataObject) -> None:
    parse, valid, errors = TEXTS[name]
    assert parse(valid)
    at = data.draw(st.integers(0, len(valid)))
    until = data.draw(st.integers(at, min(len(valid), at + 6)))
    mutated = (
        valid[:at] + data.draw(st.text("0123456789-:.,; #amptouni", max_size=6)) + valid[until:]
    )
    for text in (data.draw(anything), mutated, valid[:at], valid + data.draw(anything)):
        try:
            parse(text)
        except errors as refusal:
            assert str(refusal).endswith((".", "?"))  # noqa: PT017 - it need not be refused


@pytest.mark.parametrize("name", BYTES)
@given(data=st.data())
def test_any_bytes_give_a_value_or_the_documented_error(name: str, data: st.DataObject) -> None:
    parse, valid, errors = BYTES[name]
    assert parse(valid)
    at = data.draw(st.integers(0, len(valid)))
    until = data.draw(st.integers(at, min(len(valid), at + 6)))
    mutated = valid[:at] + data.draw(st.binary(max_size=6)) + valid[until:]
    for given_bytes in (data.draw(st.binary(max_size=300)), mutated, valid[:at]):
        try:
            parse(given_bytes)
        except errors:
            continue


@given(
    text=st.text(max_size=300), width=st.integers(0, 60), first=st.sampled_from(["", "* ", "  "])
)
def test_no_line_is_wider_than_asked_for_and_no_word_is_lost(
    text: str, width: int, first: str
) -> None:
    lines = wrapped(text, width, first)
    assert all(cells(line) <= max(width, 20) for line in lines)
    told = "".join("".join(line.split()) for line in lines)
    assert told.removeprefix(first.strip()) == "".join(text.split()).replace("\ue000", "")


@given(
    country=st.none() | anything,
    locale=anything,
    today=st.dates(),
    width=st.integers(-5, 200),
)
def test_a_crisis_card_never_fails(
    country: str | None, locale: str, today: date, width: int
) -> None:
    shown = crisis.render(crisis.card(country, today, locale=locale), width)
    assert "is watching" in " ".join(shown.split())
