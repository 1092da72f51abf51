"""What is said about the therapy: the forms of its items and documents (section 7.3)."""

import datetime as dt
import re
import unicodedata
import zoneinfo
from collections.abc import Callable
from typing import Any

from tests.vectors.second_implementation.notation import (
    Json,
    Members,
    check_members,
    is_base64,
    is_date,
    is_int,
    is_text,
    is_time,
    load_json,
    refuse,
)

Check = Callable[[Any], bool]


def is_between(least: int, most: int) -> Check:
    return lambda value: isinstance(value, str) and least <= len(value) <= most


def is_one_of(*words: str) -> Check:
    return lambda value: value in words


def is_answers(value: object) -> bool:
    number = is_int(0, 1_001)
    return (
        isinstance(value, list)
        and 1 <= len(value) <= 64
        and all(answer is None or number(answer) for answer in value)
    )


def are_digests(value: object) -> bool:
    digest = is_base64(32)
    return isinstance(value, list) and 1 <= len(value) <= 500 and all(map(digest, value))


def looks_like_a_day(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value))


DOCUMENT = is_between(1, 40_000)
NOTE = is_between(1, 4_000)
"""An empty note is left out."""
IS_TRUE_OR_FALSE: Check = lambda value: isinstance(value, bool)  # noqa: E731 - beside the others
NAMED: Members = {"text": is_text(200), "digest": is_base64(32)}
KINDS: dict[str, Members] = {
    "agreement": {"terms": DOCUMENT},
    "agreement_acceptance": {"digest": is_base64(32)},
    "consent_request": NAMED,
    "consent": NAMED,
    "consent_withdrawal": {"note": NOTE},
    "check_in": {
        "instrument": is_text(200),
        "version": is_text(200),
        "given": is_answers,
        "taken": is_time,
    },
    "check_in_schedule": {
        "instrument": is_text(200),
        "schedule": is_text(200),
        "begins": looks_like_a_day,
    },
    "priority": {"text": NOTE},
    "homework": {"title": is_between(1, 200), "text": NOTE, "until": looks_like_a_day},
    "homework_answer": {"accepted": IS_TRUE_OR_FALSE, "note": NOTE},
    "homework_log": {"day": looks_like_a_day, "done": IS_TRUE_OR_FALSE, "note": NOTE},
    "homework_review": {"note": NOTE},
    "goal": {"text": is_between(1, 1_000)},
    "goal_answer": {
        "outcome": is_one_of("agreed", "declined", "reached", "dropped"),
        "note": NOTE,
    },
    "landing": {"mark": is_one_of("helped", "understood", "unsure", "missed", "hurt")},
    "safety_plan": {"plan": DOCUMENT},
    "emergency_card": {"card": DOCUMENT},
    "summary": {"text": DOCUMENT},
    "extract_request": {"text": DOCUMENT, "entries": are_digests},
    "extract_answer": {"allowed": IS_TRUE_OR_FALSE},
    "ending": {"letter": DOCUMENT},
}


def optional(kind: str) -> list[str]:
    """The members that may be left out: notes, and a homework's last day."""
    members = KINDS.get(kind, {})
    return [name for name, check in members.items() if check is NOTE or name == "until"]


REORDERING = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}


def is_words(most: int, *, lines: bool = True) -> Check:
    def check(value: object) -> bool:
        if not isinstance(value, str) or not 1 <= len(value) <= most or value != value.strip():
            return False
        if REORDERING & set(value) or (not lines and "\n" in value):
            return False
        seen = value.replace("\n", "")
        return not {unicodedata.category(c) for c in seen} & {"Cc", "Cn", "Co", "Cs", "Zl", "Zp"}

    return check


PHONE = r"\+?[0-9(][0-9 ()./-]{1,38}[0-9](?: ?(?:ext\.?|x) ?[0-9]{1,8})?"


def is_phone(value: object) -> bool:
    return (
        isinstance(value, str)
        and bool(re.fullmatch(PHONE, value))
        and sum(character.isdigit() for character in value) >= 3
    )


def is_zone(value: object) -> bool:
    return isinstance(value, str) and value in zoneinfo.available_timezones() - {"Factory"}


def is_days(value: object) -> bool:
    return isinstance(value, list) and all(map(is_date, value)) and value == sorted(set(value))


PARTS = ("prepared", "beginning", "first_hour", "company", "asking", "worst", "reminder")
PLAN_PARTS = (*PARTS, "afterwards")
PLAN: Members = {"written": is_date, **dict.fromkeys(PLAN_PARTS, is_words(4_000))}
CARD: Members = {
    "contact": is_words(200, lines=False),
    "phone": is_phone,
    "relation": is_words(200, lines=False),
    "location": is_words(1_000),
    "consent": is_words(2_000),
    "confirmed": is_date,
}
ATTENDANCE: Members = {
    "client": is_words(200, lines=False),
    "therapist": is_words(200, lines=False),
    "zone": is_zone,
    "first": is_date,
    "last": is_date,
    "made": is_date,
    "days": is_days,
}


def read_safety_plan(data: bytes) -> Json:
    plan = check_members(load_json(data), PLAN, PLAN_PARTS)
    return plan if len(plan) > 1 else refuse("malformed")


def read_emergency_card(data: bytes) -> Json:
    return check_members(load_json(data), CARD)


def read_attendance(data: bytes) -> Json:
    shown = check_members(load_json(data), ATTENDANCE)
    first, last = (dt.date.fromisoformat(shown[name]) for name in ("first", "last"))
    inside = all(shown["first"] <= day <= shown["last"] for day in shown["days"])
    if not shown["first"] <= shown["last"] <= shown["made"] or not inside:
        refuse("malformed")
    return shown if (last - first).days < 3_660 else refuse("malformed")


UNITS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORDINALS = ("second", "third", "fourth", "fifth", "sixth")


def ordinal(number: int) -> str:
    if number <= 6:
        return ["", *ORDINALS][number - 1]
    teens = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def schedules() -> dict[str, tuple[int, str]]:
    """Every way in which a repeating schedule is written."""
    found = {}
    for n in range(1, 367):
        for unit in ("day", "week", "month"):
            found[f"every {unit}" if n == 1 else f"every {n} {unit}s"] = (n, unit)
        for day in UNITS:
            found[" ".join(filter(None, ["every", ordinal(n), day]))] = (n, day)
    return found


def schedule_days(text: str, begins: str, count: int) -> list[str]:
    """The first days, from the one on which it begins."""
    first = dt.date.fromisoformat(begins)
    if text == "once":
        return [begins]
    if text.startswith("on ") and is_date(text[3:]):
        return [text[3:]] * (text[3:] >= begins)
    n, unit = schedules().get(text) or refuse("malformed")
    if unit == "month":
        return [month_later(first, n * i).isoformat() for i in range(count)]
    while unit in UNITS and first.weekday() != UNITS.index(unit):
        first += dt.timedelta(1)
    step = n * (1 if unit == "day" else 7)
    return [(first + dt.timedelta(step * i)).isoformat() for i in range(count)]


def month_later(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - dt.timedelta(1)).day
    return dt.date(year, month + 1, min(day.day, last))
