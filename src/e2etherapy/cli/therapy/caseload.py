"""What can be counted of conversations, on this device and for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.wrapping import terminal_width

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.answers import Caseload
    from e2etherapy.therapy.caseload.figures import Figures, ReplyFigures

_WIDE = 80
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(epilog="\b\nExample:\n  e2etherapy caseload")
@vault_options
@click.pass_obj
def caseload(invocation: Invocation) -> None:
    """Count answers, messages and changes of all clients.

    It is counted on this device, from what is recorded here, and nothing of it is sent. Days are
    those of this device's clock. No figure says how well somebody is, or how well you work.
    """
    here = _zone()
    found = invocation.unlocked(lambda messenger: messenger.caseload(here))
    output.answer(invocation, _answer(found), _shown(found))


def _zone() -> tzinfo:
    return datetime.now(UTC).astimezone().tzinfo or UTC


def _answer(found: Figures) -> Caseload:
    from e2etherapy.cli.therapy import answers

    replies = found.replies
    return answers.Caseload(
        replies=answers.Replies(
            answered=replies.answered,
            with_due=replies.with_due,
            in_time=replies.in_time,
            median=_seconds(replies.median),
            nine_of_ten=_seconds(replies.nine_of_ten),
            waiting=replies.waiting,
            late=replies.late,
        ),
        clients=[
            answers.Written(name=one.name, per_week=round(one.per_week, 2), days=one.days)
            for one in found.engagement
        ],
        changes=[
            answers.Changes(
                instrument=one.instrument,
                improved=one.improved,
                unchanged=one.unchanged,
                deteriorated=one.deteriorated,
                not_compared=one.not_compared,
            )
            for one in found.trends
        ],
    )


def _seconds(took: timedelta | None) -> int | None:
    return None if took is None else int(took.total_seconds())


def _shown(found: Figures) -> str:
    lines = _replies(found.replies)
    if found.engagement:
        lines += ["", "Messages of clients in the last 28 days:"]
    lines += [
        f"  {inert_line(one.name)}: {one.per_week:.1f} a week, on "
        f"{wording.counted(one.days, 'day', 'days')}"
        for one in found.engagement
    ]
    if found.trends:
        lines += ["", "From the first score to the last, by more than the instrument's own error:"]
    lines += [
        f"  {one.instrument}: {one.improved} better, {one.deteriorated} worse, "
        f"{one.unchanged} neither, {one.not_compared} not compared"
        for one in found.trends
    ]
    return "\n".join(lines)


def _replies(found: ReplyFigures) -> list[str]:
    lines = [f"Waiting now: {found.waiting}, of them late: {found.late}"]
    if found.median is None or found.nine_of_ten is None:
        return [*lines, "Nobody has been answered yet."]
    lines.append(
        f"Answered: {wording.counted(found.answered, 'time', 'times')}; half of them within "
        f"{_time(found.median)}, nine of ten within {_time(found.nine_of_ten)}"
    )
    if found.with_due:
        lines.append(f"In time: {found.in_time} of {found.with_due} that had a due time")
    return lines


def _time(took: timedelta) -> str:
    minutes = -int(-took.total_seconds() // 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return wording.counted(minutes, "minute", "minutes")
    if minutes < 48 * 60:
        return wording.counted(-(-minutes // 60), "hour", "hours")
    return wording.counted(-(-minutes // (24 * 60)), "day", "days")


@click.command(
    epilog="""\b
Example:
  e2etherapy attendance Robin --from 2026-01-01 --to 2026-01-31"""
)
@click.argument("name")
@click.option("--from", "first", type=_DAY, required=True, metavar="DAY", help="The first day.")
@click.option("--to", "last", type=_DAY, required=True, metavar="DAY", help="The last day.")
@click.option("--zone", metavar="ZONE", help="On whose clock. [default: the agreement's, or UTC]")
@vault_options
@click.pass_obj
def attendance(
    invocation: Invocation, name: str, first: datetime, last: datetime, zone: str | None
) -> None:
    """Show on which days you and NAME were in contact.

    It says nothing of what was written, how much, or by whom.
    """
    from e2etherapy.cli.therapy.answers import Attendance
    from e2etherapy.messenger.caseload.counting import Period
    from e2etherapy.therapy.caseload.attendance import digest_of, render

    period = Period(first.date(), last.date(), zone)
    shown = invocation.unlocked(lambda messenger: messenger.attendance(name, period))
    answer = Attendance(
        client=shown.client,
        therapist=shown.therapist,
        zone=shown.zone,
        first=shown.first,
        last=shown.last,
        made=shown.made,
        days=list(shown.days),
        digest=digest_of(shown).hex(),
    )
    text = inert(render(shown, terminal_width() or _WIDE)).rstrip("\n")
    output.answer(invocation, answer, text)
