"""Waiting for arrivals over streams: at once, for long, and whatever becomes of the relay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.errors import RelayBusy, RelayError, RelayProtocolError, RelayUnreachable
from e2etherapy.journal.chain import BookId
from e2etherapy.mailbox.capabilities import OwnedMailbox
from e2etherapy.messenger import syncing
from e2etherapy.messenger.line.backoff import SPREAD_SECONDS, Backoff
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault import conversations
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


async def waited(messenger: Messenger, nap: Nap, told: list[RelayError] | None = None) -> bool:
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
        nap, told = Nap(0), list[RelayError]()
        assert await waited(pair.therapist, nap, told)
        assert (len(server.asked), told) == (3, [])
        assert len(nap.slept) == 3
        assert all(0 <= pause < SPREAD_SECONDS for pause in nap.slept[1:])


async def test_a_relay_that_fails_is_asked_again_after_pauses_that_grow(pair: Two) -> None:
    broken = saying(arrived(99))
    async with arrivals_relay(*[broken] * 6, staying(arrived(0))) as server:
        await move(pair.therapist, [server])
        nap, told = Nap(0), list[RelayError]()
        assert await waited(pair.therapist, nap, told)
        assert [type(error) for error in told] == [RelayProtocolError] * 6
        for pause, longest in zip(nap.slept[1:], (1, 2, 4, 8, 16, 32), strict=True):
            assert 0 <= pause <= longest


async def test_a_relay_that_answers_again_ends_the_wait_and_its_failures_are_forgotten(
    pair: Two,
) -> None:
    """Then it can be synced with: what could not be delivered waits for just that."""
    broken = saying(arrived(99))
    async with arrivals_relay(broken, broken, staying(arrived()), broken, broken) as server:
        await move(pair.therapist, [server])
        assert await waited(pair.therapist, Nap(0))
        assert len(server.asked) == 3
        nap = Nap(3)
        with pytest.raises(RelayProtocolError):
            await waited(pair.therapist, nap)
        assert nap.slept[1] <= 1, "the first failure after a success"


async def test_a_relay_without_streams_that_answers_again_ends_the_wait_at_once(pair: Two) -> None:
    async with arrivals_relay() as server:
        await move(pair.therapist, [server])
        server.features, server.status = [], 503
        with pytest.raises(RelayUnreachable):
            await waited(pair.therapist, Nap(3))
        server.status, server.news = 404, []
        assert await waited(pair.therapist, Nap(0))
        assert server.seconds[-1] == 0


async def test_a_wait_that_begins_anew_does_not_ask_a_failing_relay_more_often(pair: Two) -> None:
    broken = saying(arrived(99))
    async with arrivals_relay(*[broken] * 12) as server:
        await move(pair.therapist, [server])
        for _ in range(3):
            with pytest.raises(RelayProtocolError):
                await waited(pair.therapist, Nap(4))
        relay = await pair.therapist.device.relay(server.url)
        assert relay.backoff.failures >= 6
        nap, asked = Nap(2), len(server.asked)
        pair.therapist.device.entropy = lambda size: b"\xff" * size
        with pytest.raises(RelayProtocolError):
            await waited(pair.therapist, nap)
        assert relay.backoff.ceiling() > 30
        assert nap.slept[1] == pytest.approx(relay.backoff.ceiling())
        assert len(server.asked) == asked, "it paused before it asked"


async def test_a_relay_that_is_busy_is_left_alone_for_as_long_as_it_asks(pair: Two) -> None:
    async with arrivals_relay(saying()) as server:
        await move(pair.therapist, [server])
        server.status, server.retry_after = 503, "90"
        nap = Nap(4)
        with pytest.raises(RelayBusy):
            await waited(pair.therapist, nap)
        assert all(pause >= 90 for pause in nap.slept[1:])


async def test_relays_that_have_failed_are_synced_with_last(pair: Two) -> None:
    async with arrivals_relay() as first, arrivals_relay() as second:
        await move(pair.therapist, [first, second])
        device = pair.therapist.device
        (await device.relay(first.url)).backoff = Backoff().failed()
        by_relay = syncing.by_relay(await conversations.every(device.vault.db))
        assert list(by_relay) == [first.url, second.url]
        ordered = await syncing._answering_first(device, by_relay)
        assert [url for url, _ in ordered] == [second.url, first.url]


async def test_one_relay_that_is_away_does_not_stop_waiting_for_another(pair: Two) -> None:
    async with (
        arrivals_relay(saying()) as away,
        arrivals_relay(saying(arrived()), staying(arrived(0))) as there,
    ):
        await move(pair.therapist, [away, there])
        away.status = 503
        told: list[RelayError] = []
        assert await waited(pair.therapist, Nap(0), told)
        assert {type(error) for error in told} <= {RelayBusy}


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
