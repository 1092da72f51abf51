"""Threat R11: a stream of arrivals that lies, breaks off or never ends is an error, and no more."""

from __future__ import annotations

import pytest

from e2etherapy.errors import (
    RelayBusy,
    RelayError,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.messenger.line.connection import RelayConnection
from tests.support.arrivals_relay import (
    Script,
    arrivals_relay,
    arrived,
    breaking,
    saying,
    staying,
    without_end,
)
from tests.support.people import seeded

DRAW = seeded("keys of a stream")
MAILBOXES = [(OwnerKey(DRAW(32)), position) for position in (7, 0, 9)]
FOLLOWED = arrived(2, 0, 2) + b": heartbeat\n\n" + arrived() + b"event: other\ndata: {}\n\n"


async def heard(relay: RelayConnection, told: list[list[int]] | None = None) -> list[list[int]]:
    told = [] if told is None else told
    async for indexes in relay.arrivals(MAILBOXES):
        told.append(indexes)
    return told


async def test_a_stream_tells_each_arrival_in_order_until_the_relay_ends_it() -> None:
    async with (
        arrivals_relay(saying(FOLLOWED, arrived(1))) as server,
        RelayConnection(server.url) as relay,
    ):
        assert await heard(relay) == [[0, 2], [], [1]]
        assert server.asked == [([7, 0, 9], 3)]


@pytest.mark.parametrize(
    "script",
    [
        saying(arrived(3)),
        saying(arrived(-1)),
        saying(arrived(0), b"event: arrived\ndata: [0\n\n"),
        saying(b"event: arrived\ndata: {}\n\n"),
        saying(b'event: arrived\ndata: ["0"]\n\n'),
        saying(b"event: arrived\ndata: [true]\n\n"),
        saying(b"event: arrived\ndata: [0.5]\n\n"),
        saying(b"event: arrived\ndata: \xff\n\n"),
        saying(b"event: arrived\ndata\n\n"),
        saying(b"event: arrived\ndata: " + b"[" * 8_000 + b"\n\n"),
        without_end(b"x" * 1_000),
        without_end(b"data: [0, 1]\n"),
        without_end(b":" + b"y" * 10_000 + b"\n"),
    ],
)
async def test_what_is_no_stream_of_arrivals_is_an_answer_that_makes_no_sense(
    script: Script,
) -> None:
    async with arrivals_relay(script) as server, RelayConnection(server.url) as relay:
        with pytest.raises(RelayProtocolError, match="makes no sense"):
            await heard(relay)


@pytest.mark.parametrize(
    ("status", "content_type", "error"),
    [
        (200, "text/html", RelayProtocolError),
        (200, "application/json", RelayProtocolError),
        (204, "text/event-stream", RelayProtocolError),
        (404, "text/event-stream", RelayRefused),
        (429, "text/event-stream", RelayBusy),
        (503, "text/event-stream", RelayBusy),
        (500, "text/event-stream", RelayProtocolError),
    ],
)
async def test_another_status_or_type_is_one_error(
    status: int, content_type: str, error: type[RelayError]
) -> None:
    async with arrivals_relay(saying()) as server, RelayConnection(server.url) as relay:
        server.status, server.content_type = status, content_type
        with pytest.raises(error) as caught:
            await heard(relay)
        assert type(caught.value) is error


@pytest.mark.parametrize("before", [b"", arrived(0), b"event: arr"])
async def test_a_relay_that_falls_silent_is_lost(before: bytes) -> None:
    async with (
        arrivals_relay(staying(before)) as server,
        RelayConnection(server.url, silence=0.05) as relay,
    ):
        with pytest.raises(RelayUnreachable):
            await heard(relay)


async def test_a_stream_that_is_cut_at_any_byte_told_only_what_was_whole() -> None:
    whole = arrived(0) + b":\n\n" + arrived(1, 2)
    for end in range(len(whole)):
        async with (
            arrivals_relay(breaking(whole[:end])) as server,
            RelayConnection(server.url) as relay,
        ):
            told: list[list[int]] = []
            with pytest.raises(RelayUnreachable):
                await heard(relay, told)
            # What was written just before a cut may be lost with it; nothing else may come.
            assert told in ([], [[0]])


async def test_a_stream_that_nobody_follows_any_more_is_closed() -> None:
    async with (
        arrivals_relay(staying(arrived(0))) as server,
        RelayConnection(server.url) as relay,
    ):
        arrivals = relay.arrivals(MAILBOXES)
        assert await anext(arrivals) == [0]
        assert server.open == 1
        await arrivals.aclose()
        await server.until_open(0)


async def test_no_error_of_a_stream_shows_a_key() -> None:
    for script in (saying(arrived(9)), breaking(), without_end(b"x" * 1_000)):
        async with arrivals_relay(script) as server, RelayConnection(server.url) as relay:
            with pytest.raises(RelayError) as caught:
                await heard(relay)
            assert caught.value.__cause__ is None
            for key, _ in MAILBOXES:
                assert bytes(key).hex() not in str(caught.value)
                assert str(key.mailbox()) not in str(caught.value)
