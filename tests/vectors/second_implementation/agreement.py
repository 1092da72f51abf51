"""Reply agreements and due times (sections 7.3 and 7.4)."""

import datetime as dt
import re
import zoneinfo
from itertools import groupby, pairwise

from tests.vectors.second_implementation.care import is_words, is_zone
from tests.vectors.second_implementation.cryptography import H
from tests.vectors.second_implementation.notation import (
    Json,
    Members,
    check_members,
    is_date,
    is_int,
    is_time,
    load_json,
    refuse,
)

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST = {"working day": 30, "working hour": 100, "day": 60, "hour": 720}
Week = list[list[tuple[int, int]]]
Holiday = tuple[str, str, int, str]
MINUTE = dt.timedelta(minutes=1)


def is_moment(value: object) -> bool:
    return is_time(value) and "1970" <= str(value) < "9000"


TERMS: Members = {
    "version": is_int(1, 1_000_001),
    "valid_from": is_moment,
    "zone": is_zone,
    "office_hours": lambda value: isinstance(value, str),
    "holidays": lambda value: isinstance(value, str) and value != "",
    "reply_time": lambda value: isinstance(value, str),
    "cover": is_words(2_000),
    "crisis": is_words(4_000),
}


def minute(text: str, last: int) -> int:
    if not re.fullmatch("[0-9]{2}:[0-5][0-9]", text):
        refuse("malformed")
    found = int(text[:2]) * 60 + int(text[3:])
    return found if found <= last else refuse("malformed")


def read_hours(text: str) -> Week:
    """The intervals of each day from Monday, in minutes; written anew, they give the text."""
    week: Week = [[] for _ in DAYS]
    for part in text.split(", "):
        names, *intervals = part.split(" ")
        first, _, last = names.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            refuse("malformed")
        times = [re.fullmatch("(.{5})-(.{5})", interval) for interval in intervals]
        for day in range(DAYS.index(first), DAYS.index(last or first) + 1):
            week[day] = [
                (minute(time[1], 1_440), minute(time[2], 1_440)) if time else refuse("malformed")
                for time in times
            ]
    for day_hours in week:
        ends = [end for interval in day_hours for end in interval]
        if len(day_hours) > 8 or any(a >= b for a, b in pairwise(ends)):
            refuse("malformed")
    return week if any(week) and write_hours(week) == text else refuse("malformed")


def write_hours(week: Week) -> str:
    parts = []
    for hours, run in groupby(range(7), key=lambda day: week[day]):
        days = list(run)
        name = DAYS[days[0]] + (f"-{DAYS[days[-1]]}" if len(days) > 1 else "")
        times = [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in hours]
        parts += [" ".join([name, *times])] if hours else []
    return ", ".join(parts)


def read_holiday(line: str) -> Holiday:
    form = r"(\S{10})(?:\.\.(\S{10}))?(?: until (\S+))?(?: (.*))?"
    found = re.fullmatch(form, line)
    if not found or not is_date(found[1]) or not is_date(found[2] or found[1]):
        refuse("malformed")
    first, last, until, name = found[1], found[2] or found[1], found[3], found[4] or ""
    span = dt.date.fromisoformat(last) - dt.date.fromisoformat(first)
    if not 0 <= span.days < 366 or found[2] == first:
        refuse("malformed")
    end = minute(until, 1_439) if until else 0
    if until and end == 0:
        refuse("malformed")
    if found[4] is not None and not is_words(60, lines=False)(name):
        refuse("malformed")
    wrong = "#" in name or name != " ".join(name.split()) or name.startswith("..")
    if wrong or re.match(r"until( |$)", name, re.IGNORECASE):
        refuse("malformed")
    return first, last, end, name


def read_holidays(text: str) -> list[Holiday]:
    entries = [read_holiday(line) for line in text.split("\n")] if text else []
    if len(entries) > 150 or any(b[0] <= a[1] for a, b in pairwise(entries)):
        refuse("malformed")
    return entries


def read_reply_time(text: str) -> tuple[int, str]:
    for unit, most in MOST.items():
        for count in range(1, most + 1):
            if text == f"{count} {unit}{'s' * (count > 1)}":
                return count, unit
    return refuse("malformed")


def read_agreement(data: bytes) -> Json:
    terms = check_members(load_json(data), TERMS, ("holidays", "cover"))
    read = {
        **terms,
        "office_hours": read_hours(terms["office_hours"]),
        "holidays": read_holidays(terms.get("holidays", "")),
        "reply_time": read_reply_time(terms["reply_time"]),
    }
    due(read, terms["valid_from"])
    return read


def receipt(transcript: bytes, terms: bytes, agreement: bytes, acceptance: bytes) -> bytes:
    return H("agreement-receipt", transcript, H("agreement", terms), agreement, acceptance)


def is_worked(terms: Json, local: dt.datetime) -> bool:
    day, at = local.date().isoformat(), local.hour * 60 + local.minute
    for first, last, until, _ in terms["holidays"]:
        if first <= day <= last and at >= until:
            return False
    return any(a <= at < b for a, b in terms["office_hours"][local.weekday()])


def due(terms: Json, written: str) -> str:
    """Walk from minute to minute, as slowly as section 7.4 says it."""
    count, unit = terms["reply_time"]
    zone = zoneinfo.ZoneInfo(terms["zone"])
    start = dt.datetime.fromisoformat(written)
    if unit == "hour":
        return written_as(start + dt.timedelta(hours=count))
    seconds, at = start.second, start - dt.timedelta(seconds=start.second)
    today = start.astimezone(zone).date()
    days: list[dt.date] = [today] if unit == "day" else []
    ended, left = at, count * 3_600
    while True:
        local = at.astimezone(zone)
        if (local.date() - today).days > 400:
            full = unit == "working day" and len(days) == count + 1
            return written_as(ended) if full else refuse("malformed")
        if unit == "day" or is_worked(terms, local):
            new = local.date() not in days
            if len(days) == count + 1 and new:
                return written_as(ended)
            days += [local.date()] * new
            if unit == "working hour" and (left := left - 60 + seconds) <= 0:
                return written_as(at + MINUTE + dt.timedelta(seconds=left))
            ended, seconds = at + MINUTE, 0
        elif len(days) == count + 1 and unit == "working day" and local.date() != days[-1]:
            return written_as(ended)
        else:
            seconds = 0
        at += MINUTE


def written_as(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
