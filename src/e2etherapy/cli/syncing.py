"""Fetching and delivering, once or for as long as nobody presses Ctrl-C."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from e2etherapy.cli import output, wording
from e2etherapy.cli.answers import Arrived, Notice, Synced
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.progress import progress_bar
from e2etherapy.errors import RelayError, RelayUnreachable, VaultBusy

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import SyncReport

_WAIT_SECONDS = 55.0
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 300.0


async def once(messenger: Messenger) -> SyncReport:
    """Sync with a progress bar."""
    with progress_bar("Sending what waited") as progress:
        return await messenger.sync(progress)


async def keep_in_sync(invocation: Invocation, messenger: Messenger) -> None:
    """Sync, then wait for what arrives, until cancelled; try again when relay or vault is away."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            show(invocation, await once(messenger))
            while not await messenger.wait(_WAIT_SECONDS):
                pause = _FIRST_PAUSE_SECONDS
        except (RelayError, VaultBusy) as error:
            output.remark(f"{error} Trying again in {pause:.0f} seconds.")
            await _closed_for(messenger, pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


async def _closed_for(messenger: Messenger, seconds: float) -> None:
    """Let other processes use the vault for a while; the next step opens it again."""
    await messenger.device.vault.pause()
    await asyncio.sleep(seconds)


def show_all(invocation: Invocation, report: SyncReport) -> None:
    """Print what one sync brought.

    Raises:
        RelayUnreachable: a relay did not do its part; the output says so as well.
    """
    output.answer(invocation, answer(report), wording.synced(report))
    if report.problem is not None:
        raise RelayUnreachable(report.problem)


def show(invocation: Invocation, report: SyncReport) -> None:
    """Print a report that has something in it."""
    if not (report.arrived or report.notices):
        return
    if invocation.json:
        output.line(answer(report))
    else:
        output.answer(invocation, answer(report), wording.synced(report))
    sys.stdout.flush()


def answer(report: SyncReport) -> Synced:
    """Return a report for JSON."""
    return Synced(
        arrived=[Arrived(name=name, messages=count) for name, count in report.arrived.items()],
        notices=[
            Notice(name=notice.conversation, event=notice.event.value, sentence=notice.sentence)
            for notice in report.notices
        ],
        unsent=report.unsent,
        problem=report.problem,
    )
