"""Waiting for arrivals over streams: at once, for long, and whatever becomes of the relay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.errors import RelayError, RelayProtocolError, RelayUnreachable
from e2etherapy.journal.chain import BookId
from e2etherapy.mailbox.capabilities import OwnedMailbox
from e2etherapy.messenger.line.backoff import SPREAD_SECONDS
from e2etherapy.messenger.messenger import Messenger
from tests.support.arrivals_relay import (
    ArrivalsRelay,
    Script,
    arrivals_relay,
    arrived,
    breaking,
    saying,
    staying,
)
from tests.support.devices import Two, record_of, two
from tests.support.naps import Nap
from tests.support.people import seeded

SAM = "Sam"
LONG = 3_600.0


async def move(messenger: Messenger, servers: Sequence[ArrivalsRelay], each: int = 1) -> None:
    """Let a vault have `each` conversations at each of these relays, and none elsewhere."""
    record = await record_of(messenger, SAM)
    draw = seeded("conversations at relays that speak of arrivals")
    urls = [server.url for server in servers for _ in range(each)]
    db = messenger.device.vault.db
    for number, url in enumerate(urls, 2):
        change = await messenger.device.begin(record)
        change.save(
            replace(
                record,
                id=number,
                name=f"client {number}",
                relay=url,
                book=BookId(draw(16)),
                mailbox=OwnedMailbox.generate(draw),
                collected=number,
            )
        )
        await db.write(change.statements())
    await db.write([("DELETE FROM conversation WHERE id = 1", ((),))])


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path) as made:
        yield made


async def waited(
    messenger: Messenger, nap: Nap, told: list[RelayError | None] | None = None
) -> bool:
    """Wait with time that passes by naps alone."""
    messenger.device.sleep = nap
    async with asyncio.timeout(60):
        return await messenger.wait(
            LONG, lambda error, _seconds: None if told is None else told.append(error)
        )


async def test_an_arrival_ends_the_wait_and_the_stream(pair: Two) -> None:
    async with arrivals_relay(staying(arrived(), arrived(0))) as server:
        await move(pair.therapist, [server])
        assert await waited(pair.therapist, Nap(0))
        assert server.asked == [([0], 1)]
        assert server.polled == 0
        await server.until_open(0)


async def test_nothing_new_is_said_when_the_time_is_over(pair: Two) -> None:
    async with arrivals_relay(staying(arrived(), b":\n\n")) as server:
        await move(pair.therapist, [server])
        pair.therapist.device.sleep = asyncio.sleep
        assert not await pair.therapist.wait(0.05)
        assert len(await pair.therapist.conversations()) == 1


async def test_many_mailboxes_and_relays_are_waited_for_at_the_same_time(pair: Two) -> None:
    async with (
        arrivals_relay(staying(arrived())) as quiet,
        arrivals_relay(staying(arrived()), staying(arrived(), arrived(1))) as busy,
    ):
        await move(pair.therapist, [quiet, busy], each=130)
        assert await waited(pair.therapist, Nap(0))
        assert sorted(keys for _, keys in busy.asked) == [2, 128]
        assert sorted(keys for _, keys in quiet.asked) == [2, 128]


@pytest.mark.parametrize(
    "ending", [saying(arrived()), breaking(arrived(), b": still here\n\n")], ids=["ended", "cut"]
)
async def test_after_a_stream_ended_devices_come_back_within_half_a_minute(
    pair: Two, ending: Script
) -> None:
    """However it ended: a relay that restarts cuts some off and ends others in order."""
    async with arrivals_relay(ending, ending, staying(arrived(0))) as server:
        await move(pair.therapist, [server])
        nap, told = Nap(0), list[RelayError | None]()
        assert await waited(pair.therapist, nap, told)
        assert (len(server.asked), told) == (3, [])
        assert len(nap.slept) == 3
        assert all(0 <= pause < SPREAD_SECONDS for pause in nap.slept[1:])


async def test_a_relay_that_fails_is_asked_again_after_pauses_that_grow(pair: Two) -> None:
    broken = saying(arrived(99))
    async with arrivals_relay(*[broken] * 6, staying(arrived(0))) as server:
        await move(pair.therapist, [server])
        nap, told = Nap(0), list[RelayError | None]()
        assert await waited(pair.therapist, nap, told)
        *failures, end = told
        assert [type(error) for error in failures] == [RelayProtocolError] * 6
        assert end is None, "that it answers again is told, once"
        for pause, longest in zip(nap.slept[1:], (1, 2, 4, 8, 16, 32), strict=True):
            assert 0 <= pause <= longest


async def test_a_stream_that_opens_makes_earlier_failures_forgotten(pair: Two) -> None:
    broken, ended = saying(arrived(99)), saying(arrived())
    async with arrivals_relay(broken, broken, ended, broken, staying(arrived(0))) as server:
        await move(pair.therapist, [server])
        nap = Nap(0)
        assert await waited(pair.therapist, nap)
        assert nap.slept[4] <= 1, "the first failure after a success"


async def test_one_relay_that_is_away_does_not_stop_waiting_for_another(pair: Two) -> None:
    async with (
        arrivals_relay(saying()) as away,
        arrivals_relay(saying(arrived()), staying(arrived(0))) as there,
    ):
        await move(pair.therapist, [away, there])
        away.status = 503
        told: list[RelayError | None] = []
        assert await waited(pair.therapist, Nap(0), told)
        assert {type(error) for error in told} <= {RelayUnreachable}


async def test_if_no_relay_could_be_waited_for_the_failure_is_raised(pair: Two) -> None:
    async with arrivals_relay(saying()) as server:
        await move(pair.therapist, [server])
        server.status = 503
        with pytest.raises(RelayUnreachable):
            await waited(pair.therapist, Nap(4))
        assert len(await pair.therapist.conversations()) == 1


@pytest.mark.parametrize("features", [[], ["batch"], ["batch", "arrivals"]])
async def test_a_relay_without_streams_is_waited_for_by_requests(
    pair: Two, features: list[str]
) -> None:
    """Also one that lost them since it said that it has them."""
    async with arrivals_relay(saying()) as server:
        await move(pair.therapist, [server])
        server.features, server.status = features, 404
        assert await waited(pair.therapist, Nap(0))
        assert server.polled == 1


async def test_a_wait_that_is_cancelled_closes_every_stream_and_gives_the_vault_back(
    pair: Two,
) -> None:
    async with arrivals_relay(staying(arrived())) as server:
        await move(pair.therapist, [server], each=130)
        waiting = asyncio.create_task(pair.therapist.wait(LONG))
        await server.until_open(2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await server.until_open(0)
        assert len(await pair.therapist.conversations()) == 130
