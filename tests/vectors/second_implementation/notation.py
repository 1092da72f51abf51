"""JSON: the notation of section 1.1, and the forms of members."""

import base64
import datetime as dt
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

Json = dict[str, Any]


class Refused(Exception):
    """The input is refused; `reason` is the failure class that the vectors name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def refuse(reason: str) -> NoReturn:
    raise Refused(reason)


def whole_number(digits: str) -> int:
    return int(digits) if abs(int(digits)) < 2**53 else refuse("malformed")


def load_json(data: bytes) -> Json:
    """An object in the one notation of section 1.1: only the order of its members is left."""
    try:
        value = json.loads(
            data.decode(),
            parse_int=whole_number,
            parse_float=lambda _: refuse("malformed"),
            parse_constant=lambda _: refuse("malformed"),
        )
        same = dump_json(value) == data
    except (ValueError, RecursionError):
        refuse("malformed")
    return value if same and isinstance(value, dict) else refuse("malformed")


def depth(value: object) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


def dump_json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def is_base64(size: int) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        try:
            data = base64.b64decode(value if isinstance(value, str) else "!", validate=True)
        except ValueError:
            return False
        return len(data) == size and base64.b64encode(data).decode() == value

    return check


def is_text(limit: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and len(value) <= limit


def is_bytes(limit: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and len(value.encode()) <= limit


def is_int(least: int, below: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and least <= value < below


def is_time(value: object) -> bool:
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    if not isinstance(value, str) or not re.fullmatch(form, value, re.ASCII):
        return False
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_date(value: object) -> bool:
    return isinstance(value, str) and is_time(value + "T00:00:00Z")


def is_ids(value: object) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= 256 and all(map(is_base64(16), value))


Members = dict[str, Callable[[Any], bool]]


def check_members(value: object, members: Members, optional: Iterable[str] = ()) -> Json:
    """An object with these members, in this order; the optional ones may be left out."""
    if not isinstance(value, dict) or not members.keys() - optional <= value.keys():
        refuse("malformed")
    if list(value) != [name for name in members if name in value]:
        refuse("malformed")
    if not all(members[name](member) for name, member in value.items()):
        refuse("malformed")
    return value
