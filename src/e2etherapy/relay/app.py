"""One relay: its store, its waiting room, and the answer to any request."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay import problems
from e2etherapy.relay.admission import Work
from e2etherapy.relay.bodies import Bodies
from e2etherapy.relay.clock import Today
from e2etherapy.relay.gate import Gate
from e2etherapy.relay.http import problem_response
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.pace import SALT_SIZE
from e2etherapy.relay.problems import ProblemAnswer
from e2etherapy.relay.requests import Asked, read_call, split_path
from e2etherapy.relay.routes import OPERATIONS, Rooms
from e2etherapy.relay.store import (
    DiskFull,
    Store,
    StoreError,
)
from e2etherapy.relay.waiting import RoomFull, WaitingRoom

if TYPE_CHECKING:
    from aiohttp import web


class Relay:
    """Answers requests until it is told to stop."""

    def __init__(self, store: Store, today: Today, log: RelayLog, limits: Limits) -> None:
        self._log = log
        self._bodies = Bodies(limits)
        self.gate = Gate(limits, system_entropy(SALT_SIZE), time.monotonic)
        self._rooms = Rooms(store, WaitingRoom(limits), today, log, self.gate)
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        waiting = self._rooms.waiting
        store.on_arrival(waiting.wake)
        store.on_arrival_elsewhere(waiting.wake, waiting.wake_everybody)

    def stop(self) -> None:
        """Answer what comes from now on with 503, and wake whoever waits."""
        self._rooms.waiting.close()

    async def drain(self, seconds: float) -> None:
        """Return when every request is answered, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; every error is a problem (RFC 9457)."""
        self._in_flight += 1
        self._idle.clear()
        try:
            response = await self._answer_or_explain(request)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
        if self._rooms.waiting.closed:
            response.force_close()
        return response

    async def _answer_or_explain(self, request: web.BaseRequest) -> web.Response:
        try:
            return await self._answer(request)
        except ProblemAnswer as problem:
            return problem_response(problem)
        except StoreError as error:
            if isinstance(error, DiskFull):
                self._log.disk_full()
            return problem_response(problems.of(error))
        except RoomFull:
            return problem_response(problems.overloaded())
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as fault:  # noqa: BLE001 - logged without its words, and answered
            self._log.fault(fault)
            return problem_response(problems.internal())

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        path, name = split_path(request.rel_url.raw_path)
        operation = OPERATIONS.get((request.method, path))
        if operation is None:
            raise problems.refused()
        if self._rooms.waiting.closed:
            raise problems.stopping()
        self.gate.check(operation.work)
        try:
            call = await read_call(Asked(request, name, self._bodies), operation.form)
            if operation.work is Work.WAITING:
                self._bodies.done(request)
            with self.gate.request(operation.work):
                return await operation.answer(self._rooms, call)
        finally:
            self._bodies.done(request)
