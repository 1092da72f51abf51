"""Homework and goals as a person reads them: what somebody wrote is shown inert."""

from __future__ import annotations

from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.output import moment
from e2etherapy.cli.wrapping import terminal_width, wrapped
from e2etherapy.therapy.care.goals import SharedGoal
from e2etherapy.therapy.care.homeworks import GivenHomework
from e2etherapy.wire.role import Role

_INDENT = "    "


def homework(one: GivenHomework) -> str:
    """Return one homework with what became of it."""
    until = "" if one.until is None else f" (until {one.until})"
    lines = [f"{one.number}. {inert_line(one.title)}{until}: {_state(one)}{_mark(one)}"]
    if one.text:
        lines += _indented(one.text)
    if one.accepted is not None and one.answer:
        lines += _indented(f"Answer: {one.answer}")
    for day in one.days():
        done = "done" if day.done else "not done"
        lines += _indented(f"{day.day} {done}{_behind(day.note)}")
    if one.reviewed is not None:
        lines += _indented(f"Reviewed {moment(one.reviewed)}{_behind(one.review)}")
    return "\n".join(lines)


def _state(one: GivenHomework) -> str:
    if one.reviewed is not None:
        return "reviewed"
    if one.accepted is None:
        return "not answered yet"
    return "accepted" if one.accepted else "declined"


def goal(one: SharedGoal) -> str:
    """Return one goal with what each side said of it."""
    lines = [f"{one.number}. {inert_line(one.text)}: {one.outcome}{_mark(one)}"]
    lines += _indented(f"{_side(one.author)} proposed it, {moment(one.proposed)}")
    for word in filter(None, [one.answer, *one.ends]):
        said = f"{_side(word.author)}: {word.outcome}, {moment(word.written)}"
        lines += _indented(said + _behind(word.note))
    return "\n".join(lines)


def _mark(one: GivenHomework | SharedGoal) -> str:
    return " [hidden]" if one.hidden else ""


def _side(author: Role) -> str:
    return f"The {author}"


def _behind(note: str) -> str:
    return f": {note}" if note else ""


def _indented(text: str) -> list[str]:
    """Return lines behind an indent, so that no text can pass for another entry's first line."""
    return wrapped(inert(text), terminal_width(), _INDENT)
