"""One relay: its store, its waiting room, and the answer to any request."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay import problems
from e2etherapy.relay.admission import Work
from e2etherapy.relay.arrivals import ArrivalsDesk
from e2etherapy.relay.bodies import Bodies
from e2etherapy.relay.clock import Today
from e2etherapy.relay.counts import Counts
from e2etherapy.relay.gate import Gate
from e2etherapy.relay.http import problem_response
from e2etherapy.relay.incidents import Incidents
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.mailboxes import Mailboxes
from e2etherapy.relay.pace import SALT_SIZE
from e2etherapy.relay.readiness import Readiness
from e2etherapy.relay.requests import Asked, read_call, split_path
from e2etherapy.relay.routes import OPERATIONS, Operation, Rooms
from e2etherapy.relay.store import Store
from e2etherapy.relay.versions import nothing_at
from e2etherapy.relay.waiting import WaitingRoom

if TYPE_CHECKING:
    from aiohttp import web


class Relay:
    """Answers requests until it is told to stop."""

    def __init__(self, store: Store, today: Today, log: RelayLog, limits: Limits) -> None:
        self.gate = Gate(limits, system_entropy(SALT_SIZE), time.monotonic)
        self.waiting = WaitingRoom(limits)
        """Who waits."""
        self.counts = Counts()
        self._bodies = Bodies(limits)
        self._rooms = Rooms(
            mailboxes=Mailboxes(store, self.gate, today),
            arrivals=ArrivalsDesk(store, self.waiting, limits),
            incidents=Incidents(log, self.counts, Readiness(self.gate.reserve, log.fault)),
        )
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        store.on_arrival(self.waiting.wake)
        store.on_arrival_elsewhere(self.waiting.wake, self.waiting.wake_everybody)
        store.on_group(self.counts.group)

    async def is_ready(self) -> bool:
        """Say whether GET /v1/ready would answer 200."""
        readiness = self._rooms.incidents.readiness
        open_ = not self.waiting.closed and readiness.has_room()
        return open_ and await readiness.reaches(self._rooms.mailboxes.store)

    def adopt(self, limits: Limits) -> None:
        """Hold what comes from now on to other limits."""
        self.gate.adopt(limits)
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
        path, name = split_path(request.rel_url.raw_path)
        operation = OPERATIONS.get((request.method, path))
        try:
            response = await self._answer_or_explain(request, operation, name)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
        # The name is from the table of operations, never from the request.
        known = None if operation is None else operation.name
        self.counts.request(known, response.status, time.perf_counter() - began)
        if self.waiting.closed:
            response.force_close()
        return response

    async def _answer_or_explain(
        self, request: web.BaseRequest, operation: Operation | None, name: str | None
    ) -> web.StreamResponse:
        try:
            return await self._answer(request, operation, name)
        except ConnectionError:
            raise
        except Exception as problem:  # noqa: BLE001 - counted, logged without its words, answered
            return problem_response(self._rooms.incidents.answer_to(problem))

    async def _answer(
        self, request: web.BaseRequest, operation: Operation | None, name: str | None
    ) -> web.StreamResponse:
        if operation is None:
            raise nothing_at(split_path(request.rel_url.raw_path)[0], OPERATIONS)
        if self.waiting.closed:
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
