"""A link of so many bits a second between devices and a relay, which can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

_PIECE = 2_048
_BUFFER = 16_384
"""Bytes that the ends of a connection hold: a sender must not think that a link is faster."""


class SlowLink:
    """Carries bytes both ways, each way at its pace, whatever connections there are.

    Attributes:
        carried: bytes that went towards the relay and back.
        cuts: at how many bytes, both ways together, every connection is cut; the first one first.
    """

    def __init__(self, target: str, bits_a_second: float, cuts: list[int]) -> None:
        """Lead to the relay at a URL."""
        self._target = urlsplit(target)
        self._seconds_a_byte = 8 / bits_a_second
        self._free_at = [0.0, 0.0]
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.cuts = cuts
        self.carried = 0
        self.url = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[SlowLink]:
        """Take connections at `url` in the block."""
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        server = await asyncio.start_server(self._carry, sock=listening, limit=_BUFFER)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def slow_down(self, bits_a_second: float) -> None:
        """Go on at another pace."""
        self._seconds_a_byte = 8 / bits_a_second

    def cut_at(self, carried: list[int]) -> None:
        """Cut at so many bytes from now on."""
        self.cuts[:] = carried

    def cut(self) -> None:
        """End every connection at once, whatever is on its way."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        there = await asyncio.open_connection(
            self._target.hostname, self._target.port, limit=_BUFFER
        )
        self._open |= {writer, there[1]}
        await asyncio.gather(
            self._pump(reader, there[1], 0), self._pump(there[0], writer, 1), return_exceptions=True
        )
        for end in (writer, there[1]):
            end.transport.abort()
            self._open.discard(end)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: int
    ) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(_PIECE):
                now = loop.time()
                self._free_at[way] = (
                    max(self._free_at[way], now) + len(piece) * self._seconds_a_byte
                )
                await asyncio.sleep(self._free_at[way] - now)
                self.carried += len(piece)
                writer.write(piece)
                await writer.drain()
                if self.cuts and self.carried >= self.cuts[0]:
                    del self.cuts[0]
                    self.cut()
                    return
            writer.write_eof()
