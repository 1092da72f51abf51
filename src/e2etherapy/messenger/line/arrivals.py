"""What a stream of arrivals says (docs/protocol.md, section 9.6)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import msgspec

from e2etherapy.errors import MalformedData
from e2etherapy.mailbox.operations import ARRIVED
from e2etherapy.messenger.line.answers import BROKEN_JSON, nonsense
from e2etherapy.messenger.line.event_stream import Event, EventStream

_ARRIVED = ARRIVED.encode()
MAX_STREAM_SIZE: Final = 2**20
"""A quarter of an hour of signs of life has a few hundred bytes, and a reader leaves at the first
arrival."""


async def arrivals_in(
    pieces: AsyncIterator[bytes], mailboxes: int
) -> AsyncGenerator[list[int], None]:
    """Yield for each event the indexes of mailboxes with something newer, in order, each once.

    Args:
        pieces: the stream as it comes.
        mailboxes: how many are waited for.

    Raises:
        RelayProtocolError: the stream breaks its form, or names a mailbox that there is not.
    """
    stream, size = EventStream(), 0
    async for piece in pieces:
        size += len(piece)
        if size > MAX_STREAM_SIZE:
            raise nonsense("a stream without end that says nothing.")
        try:
            events = stream.feed(piece)
        except MalformedData as error:
            raise nonsense(str(error)) from None
        for event in events:
            if event.name == _ARRIVED:
                yield _indexes(event, mailboxes)


def _indexes(event: Event, mailboxes: int) -> list[int]:
    try:
        indexes = msgspec.json.decode(event.data, type=list[int])
    except BROKEN_JSON:
        raise nonsense() from None
    if not all(0 <= index < mailboxes for index in indexes):
        raise nonsense("an arrival in a mailbox that nobody asked about.")
    return sorted(set(indexes))
