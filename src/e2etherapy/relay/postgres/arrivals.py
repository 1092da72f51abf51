"""Telling other nodes of arrivals, and being told by them: NOTIFY and LISTEN.

A notification names the mailboxes of one or more groups, in the order of their ids. It is sent
after the commit, on a connection that no deposit waits for: a NOTIFY inside a transaction holds a
lock over the whole server until the commit is on disk, and all nodes would write one after
another. What that can lose (a node that dies in between) is found when whoever waits looks by
himself: a wait when it ends, a stream every LOOK_SECONDS.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice

from e2etherapy.errors import MalformedData
from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import Connection, connect
from e2etherapy.relay.postgres.database import Database
from e2etherapy.relay.postgres.errors import DRIVER_ERRORS, UnexpectedAnswer, in_store_words
from e2etherapy.relay.postgres.served import serve
from e2etherapy.relay.store import StoreError
from e2etherapy.wire import base64url

CHANNEL = "e2etherapy_arrivals"
_NAME_LENGTH = 43
"""Base64url of 32 bytes."""
_NAMES_IN_ONE = 7_999 // _NAME_LENGTH
"""PostgreSQL takes payloads below 8,000 bytes."""

_MOST_UNTOLD = 100_000
"""More than that, and the nodes' own looking finds them soon enough."""
_GATHERING_SECONDS = 0.03
"""From one notification to the next: a node that stores hundreds of groups a second would send as
many, and every node would be woken for each. After a quiet moment the first one leaves at once."""
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 10.0
"""How often whoever waits looks by himself while nobody listens, about."""
_CHECK_SECONDS = 20.0
"""How often the listening connection must answer, so that a silent one is noticed."""
_ANSWER_SECONDS = 5.0

Pause = Callable[[float], Awaitable[None]]


class Herald:
    """Tells other nodes; several groups may become one notification."""

    def __init__(self, database: Database, pause: Pause = asyncio.sleep) -> None:
        self._database = database
        self._pause = pause
        self._untold: set[MailboxId] = set()
        self._something = asyncio.Event()
        self._task = asyncio.create_task(self._tell(), name="relay-herald")

    def announce(self, mailboxes: set[MailboxId]) -> None:
        """Tell of arrivals soon; waits for nothing."""
        if mailboxes and len(self._untold) < _MOST_UNTOLD:
            self._untold |= mailboxes
            self._something.set()

    async def close(self) -> None:
        """Try once to tell what is untold, and stop."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        with _going_on():
            await self._notify()

    async def _tell(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        clock = asyncio.get_running_loop().time
        told = -math.inf
        while True:
            await self._something.wait()
            if (early := told + _GATHERING_SECONDS - clock()) > 0:
                await self._pause(early)
            self._something.clear()
            if not self._untold:  # the last notification had room for it
                continue
            with _going_on():
                await self._notify()
                told, pause = clock(), _FIRST_PAUSE_SECONDS
                continue
            self._something.set()
            await self._pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _notify(self) -> None:
        """Tell of what is untold now; what arrives meanwhile gathers for the next time."""
        for _ in range(0, len(self._untold), _NAMES_IN_ONE):
            some = sorted(islice(self._untold, _NAMES_IN_ONE))
            names = "".join(base64url.encode(mailbox) for mailbox in some)
            # Taken out first: what arrives meanwhile is told of again.
            self._untold.difference_update(some)
            try:
                await self._database.fetch("SELECT pg_notify($1, $2)", CHANNEL, names)
            except BaseException:
                self._untold.update(some)
                raise


class Listener:
    """Is told by other nodes, and by this one's herald, and knows when it may have missed some."""

    def __init__(
        self,
        database: PostgresDatabase,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.on_arrival: Callable[[MailboxId], None] = _nobody_listens
        self.on_doubt: Callable[[], None] = _nobody_looks
        self._database = database
        self._pause = pause
        self._listens = asyncio.Event()
        self._task = asyncio.create_task(self._listen(), name="relay-listener")

    async def listens(self) -> None:
        """Return once it listens for the first time."""
        await self._listens.wait()

    async def close(self) -> None:
        """Stop listening."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _listen(self) -> None:
        """Listen, again and again where the connection is lost.

        Each time that it was lost, and while there is none, everybody who waits looks.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            with _going_on():
                async with self._connection() as connection:
                    pause = _FIRST_PAUSE_SECONDS
                    await self._until_lost(connection)
            await self._pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            with _going_on():
                self.on_doubt()

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """Have a connection that listens, and everybody look who waited before it did."""
        connection = await connect(self._database)
        try:
            await serve(connection)
            await connection.add_listener(CHANNEL, self._hear)
            self._listens.set()
            self.on_doubt()
            yield connection
        except DRIVER_ERRORS as problem:
            raise in_store_words(problem) from None
        finally:
            connection.terminate()

    async def _until_lost(self, connection: Connection) -> None:
        """Return when the connection is lost; one that is silent is lost too."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        while not (lost.is_set() or connection.is_closed()):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_SECONDS):
                    await lost.wait()
                    return
            await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        for mailbox in _named(payload):
            self.on_arrival(mailbox)


@contextlib.contextmanager
def _going_on() -> Iterator[None]:
    """Go on after any failure: nobody would notice that telling or listening has ended for good.

    That the database does not answer is nothing to report: requests that need it say so. Anything
    else goes to the event loop's handler, and from there to the relay's log, without its words.
    """
    try:
        yield
    except (StoreError, UnexpectedAnswer):
        pass
    except Exception as problem:  # noqa: BLE001 - reported
        context = {"message": "Telling of arrivals failed.", "exception": problem}
        asyncio.get_running_loop().call_exception_handler(context)


def _named(payload: str) -> Iterator[MailboxId]:
    """Read a notification; what anybody else sent on this channel names nothing."""
    for start in range(0, len(payload), _NAME_LENGTH):
        try:
            yield MailboxId(base64url.decode(payload[start : start + _NAME_LENGTH], 32))
        except MalformedData:
            return


def _nobody_listens(_mailbox: MailboxId) -> None:
    """Stand in for a listener."""


def _nobody_looks() -> None:
    """Stand in for whoever waits."""
