"""Staying in sync: what a device does again and again, and how often at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, cast

import pytest

from e2etherapy.cli import syncing
from e2etherapy.cli.invocation import Invocation
from e2etherapy.errors import RelayBusy, RelayError, RelayUnreachable, VaultBusy
from e2etherapy.messenger.views import SyncReport
from tests.support.people import seeded

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger


Told = SyncReport | RelayError | VaultBusy | bool


class Ended(BaseException):
    """The story is over."""


class Stand:
    """A messenger of which every sync and every wait is told beforehand; it is its device too."""

    def __init__(self, *story: Told) -> None:
        self._story: Iterator[Told] = iter(story)
        self.device = self.vault = self
        self.entropy = seeded("pauses")
        self.slept: list[float] = []
        self.waited: list[float] = []
        self.closed = 0

    def _next(self) -> Told:
        self.closed = 0  # a messenger opens its vault again before it does anything
        found = next(self._story, None)
        if found is None:
            raise Ended
        if isinstance(found, RelayError | VaultBusy):
            raise found
        return found

    async def sync(self, _progress: Callable[[int, int], None]) -> SyncReport:
        found = self._next()
        assert isinstance(found, SyncReport)
        return found

    async def wait(self, seconds: float, _trouble: object) -> bool:
        self.waited.append(seconds)
        found = self._next()
        assert isinstance(found, bool)
        return found

    async def card_to_confirm(self, _today: date) -> date | None:
        return None

    async def sleep(self, seconds: float) -> None:
        assert self.closed == 1, "other processes may use the vault meanwhile"
        self.slept.append(seconds)

    async def pause(self) -> None:
        self.closed += 1


async def told(*story: Told) -> Stand:
    """Let a device live through a story."""
    stand = Stand(*story)
    with pytest.raises(Ended):
        await syncing.keep_in_sync(Invocation(), cast("Messenger", stand))
    assert stand.closed == 0
    return stand


async def pauses(*story: Told) -> list[float]:
    """Return how long a device pauses in a story."""
    return (await told(*story)).slept


NOTHING = SyncReport()
NEWS = SyncReport({"Sam": 1})


async def test_arrivals_and_quiet_hours_need_no_pause() -> None:
    assert await pauses(NOTHING, True, NEWS, True, NEWS, False, NOTHING, False, NOTHING) == []


async def test_a_relay_that_speaks_of_arrivals_where_there_are_none_is_believed_less_and_less() -> (
    None
):
    slept = await pauses(NOTHING, *cast("list[Told]", [True, NOTHING] * 12))
    assert len(slept) == 12
    ceilings = [1, 2, 4, 8, 16, *[30] * 7]
    assert all(0 <= pause <= most for pause, most in zip(slept, ceilings, strict=True))
    assert max(slept) > 8
    assert len(await pauses(NOTHING, True, NOTHING, True, NEWS, True, NOTHING)) == 2


async def test_a_relay_that_is_away_is_asked_again_after_pauses_that_grow() -> None:
    """Meanwhile it waits: another relay may have something, and this one may come back."""
    away = RelayUnreachable("The relay can't be reached.")
    failures = cast("list[Told]", [away, False] * 9)
    stand = await told(*failures, NOTHING, False, away, False, NOTHING, False)
    ceilings = [1, 2, 4, 8, 16, 32, 64, 128, 256, 900, 1, 900]
    assert all(0 < pause <= most for pause, most in zip(stand.waited, ceilings, strict=True))
    assert stand.waited[-3] == 900
    assert stand.slept == []


async def test_a_relay_that_is_away_beside_another_one_is_asked_again_as_soon() -> None:
    beside = SyncReport({"Sam": 1}, problem="The relay can't be reached.")
    stand = await told(beside, True, beside, True, beside, False, NOTHING, False)
    ceilings = [1, 2, 4, 900]
    assert all(0 < pause <= most for pause, most in zip(stand.waited, ceilings, strict=True))


async def test_a_busy_relay_is_not_synced_with_earlier_than_it_asks() -> None:
    stand = await told(RelayBusy("The relay is busy.", 90), False, NOTHING, False)
    assert 90 <= stand.waited[0] <= 91


async def test_a_wait_in_which_no_relay_could_be_heard_is_followed_by_a_sync() -> None:
    away = RelayUnreachable("The relay can't be reached.")
    stand = await told(away, away, NOTHING, away, NEWS, False)
    assert len(stand.waited) == 3


async def test_sigterm_is_no_answer_to_somebody_else_who_cancels() -> None:
    class Patient(Stand):
        async def wait(self, _seconds: float, _trouble: object) -> bool:
            await asyncio.Event().wait()
            return False

    stand = cast("Messenger", Patient(NOTHING))
    task = asyncio.ensure_future(syncing.until_stopped(Invocation(), stand))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_end_of_an_outage_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    away, busy = RelayUnreachable("The relay can't be reached."), VaultBusy("It is open elsewhere.")
    await told(away, False, away, True, NOTHING, False, NOTHING, False, busy, NOTHING, False)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" Trying")[0] for line in lines] == [
        "The relay can't be reached.",
        "The relay can't be reached.",
        "The relay answers again.",
        "It is open elsewhere.",
        "The vault can be used again.",
    ]
    assert lines[0].endswith("Trying again in 1 second.")


async def test_a_relay_that_only_another_one_answers_beside_is_not_said_to_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    away = RelayUnreachable("The relay can't be reached.")
    await told(away, False, SyncReport(problem=str(away)), False)
    assert "answers again" not in capsys.readouterr().err


async def test_a_vault_that_another_process_holds_is_opened_again_later() -> None:
    busy = VaultBusy("Another process has the vault open.")
    slept = await pauses(busy, busy, NOTHING, True, NEWS)
    assert all(0 < pause <= most for pause, most in zip(slept, [1, 2], strict=True))
