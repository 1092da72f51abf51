"""Work at the database that is never cancelled, and commits that hang.

PostgreSQL shows what a commit has written as soon as its wait for a standby is cancelled, although
no standby has it: devices would collect and acknowledge what is gone when a standby takes over. A
connection that is cut instead waits on at the server, and shows nothing before the standby has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from e2etherapy.relay.store import Busy

T = TypeVar("T")

WORK_SECONDS = 20.0
"""Longer than the server's own limit, for a server that has fallen silent."""
LAST_SECONDS = 5.0
"""For work that nobody waits for any more."""


class Commits:
    """Sees work to its end; where some did not end, only one commit at a time tries.

    Each that hangs keeps one of the connections that the server has to give.
    """

    def __init__(self) -> None:
        self._hang = False
        self._tries = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have one commit within this.

        Raises:
            Busy: commits hang, and another one tries.
        """
        if self._hang and self._tries:
            raise Busy("The database does not finish what is written.")
        tries = self._tries = self._hang
        try:
            yield
            self._hang = False
        finally:
            if tries:
                self._tries = False

    async def end(
        self,
        connection: Any,  # noqa: ANN401 - asyncpg's, as a pool lends it
        work: Awaitable[T],
    ) -> T:
        """Return what some work at a connection returns, or cut the connection.

        Raises:
            TimeoutError: it has not ended in time. What it was to commit may be there already, or
                be there later.
        """
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait([task], timeout=WORK_SECONDS)
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=LAST_SECONDS)
            raise
        finally:
            task.add_done_callback(_look_at)
            if not task.done():
                self._cut(connection)
        if not task.done():
            raise TimeoutError
        return task.result()

    async def keep(
        self,
        connection: Any,  # noqa: ANN401 - asyncpg's
        work: Awaitable[T],
    ) -> T:
        """Do as end does, for a task that is hardly ever cancelled: the work has none of its own.

        Raises:
            TimeoutError: see end.
        """
        is_over = False

        def give_up() -> None:
            nonlocal is_over
            is_over = True
            self._cut(connection)

        cutting = asyncio.get_running_loop().call_later(WORK_SECONDS, give_up)
        try:
            return await work
        except asyncio.CancelledError:
            # Now, before the driver's own task would ask the server to cancel.
            self._cut(connection)
            raise
        except Exception:
            if is_over:
                # A driver whose connection is cut between two steps fails in any way.
                raise TimeoutError from None
            raise
        finally:
            cutting.cancel()

    def _cut(self, connection: Any) -> None:  # noqa: ANN401 - asyncpg's
        self._hang = True
        connection.terminate()


def _look_at(task: asyncio.Future[Any]) -> None:
    """Take note of an exception that nobody waits for."""
    if not task.cancelled():
        task.exception()
