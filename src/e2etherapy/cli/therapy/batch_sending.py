"""Sending a batch: what is asked before, and what is said if it ends halfway."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from e2etherapy.cli import output
from e2etherapy.cli.exit_codes import Interrupted
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.therapy import doubt
from e2etherapy.errors import E2ETherapyError
from e2etherapy.messenger.caseload import batching

if TYPE_CHECKING:
    from e2etherapy.messenger.caseload.batching import Reply, Reviewed
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.therapy.caseload.batch import Planned


@dataclass(slots=True)
class Outcome:
    """What became of each draft so far; the texts by name, in the order of the batch."""

    texts: dict[str, str] = field(repr=False)
    replies: list[Reply] = field(default_factory=list)


async def agreed(invocation: Invocation, messenger: Messenger, yes_to: Collection[str]) -> Reviewed:
    """Return a batch of which everything can be sent, and is meant for whom it is.

    Raises:
        click.Abort: somebody answered no, or pressed Ctrl-C.
        AnotherClient: nobody can be asked.
    """
    with invocation.meanwhile(_told([], [])):
        reviewed = await messenger.review_batch()
        doubtful = batching.doubts(reviewed, yes_to) if doubt.can_ask(invocation) else []
        await messenger.require_sendable(reviewed, [*yes_to, *(one.name for one in doubtful)])
    for one in doubtful:
        await doubt.ask(invocation, messenger, one.name, one.findings)
    return reviewed


async def sent(
    invocation: Invocation, messenger: Messenger, reviewed: Reviewed, within: int
) -> Outcome:
    """Send a batch; whatever ends it halfway says which were sent and which drafts remain.

    Raises:
        Interrupted: Ctrl-C was pressed.
        E2ETherapyError: what the library raises, with that behind it.
    """
    outcome = Outcome({one.name: one.text for one in reviewed.drafts})
    try:
        async for reply in messenger.send_batch(reviewed, within, _telling(invocation)):
            outcome.replies.append(reply)
    except asyncio.CancelledError:
        raise Interrupted(f"Stopped. {await _halfway(messenger, outcome)}") from None
    except E2ETherapyError as error:
        raise type(error)(f"{error} {await _halfway(messenger, outcome)}") from None
    gone = {reply.name for reply in outcome.replies if reply.sent is not None}
    invocation.if_stopped = _told(_some(outcome, gone), _some(outcome, set(outcome.texts) - gone))
    return outcome


def _telling(invocation: Invocation) -> _Telling:
    return _Telling(invocation)


@dataclass(slots=True)
class _Telling:
    """Says at a terminal that something waits, and that Ctrl-C is safe."""

    invocation: Invocation
    said: bool = False

    def __call__(self, _one: Planned) -> None:
        if not self.invocation.json and not self.said:
            output.remark(
                "The replies leave one by one, at random moments. Ctrl-C ends it; what has not "
                "left stays a draft."
            )
        self.said = True


async def _halfway(messenger: Messenger, outcome: Outcome) -> str:
    """Say which were sent and which drafts remain, from the vault itself where it can be had."""
    gone = {reply.name for reply in outcome.replies if reply.sent is not None}
    kept = set(outcome.texts) - gone
    with contextlib.suppress(E2ETherapyError):
        kept = {one.name for one in await messenger.drafts()}
        for name in set(outcome.texts) - gone - kept:
            # It was being sent just now, or somebody has dropped it meanwhile.
            thread = await messenger.thread(name)
            if any(one.own and one.text == outcome.texts[name] for one in thread):
                gone.add(name)
    return _told(_some(outcome, gone), _some(outcome, kept))


def _some(outcome: Outcome, names: set[str]) -> list[str]:
    return [name for name in outcome.texts if name in names]


def _told(gone: list[str], remain: list[str]) -> str:
    if not gone:
        return "Nothing was sent; every draft remains."
    told = f"Sent, and not to be sent again: {', '.join(map(inert_line, gone))}."
    return f"{told} Drafts remain for: {', '.join(map(inert_line, remain))}." if remain else told
