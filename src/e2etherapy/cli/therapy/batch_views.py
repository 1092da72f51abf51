"""Drafts as they are looked through, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.output import moment
from e2etherapy.cli.therapy import doubt, said
from e2etherapy.cli.therapy.answers import BatchSent, LeftOut, Reviewed

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.batch_sending import Outcome
    from e2etherapy.messenger.caseload import batching
    from e2etherapy.therapy.caseload.batch import Review


def answers(reviewed: batching.Reviewed) -> list[Reviewed]:
    """Return the drafts for JSON."""
    return [
        Reviewed(
            name=one.name,
            flagged=one.name in reviewed.flagged,
            due=one.due,
            first_words=one.first_words,
            length=one.length,
            unfilled=list(one.unfilled),
            findings=doubt.answers(one.findings),
            left_out=reviewed.left_out.get(one.name),
        )
        for one in reviewed.reviews
    ]


def shown(reviewed: batching.Reviewed) -> str:
    """Return the drafts as a person reads them."""
    return "\n\n".join(_one(one, reviewed) for one in reviewed.reviews)


def _one(one: Review, reviewed: batching.Reviewed) -> str:
    parts = ["FLAGGED"] if one.name in reviewed.flagged else []
    parts.append(wording.counted(one.length, "character", "characters"))
    if one.due is not None:
        parts.append(f"due {moment(one.due)}")
    head = f"{click.style(inert_line(one.name), bold=True)}: {', '.join(parts)}"
    lines = [head, f"  {inert_line(one.first_words)}"]
    if one.name in reviewed.left_out:
        return "\n".join([*lines, f"  WILL NOT BE SENT: {inert_line(reviewed.left_out[one.name])}"])
    if one.unfilled:
        holes = ", ".join(f"{{{hole}}}" for hole in one.unfilled)
        lines.append(f"  NOT FILLED: {holes}")
    if one.findings:
        lines += [
            "  LOOK AGAIN: this may be meant for another client.",
            *doubt.sentences(one.findings),
        ]
    return "\n".join(lines)


def show_sent(invocation: Invocation, outcome: Outcome, none: str) -> None:
    """Print what became of each draft.

    Raises:
        RelayUnreachable: something is still only on this device; the output says so as well.
        MailboxGone: something reaches nobody.
    """
    sent = [said.said(one.name, one.sent) for one in outcome.replies if one.sent is not None]
    unsent = [one for one in outcome.replies if one.sent is None]
    kept = [one.name for one in unsent if not one.reason]
    left_out = [LeftOut(name=one.name, reason=one.reason) for one in unsent if one.reason]
    lines = [said.line(one) for one in sent]
    lines += [f"{inert_line(name)}: not sent; this draft was changed meanwhile." for name in kept]
    lines += [f"{inert_line(one.name)}: not sent. {inert_line(one.reason)}" for one in left_out]
    answer = BatchSent(sent=sent, kept=kept, left_out=left_out)
    output.answer(invocation, answer, "\n".join(lines) or none)
    said.require_delivered(sent)
