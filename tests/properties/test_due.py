"""Due times for any zone, week, holidays and moment, against somebody who looks at the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors.therapy import NoWorkingTime
from e2etherapy.therapy import holidays, office_hours, zones
from e2etherapy.therapy.due import due
from e2etherapy.therapy.holidays import Holidays
from e2etherapy.therapy.office_hours import OfficeHours
from e2etherapy.therapy.reply_time import ReplyTime, Unit
from tests.support.slow_due import DAYS, WallClock

ZONES = sorted(zones.names())
ODD = [
    *("Africa/Casablanca", "America/Asuncion", "America/Havana", "America/Sao_Paulo"),
    *("America/St_Johns", "Antarctica/Troll", "Asia/Amman", "Asia/Gaza", "Asia/Kathmandu"),
    *(
        "Asia/Pyongyang",
        "Australia/Lord_Howe",
        "Europe/Dublin",
        "Pacific/Apia",
        "Pacific/Kwajalein",
    ),
]
FIRST, LAST = datetime(1973, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
"""Since 1973 zones are ahead of UTC by whole minutes: looking once a minute is enough."""


@dataclass
class Terms:
    zone: str
    office_hours: OfficeHours
    holidays: Holidays
    reply_time: ReplyTime


times = st.integers(0, 1_440).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
days_of_work = st.lists(times, min_size=2, max_size=6, unique=True).map(
    lambda found: list(zip(*[iter(sorted(found))] * 2, strict=False))
)
weeks = st.dictionaries(st.sampled_from(DAYS), days_of_work, min_size=1, max_size=7)
promises = st.one_of(
    st.tuples(st.integers(1, 4), st.just("working day")),
    st.tuples(st.integers(1, 12), st.just("working hour")),
    st.tuples(st.integers(1, 5), st.just("day")),
    st.tuples(st.integers(1, 72), st.just("hour")),
)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[str, datetime]:
    """Draw a zone and a moment, half of them within two days of the clock being set."""
    name = draw(st.sampled_from(ZONES) | st.sampled_from(ODD))
    moment = FIRST + timedelta(seconds=draw(st.integers(0, int((LAST - FIRST).total_seconds()))))
    if draw(st.booleans()):
        zone = zones.zone(name)
        for day in range(400):
            later = moment + timedelta(days=day)
            tomorrow = later + timedelta(days=1)
            if later.astimezone(zone).utcoffset() != tomorrow.astimezone(zone).utcoffset():
                around = draw(st.integers(-172_800, 172_800))
                return name, later + timedelta(seconds=around)
    return name, moment


@st.composite
def days_off(draw: st.DrawFn, moment: datetime) -> dict[date, tuple[str, int]]:
    """Draw ranges of dates from the moment on: when work ends on them, and how many they are."""
    found: dict[date, tuple[str, int]] = {}
    day = moment.date() - timedelta(days=2)
    for _ in range(draw(st.integers(0, 4))):
        day += timedelta(days=draw(st.integers(0, 4)))
        length = draw(st.integers(1, 6))
        found[day] = draw(st.just("00:00") | times.filter(lambda time: time < "24:00")), length
        day += timedelta(days=length)
    return found


def holiday_line(first: date, until: str, length: int) -> str:
    half = f" until {until}" if until != "00:00" else ""
    return f"{first}..{first + timedelta(days=length - 1)}{half}"


def is_beyond_the_horizon(clock: WallClock, moment: int, count: int, unit: str) -> bool:
    try:
        last_second = clock.due(moment, count, unit) - 1
    except LookupError:
        return True
    return clock.shows(last_second).date() > clock.shows(moment).date() + timedelta(days=400)


@given(data=st.data())
def test_a_due_time_is_when_somebody_who_looks_at_the_clock_says(data: st.DataObject) -> None:
    zone, written = data.draw(scenes())
    week = data.draw(weeks)
    off = data.draw(days_off(written))
    count, unit = data.draw(promises)
    words = ", ".join(
        f"{day} " + " ".join(f"{start}-{end}" for start, end in work) for day, work in week.items()
    )
    lines = "\n".join(holiday_line(first, *rest) for first, rest in off.items())
    terms = Terms(
        zone, office_hours.parse(words), holidays.parse(lines), ReplyTime(count, Unit(unit))
    )
    clock = WallClock(
        zones.zone(zone),
        week,
        {
            first + timedelta(days=day): until
            for first, (until, length) in off.items()
            for day in range(length)
        },
    )
    moment = int(written.timestamp())
    try:
        found = due(terms, written)
    except NoWorkingTime:
        assert is_beyond_the_horizon(clock, moment, count, unit)
        return
    assert found == datetime.fromtimestamp(clock.due(moment, count, unit), UTC)
    assert found > written
    if unit.startswith("working"):
        last_second = int(found.timestamp()) - 1
        assert clock.is_work(last_second)
