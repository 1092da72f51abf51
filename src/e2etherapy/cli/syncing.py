"""Fetching and delivering, once or for as long as nobody stops it."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import date
from typing import TYPE_CHECKING

from e2etherapy.cli import output, wording
from e2etherapy.cli.answers import Arrived, Notice, Synced
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.progress import progress_bar
from e2etherapy.cli.therapy import reminder
from e2etherapy.errors import RelayError, RelayUnreachable, VaultBusy

if TYPE_CHECKING:
    from e2etherapy.messenger.line.backoff import Backoff
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import SyncReport

_WAIT_SECONDS = 15 * 60.0
"""After this time it syncs all the same: receipts may have become due."""


async def once(messenger: Messenger) -> SyncReport:
    """Sync with a progress bar."""
    with progress_bar("Sending what waited") as progress:
        return await messenger.sync(progress)


async def until_stopped(invocation: Invocation, messenger: Messenger) -> None:
    """Keep in sync until SIGTERM, which ends it in order, or until cancelled."""
    if sys.stderr.isatty():
        beginning = _beginning(len(await messenger.conversations()))
        output.remark(reminder.below(beginning, await reminder.card_to_confirm(messenger)))
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    stopped = asyncio.Event()

    def stop() -> None:
        if task is not None:
            stopped.set()
            task.cancel()

    invocation.if_stopped = wording.SYNC_STOPPED
    loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        await keep_in_sync(invocation, messenger)
    except asyncio.CancelledError:
        if task is None or not stopped.is_set() or task.uncancel():
            raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def _beginning(conversations: int) -> str:
    if not conversations:
        return f"{wording.NO_CONVERSATIONS} Until then nothing can arrive; Ctrl-C ends the waiting."
    where = wording.counted(conversations, "conversation", "conversations")
    return f"Syncing, then waiting for what arrives in {where}. Ctrl-C ends it."


async def keep_in_sync(invocation: Invocation, messenger: Messenger) -> None:
    """Sync, then wait for what arrives, until cancelled; try again when relay or vault is away."""
    from e2etherapy.messenger.line.backoff import SPREAD_SECONDS, Backoff

    entropy = messenger.device.entropy
    failed, vain, woken, outage = Backoff(), Backoff(), False, _Outage()
    while True:
        try:
            report, problem = await _sync(invocation, messenger)
            # A relay that speaks of arrivals where there are none must not keep this device busy.
            vain = vain.failed() if woken and not report.arrived else Backoff()
            await _closed_for(messenger, min(vain.pause(entropy), SPREAD_SECONDS))
            failed = Backoff() if problem is None else failed.failed(problem)
            woken = await _wait(messenger, outage, failed)
        except VaultBusy as busy:
            failed = failed.failed()
            pause = failed.pause(entropy)
            outage.tell(busy, pause)
            await _closed_for(messenger, pause)


async def _sync(
    invocation: Invocation, messenger: Messenger
) -> tuple[SyncReport, RelayError | None]:
    """Sync and print what came of it; return that, and what a relay met."""
    from e2etherapy.messenger.views import SyncReport

    try:
        report = await once(messenger)
    except RelayError as error:
        return SyncReport(), error
    show(invocation, report, await reminder.card_to_confirm(messenger))
    return report, None if report.problem is None else RelayUnreachable(report.problem)


async def _wait(messenger: Messenger, outage: _Outage, failed: Backoff) -> bool:
    """Wait until there is something to sync: what arrived, a relay that is back, or the time.

    While one relay fails, the others are listened to all the same.
    """
    from e2etherapy.messenger.waiting import no_trouble

    try:
        if not isinstance(failed.latest, RelayError):
            outage.end()
            return await messenger.wait(_WAIT_SECONDS, outage.tell)
        seconds = failed.pause(messenger.device.entropy)
        outage.tell(failed.latest, seconds)
        return await messenger.wait(seconds, no_trouble)
    except RelayError:
        return False  # it was told of, and the next sync meets it too


class _Outage:
    """What a person was told of a relay or vault that is away, so that its end is told too."""

    def __init__(self) -> None:
        self._end: str | None = None

    def tell(self, error: RelayError | VaultBusy, seconds: float) -> None:
        """Say what was met and when it is tried again."""
        again = wording.counted(max(1, round(seconds)), "second", "seconds")
        output.remark(f"{error} Trying again in {again}.")
        away = isinstance(error, VaultBusy)
        self._end = "The vault can be used again." if away else "The relay answers again."

    def end(self) -> None:
        """Say that it is over, if a person was told that it began."""
        if self._end is not None:
            output.remark(self._end)
        self._end = None


async def _closed_for(messenger: Messenger, seconds: float) -> None:
    """Let other processes use the vault for a while; the next step opens it again."""
    if not seconds:
        return
    await messenger.device.vault.pause()
    await messenger.device.sleep(seconds)


def show_all(invocation: Invocation, report: SyncReport, confirmed: date | None) -> None:
    """Print what one sync brought, and whether the emergency card is to be confirmed.

    Raises:
        RelayUnreachable: a relay did not do its part; the output says so as well.
    """
    human = reminder.below(wording.synced(report), confirmed)
    output.answer(invocation, answer(report, confirmed), human)
    if report.problem is not None:
        raise RelayUnreachable(report.problem)


def show(invocation: Invocation, report: SyncReport, confirmed: date | None) -> None:
    """Print a report that has something in it."""
    if not (report.arrived or report.notices or report.delivered):
        return
    if invocation.json:
        output.line(answer(report, confirmed))
    else:
        output.answer(invocation, answer(report, confirmed), wording.synced(report))
    sys.stdout.flush()


def answer(report: SyncReport, confirmed: date | None) -> Synced:
    """Return a report for JSON."""
    return Synced(
        arrived=[Arrived(name=name, messages=count) for name, count in report.arrived.items()],
        notices=[
            Notice(name=notice.conversation, event=notice.event.value, sentence=notice.sentence)
            for notice in report.notices
        ],
        delivered=report.delivered,
        unsent=report.unsent,
        problem=report.problem,
        card_to_confirm=confirmed,
    )
