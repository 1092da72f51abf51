from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncGenerator

import pytest

from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.maintenance import ROUND_SECONDS, maintain
from e2etherapy.relay.store import DiskFull, Expired, Store
from tests.support.relays import TODAY


class Calendar:
    """Days that pass at each pause, until there are no more."""

    def __init__(self, *days: int) -> None:
        self.days = list(days)
        self.pauses: list[float] = []

    def today(self) -> int:
        return self.days[0]

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.days.pop(0)
        if not self.days:
            raise asyncio.CancelledError


class Chores:
    """Remembers what a store was asked to do; fails the first `failures` times."""

    def __init__(self, failures: int = 0) -> None:
        self.done: list[int | str] = []
        self.failures = failures

    async def expire(self, today: int) -> AsyncGenerator[Expired, None]:
        if self.failures:
            self.failures -= 1
            raise DiskFull("no room for the mailbox of Robin")
        self.done.append(today)
        for envelopes in (2, 0, 3):
            yield Expired(envelopes, 1)

    async def scrub(self) -> None:
        self.done.append("scrub")


async def run(chores: Chores, calendar: Calendar) -> list[dict[str, object]]:
    written = io.StringIO()
    store: Store = chores  # type: ignore[assignment] # maintenance uses no more of a store
    log = RelayLog(written, calendar.today)
    with pytest.raises(asyncio.CancelledError):
        await maintain(store, calendar.today, calendar.pause, log)
    return [json.loads(line) for line in written.getvalue().splitlines()]


async def test_expiry_runs_at_the_start_and_once_a_day_and_scrubbing_every_round() -> None:
    chores, calendar = Chores(), Calendar(TODAY, TODAY, TODAY + 1, TODAY + 1)
    events = await run(chores, calendar)
    assert chores.done == [TODAY, "scrub", "scrub", TODAY + 1, "scrub", "scrub"]
    assert calendar.pauses == [ROUND_SECONDS] * 4
    assert [(event["envelopes"], event["invitations"]) for event in events] == [(5, 3)] * 2


async def test_what_fails_is_logged_without_its_words_and_tried_again() -> None:
    chores, calendar = Chores(failures=1), Calendar(TODAY, TODAY)
    events = await run(chores, calendar)
    assert chores.done == [TODAY, "scrub"]
    assert [event["event"] for event in events] == ["fault", "expired"]
    assert events[0]["exception"] == "DiskFull"
    assert "Robin" not in str(events)
