"""Drafts as they are looked through, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.output import moment
from e2etherapy.cli.therapy import doubt, said
from e2etherapy.cli.therapy.answers import BatchSent, Reviewed
from e2etherapy.errors import RelayUnreachable

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.batch_sending import Outcome
    from e2etherapy.messenger import batching
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
        )
        for one in reviewed.reviews
    ]


def shown(reviewed: batching.Reviewed) -> str:
    """Return the drafts as a person reads them."""
    return "\n\n".join(_one(one, one.name in reviewed.flagged) for one in reviewed.reviews)


def _one(one: Review, flagged: bool) -> str:
    parts = ["FLAGGED"] if flagged else []
    parts.append(wording.counted(one.length, "character", "characters"))
    if one.due is not None:
        parts.append(f"due {moment(one.due)}")
    head = f"{click.style(inert_line(one.name), bold=True)}: {', '.join(parts)}"
    lines = [head, f"  {inert_line(one.first_words)}"]
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
    """
    sent = [said.said(one.name, one.sent) for one in outcome.replies if one.sent is not None]
    kept = [one.name for one in outcome.replies if one.sent is None]
    lines = [f"{inert_line(one.name)}: {_state(one.name, one.state)}." for one in sent]
    lines += [f"{inert_line(name)}: not sent; this draft was changed meanwhile." for name in kept]
    output.answer(invocation, BatchSent(sent=sent, kept=kept), "\n".join(lines) or none)
    problems = [one.problem for one in sent if one.state == "on_device" and one.problem]
    if problems:
        raise RelayUnreachable(" ".join([*dict.fromkeys(problems), wording.WAITS]))


def _state(name: str, state: str) -> str:
    word = wording.state(inert_line(name), state)
    return word[:1].lower() + word[1:]
