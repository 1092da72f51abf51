"""What clients are told of holidays, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output
from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.output import moment
from e2etherapy.cli.therapy import said
from e2etherapy.cli.therapy.answers import (
    Announced,
    Announcement,
    HolidaysInForce,
    NotTold,
)
from e2etherapy.cli.wrapping import terminal_width, wrapped

if TYPE_CHECKING:
    from e2etherapy.messenger.caseload import announcing
    from e2etherapy.therapy.agreement import AgreementTerms

_INDENT = "  "
NOBODY = "There is no client with a running therapy."
_STANDING = {
    "to_send": "to be told, in agreement {version}",
    "told": "told before, in agreement {version}; not accepted so far",
    "agreed": "told before, in agreement {version}; accepted",
    "cannot": "CANNOT BE TOLD",
}


def to_send(found: Sequence[announcing.Announcement]) -> int:
    """Count those who are to be told."""
    return sum(one.standing == "to_send" for one in found)


def shown(found: Sequence[announcing.Announcement]) -> str:
    """Return what each client is told, as a person reads it."""
    return "\n\n".join(_one(one) for one in found) or NOBODY


def _one(one: announcing.Announcement) -> str:
    version = one.terms.version if one.terms else None
    head = _STANDING[one.standing].format(version=version)
    lines = [f"{click.style(inert_line(one.name), bold=True)}: {head}."]
    if one.reason:
        lines += wrapped(inert_line(one.reason), terminal_width(), _INDENT)
    if one.standing == "to_send" and one.terms is not None:
        lines += _terms(one.terms)
    return "\n".join(lines)


def _terms(terms: AgreementTerms, indent: str = _INDENT) -> list[str]:
    cover = f"Cover: {terms.cover}" if terms.cover else "Nobody covers."
    days = terms.holidays.text() or "none"
    parts = [(indent, "Days off:"), (indent + _INDENT, days), (indent, cover)]
    return [line for at, part in parts for line in wrapped(inert(part), terminal_width(), at)]


def answer(one: announcing.Announcement) -> Announcement:
    """Return for JSON what a client is told."""
    return Announcement(
        name=one.name,
        standing=one.standing.value,
        version=one.terms.version if one.terms else None,
        holidays=one.terms.holidays.text() if one.terms else None,
        cover=one.terms.cover if one.terms else None,
        reason=one.reason,
    )


def show_sent(invocation: Invocation, done: Sequence[announcing.Told]) -> None:
    """Print what became of each.

    Raises:
        RelayUnreachable: something is still only on this device; the output says so as well.
        MailboxGone: something reaches nobody.
    """
    sent = [said.said(one.name, one.sent) for one in done if one.sent is not None]
    kept = [NotTold(name=one.name, reason=one.reason) for one in done if one.sent is None]
    lines = [said.line(one) for one in sent]
    lines += [f"{inert_line(one.name)}: not told. {inert_line(one.reason)}" for one in kept]
    nobody = "Nobody was to be told; 'e2etherapy holidays show' says who has accepted."
    output.answer(invocation, Announced(sent=sent, not_told=kept), "\n".join(lines) or nobody)
    said.require_delivered(sent)


def in_force(one: announcing.InForce) -> str:
    """Return which days off hold with a client."""
    lines = [click.style(inert_line(one.name), bold=True)]
    if one.agreed is None:
        lines.append(f"{_INDENT}No agreement holds.")
    else:
        since = moment(one.agreed.valid_from)
        lines += [f"{_INDENT}Agreement {one.agreed.version}, from {since}."]
        lines += _terms(one.agreed, _INDENT * 2)
    if one.waiting is not None:
        lines.append(f"{_INDENT}NOT ACCEPTED so far: agreement {one.waiting.version}.")
        lines += _terms(one.waiting, _INDENT * 2)
    return "\n".join(lines)


def in_force_answer(one: announcing.InForce) -> HolidaysInForce:
    """Return for JSON which days off hold with a client."""
    return HolidaysInForce(
        name=one.name,
        version=one.agreed.version if one.agreed else None,
        holidays=one.agreed.holidays.text() if one.agreed else None,
        cover=one.agreed.cover if one.agreed else None,
        waiting=one.waiting.version if one.waiting else None,
        waiting_holidays=one.waiting.holidays.text() if one.waiting else None,
    )
