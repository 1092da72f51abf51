"""The queue: who waits, flagged first, then due soonest; computed from the record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import WrongRole
from tests.support.devices import Two, agree, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def test_who_was_answered_does_not_wait(pair: Two) -> None:
    assert await pair.therapist.queue() == ()
    with pytest.raises(WrongRole):
        await pair.client.queue()


async def test_a_due_time_follows_from_the_agreement_of_then(pair: Two) -> None:
    """Monday 10:00 in Berlin, within one working day of Mon-Fri 09:00-17:00."""
    await pair.client.send(OKAFOR, "before anything was agreed")
    await pair.therapist.sync()
    (entry,) = await pair.therapist.queue()
    assert (entry.name, entry.due, entry.messages) == (SAM, None, 1)
    pair.clock.now += timedelta(minutes=1)
    await agree(pair)
    pair.clock.now = datetime(2026, 1, 12, 9, tzinfo=UTC)
    await pair.client.send(OKAFOR, "after")
    await pair.therapist.sync()
    (entry,) = await pair.therapist.queue()
    assert entry.due == datetime(2026, 1, 13, 16, tzinfo=UTC)
    assert (entry.messages, entry.late) == (2, timedelta(0))
    pair.clock.now = datetime(2026, 1, 13, 17, tzinfo=UTC)
    (entry,) = await pair.therapist.queue()
    assert entry.late == timedelta(hours=1)
    await pair.therapist.send(SAM, "an answer")
    assert await pair.therapist.queue() == ()


async def test_a_flag_stands_on_top_until_it_is_resolved(pair: Two) -> None:
    link = (await pair.therapist.invite("Kim")).link
    await pair.client.join(link, "Dr. O")
    await pair.client.send("Dr. O", "due soonest")
    pair.clock.now += timedelta(hours=1)
    await pair.client.ask_sooner(OKAFOR)
    await pair.therapist.sync()
    first, second = await pair.therapist.queue()
    assert (first.name, second.name) == (SAM, "Kim")
    assert first.flagged is not None
    assert first.messages == 0
    await pair.therapist.resolve(SAM, "Called.")
    assert [entry.name for entry in await pair.therapist.queue()] == ["Kim"]
