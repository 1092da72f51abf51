"""Reading a relay's stream of arrivals event by event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from e2etherapy.mailbox.capabilities import OwnedMailbox
from tests.support.relays import PATIENCE_SECONDS, RelayAt, watching

BEAT = ":\n\n"


@dataclass
class Reader:
    """Reads a stream as its client would."""

    stream: asyncio.StreamReader
    head: str

    async def line(self) -> str:
        """Return a line of the body; a chunk of the transfer has whole events."""
        return (await self.stream.readline()).decode().removesuffix("\n")

    async def chunk(self) -> str:
        size = int((await self.stream.readline()).strip() or b"0", 16)
        content = await self.stream.readexactly(size)
        await self.stream.readexactly(2)
        return content.decode()

    async def event(self) -> list[int]:
        """Return the indexes of the next event, past any heartbeat."""
        while (content := await self.chunk()) == BEAT:
            pass
        kind, data, *rest = content.split("\n")
        assert (kind, rest) == ("event: arrived", ["", ""])
        found: list[int] = json.loads(data.removeprefix("data: "))
        return found


@asynccontextmanager
async def watch(at: RelayAt, *waits: tuple[OwnedMailbox, int]) -> AsyncIterator[Reader]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        stream, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(watching(*waits).encode())
        head = (await stream.readuntil(b"\r\n\r\n")).decode()
        try:
            yield Reader(stream, head)
        finally:
            writer.close()
