"""Announcing holidays: what is asked before, and what is said if it ends halfway."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2etherapy.cli import output, questions, typed_text
from e2etherapy.cli.exit_codes import Interrupted
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.therapy import holiday_views
from e2etherapy.messenger.caseload.announcing import Announcement, Standing, Told

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.therapy.caseload.batch import Planned

_GO_ON = "The same command once more tells the rest, and nobody twice."


async def confirm(messenger: Messenger, found: tuple[Announcement, ...]) -> None:
    """Show what each is told, and go on only after a yes.

    Raises:
        click.Abort: it was a no, or Ctrl-C.
    """
    output.shown(holiday_views.shown(found))
    count = holiday_views.to_send(found)
    if count:
        async with typed_text.asking(messenger):
            questions.confirm(f"\nSend these one by one ({count})?")


async def sent(
    invocation: Invocation, messenger: Messenger, found: tuple[Announcement, ...], within: int
) -> list[Told]:
    """Tell those who are to be told; whatever ends it halfway says how to go on.

    Raises:
        Interrupted: Ctrl-C was pressed.
    """
    done: list[Told] = []
    missed = [Told(one.name, None, one.reason) for one in found if one.standing is Standing.CANNOT]
    try:
        async for one in messenger.announce_absence(found, within, _Telling(invocation)):
            done.append(one)  # noqa: PERF401 - what was told before an interruption counts
    except asyncio.CancelledError:
        raise Interrupted(f"Stopped. Told so far: {len(done)}. {_GO_ON}") from None
    invocation.if_stopped = ""
    return [*done, *missed]


@dataclass(slots=True)
class _Telling:
    """Says at a terminal that something waits, and that Ctrl-C is safe."""

    invocation: Invocation
    said: bool = False

    def __call__(self, _one: Planned) -> None:
        if not self.invocation.json and not self.said:
            output.remark(f"They leave one by one, at random moments. Ctrl-C ends it. {_GO_ON}")
        self.said = True
