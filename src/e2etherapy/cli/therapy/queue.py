"""Who waits for a therapist, in reading order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.output import moment

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.answers import Queued
    from e2etherapy.therapy.caseload.queue import Entry

_NOBODY = "Nobody waits for an answer."


@click.command(epilog="\b\nExample:\n  e2etherapy sync && e2etherapy queue")
@vault_options
@click.pass_obj
def queue(invocation: Invocation) -> None:
    """List who waits: flagged first, then due soonest."""
    entries = invocation.unlocked(lambda messenger: messenger.queue())
    human = "\n".join(_line(entry) for entry in entries) or _NOBODY
    output.answer(invocation, [_answer(entry) for entry in entries], human)
    if entries and not invocation.json:
        output.remark("'e2etherapy context NAME' shows what to know before you answer.")


def _line(entry: Entry) -> str:
    parts = []
    if entry.flagged is not None:
        parts.append(f"FLAGGED {moment(entry.flagged)}")
    if entry.messages:
        parts.append(wording.counted(entry.messages, "message", "messages"))
    if entry.due is not None:
        parts.append(f"due {moment(entry.due)}")
    if entry.late > timedelta(0):
        parts.append("LATE")
    if entry.due is None and entry.waiting_since is not None:
        parts.append(f"waiting since {moment(entry.waiting_since)}")
    if entry.ended:
        parts.append("the therapy has ended: read it, nothing can be sent")
    if entry.differed:
        parts.append("the six words differed: nothing can be sent")
    return f"{click.style(inert_line(entry.name), bold=True)}: {', '.join(parts)}"


def _answer(entry: Entry) -> Queued:
    from e2etherapy.cli.therapy.answers import Queued

    return Queued(
        name=entry.name,
        flagged=entry.flagged,
        due=entry.due,
        waiting_since=entry.waiting_since,
        messages=entry.messages,
        late=int(entry.late.total_seconds()),
        differed=entry.differed,
        ended=entry.ended,
    )
