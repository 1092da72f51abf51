"""One relay: its store, its waiting room, and the answer to any request."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from e2etherapy.relay import problems
from e2etherapy.relay.arrivals import ArrivalsDesk
from e2etherapy.relay.bodies import Bodies
from e2etherapy.relay.clock import Today
from e2etherapy.relay.counts import Counts
from e2etherapy.relay.http import problem_response
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.problems import ProblemAnswer
from e2etherapy.relay.readiness import Readiness
from e2etherapy.relay.requests import Asked, read_call, split_path
from e2etherapy.relay.routes import OPERATIONS, Rooms
from e2etherapy.relay.store import DiskFull, Store, StoreError
from e2etherapy.relay.versions import nothing_at
from e2etherapy.relay.waiting import RoomFull, WaitingRoom

if TYPE_CHECKING:
    from aiohttp import web


class Relay:
    """Answers requests until it is told to stop."""

    def __init__(
        self,
        store: Store,
        today: Today,
        log: RelayLog,
        limits: Limits,
        readiness: Readiness | None = None,
    ) -> None:
        self._log = log
        self._bodies = Bodies(limits)
        self.waiting = WaitingRoom(limits)
        """Who waits."""
        self.counts = Counts()
        arrivals = ArrivalsDesk(store, self.waiting, limits)
        self._rooms = Rooms(store, arrivals, today, log, readiness or Readiness(), self.counts)
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        store.on_arrival(self.waiting.wake)
        store.on_arrival_elsewhere(self.waiting.wake, self.waiting.wake_everybody)
        store.on_group(self.counts.group)

    async def is_ready(self) -> bool:
        """Say whether GET /v1/ready would answer 200."""
        rooms = self._rooms
        open_ = not self.waiting.closed and rooms.readiness.has_room()
        return open_ and await rooms.readiness.reaches(rooms.store)

    def adopt(self, limits: Limits) -> None:
        """Hold what comes from now on to other limits."""
        self.waiting.adopt(limits)
        self._bodies.adopt(limits)
        self._rooms.arrivals.adopt(limits)

    def stop(self) -> None:
        """Answer what comes from now on with 503, and wake whoever waits."""
        self.waiting.close()

    async def drain(self, seconds: float) -> None:
        """Return when every request is answered, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; every error is a problem (RFC 9457)."""
        began = time.perf_counter()
        self._in_flight += 1
        self._idle.clear()
        try:
            response = await self._answer_or_explain(request)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
        self.counts.request(_name_of(request), response.status, time.perf_counter() - began)
        if self.waiting.closed:
            response.force_close()
        return response

    async def _answer_or_explain(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except ProblemAnswer as problem:
            return problem_response(problem)
        except StoreError as error:
            if isinstance(error, DiskFull):
                self._rooms.readiness.found_no_room()
            return problem_response(problems.of(error, self._log))
        except RoomFull:
            return problem_response(problems.overloaded())
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as fault:  # noqa: BLE001 - logged without its words, and answered
            self.counts.faults += 1
            self._log.fault(fault)
            return problem_response(problems.internal())

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, name = split_path(request.rel_url.raw_path)
        operation = OPERATIONS.get((request.method, path))
        if operation is None:
            raise nothing_at(path, OPERATIONS)
        if self.waiting.closed:
            raise problems.stopping()
        asked = Asked(request, name, self._bodies)
        return await operation.answer(self._rooms, await read_call(asked, operation.form))


def _name_of(request: web.BaseRequest) -> str | None:
    """Return an operation's name from the table of operations, never from the request."""
    path, _ = split_path(request.rel_url.raw_path)
    operation = OPERATIONS.get((request.method, path))
    return None if operation is None else operation.answer.__name__
