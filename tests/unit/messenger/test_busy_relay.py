"""A relay that is busy for a while: what is sent waits for it, and not for ever."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from e2etherapy.errors import RelayBusy
from e2etherapy.mailbox.batch import BatchedOperation, BatchResult
from e2etherapy.mailbox.capabilities import DepositAddress
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.line.patience import LONGEST_SECONDS
from tests.support.devices import Two, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


class Busy(RelayConnection):
    """Takes so many envelopes, and after each wait so many again."""

    room = 1_000_000
    seconds = 2.0

    async def deposit(self, address: DepositAddress, envelope: bytes) -> None:
        if not Busy.room:
            raise RelayBusy("The relay is busy.", Busy.seconds)
        Busy.room -= 1
        await super().deposit(address, envelope)

    async def batch(self, batched: Sequence[BatchedOperation]) -> list[BatchResult]:
        passing = min(Busy.room, len(batched))
        Busy.room -= passing
        taken = await super().batch(batched[:passing]) if passing else []
        return [*taken, *[BatchResult(429)] * (len(batched) - passing)]


class Waits:
    """Sleeps without the time that it takes; after each, there is room again."""

    def __init__(self, room: int) -> None:
        self.slept: list[float] = []
        self._room = room

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        Busy.room = self._room


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Busy, "room", 1_000_000)
    monkeypatch.setattr(Busy, "seconds", 2.0)


def busy(pair: Two, waits: Waits) -> None:
    pair.client.device.sleep = waits
    Busy.room = 0


async def test_a_long_item_goes_on_after_each_pause_that_the_relay_asks_for(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2, client_connect=Busy) as pair:
        waits = Waits(3)
        busy(pair, waits)
        report = await pair.client.send(OKAFOR, "x" * 200_000)
        assert (report.state, report.problem) == ("stored", None)
        assert len(waits.slept) > LONGEST_SECONDS / 2 / 4, "more in all than there is in a row"
        assert set(waits.slept) == {2.0}
        await pair.therapist.sync()
        assert (await texts(pair.therapist, SAM))[-1] == "x" * 200_000


async def test_a_relay_that_stays_busy_is_given_up_in_the_end_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    async with two(tmp_path, turns=2, client_connect=Busy) as pair:
        waits = Waits(0)
        busy(pair, waits)
        report = await pair.client.send(OKAFOR, "x" * 30_000)
        assert (report.state, report.problem) == ("on_device", "The relay is busy or stopping.")
        assert sum(waits.slept) == LONGEST_SECONDS
        Busy.room = 100
        await pair.client.sync()
        await pair.therapist.sync()
        assert (await texts(pair.therapist, SAM))[-1] == "x" * 30_000


async def test_one_that_asks_for_too_long_a_pause_is_not_waited_for(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2, client_connect=Busy) as pair:
        waits = Waits(9)
        await pair.client.send(OKAFOR, "with what is owed")
        busy(pair, waits)
        Busy.seconds = LONGEST_SECONDS + 1
        report = await pair.client.send(OKAFOR, "short")
        assert (report.state, waits.slept) == ("on_device", [])
        assert report.problem == "The relay is busy."


async def test_all_that_is_delivered_in_one_sync_shares_the_patience(tmp_path: Path) -> None:
    """Fifty conversations must not each wait for half a minute."""
    async with two(tmp_path, turns=2, therapist_connect=Busy) as pair:
        names = ["Kim", "Alex"]
        for name in names:
            await pair.therapist.invite(name)
        waits = Waits(0)
        pair.therapist.device.sleep = waits
        relay = await pair.therapist.device.relay(pair.relay.url)
        relay.create_mailbox = _away  # type: ignore[method-assign,assignment]
        for name in ("Robin", "Jo"):
            with pytest.raises(RelayBusy, match="prepared"):
                await pair.therapist.invite(name)
        waits.slept.clear()
        with pytest.raises(RelayBusy):
            await pair.therapist.sync()
        assert sum(waits.slept) <= 2 * LONGEST_SECONDS, "once before and once after collecting"


async def _away(*_: object) -> None:
    raise RelayBusy("The relay is busy.", 3.0)
