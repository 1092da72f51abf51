"""What the relay changes of aiohttp's server: what it answers by itself, and what it lets out.

The low-level server is used because the relay's few paths need no router, and because aiohttp's
own answers (to something that is no HTTP, say) would be another form of error, and quote it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from aiohttp import HttpVersion10, HttpVersion11, hdrs, web

from e2etherapy.mailbox.batch import MAX_REQUEST_SIZE
from e2etherapy.mailbox.operations import PROBLEM
from e2etherapy.relay import problems
from e2etherapy.relay.answers import UntakenAnswers, drop
from e2etherapy.relay.framing import asks_for_another_protocol, is_ambiguous
from e2etherapy.relay.heads import Head, Heads, Unread
from e2etherapy.relay.limits import (
    LINGERING_SECONDS,
    MAX_HEADER_LINE,
    MAX_HEADERS,
    READ_SIZE,
    Limits,
)
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.problems import ProblemAnswer

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import RawRequestMessage
    from aiohttp.streams import StreamReader

_VERSIONS = frozenset({HttpVersion10, HttpVersion11})
_HEAD_END = b"\r\n\r\n"
_ON_ITS_WAY = 1_024
"""Answers below this leave with the next step of the event loop, which is not waited for."""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def problem_response(problem: ProblemAnswer) -> web.Response:
    """Return a problem as a response."""
    return web.Response(
        status=problem.status,
        body=problem.body,
        headers=problem.headers,
        content_type=PROBLEM,
    )


class RelayRequest(web.BaseRequest):
    """A request whose answer does not name the software."""

    foreign = False
    """It is of an HTTP that the relay does not speak; its answer is in HTTP/1.1 all the same."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        # The last moment at which aiohttp lets headers be changed.
        response.headers.popall(hdrs.SERVER, None)
        response.headers[hdrs.CACHE_CONTROL] = "no-store"


class RelayConnection(web.RequestHandler):
    """A connection that answers what aiohttp could not read as a problem, too."""

    __slots__ = ("_head", "_is_tls", "_relay", "_unread")

    def __init__(self, server: RelayServer, **options: Any) -> None:  # noqa: ANN401 - aiohttp's
        super().__init__(server, **options)
        self._relay = server
        self._head = Head(server.heads)
        self._unread = Unread()
        self._is_tls = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let an answer count as taken only when all of it has left this process."""
        # Also uvloop's, which are no asyncio.WriteTransport.
        cast("asyncio.WriteTransport", transport).set_write_buffer_limits(high=1)
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Drop who sends more of a head, or ahead of an answer, than there is room for."""
        before, in_body = self._request_count, self._unread.is_body
        ahead = bool(self._messages) or self._current_request is not None
        if not (ahead or in_body) and _HEAD_END not in data and not self._head.more(len(data)):
            self._drop("heads")
            return
        super().data_received(data)
        heads = self._request_count - before
        new = islice(self._messages, len(self._messages) - heads, None)
        left = self._unread.receive(len(data), cast("Iterable[Any]", new))
        if heads == len(self._messages) == 1 and not ahead:
            fits = self._head.left(left)
        elif (heads or not in_body) and (ahead or heads):
            fits = self._head.ahead(len(data))
        else:
            fits = not left or not in_body or self._head.left(left)
        if not fits or (data and self._is_flooded()):
            self._drop("heads")

    def _is_flooded(self) -> bool:
        """Say whether TLS takes in what comes behind a request although nothing reads it.

        Without TLS it stays with the system, and with whoever sends it.
        """
        behind = len(self._messages) - (self._current_request is None)
        is_paused = self._buffer_paused or self._reading_paused
        return behind > 0 and is_paused and self._is_tls

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's
        """Go on reading where it was paused.

        aiohttp asks for it after each piece of a body, and then looks for what its parser has
        kept, which it has only where it was paused.
        """
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def _drop(self, reason: str) -> None:
        if self.transport is not None:
            self._relay.dropped[reason] += 1
            drop(self.transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget what was counted for a connection."""
        self._head.done()
        super().connection_lost(exc)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, for which there is a limited time and a limited room."""
        transport = self.transport
        if transport is None:
            raise ConnectionError("Nobody is there any more.")
        if not self._messages:
            self._head.left(self._unread.left())
        self._relay.untaken.begin(transport, resp.content_length or 0)
        try:
            done = await super().finish_response(request, resp, start_time)
            if transport.get_write_buffer_size() > _ON_ITS_WAY:
                await request.writer.drain()
            return done
        finally:
            self._relay.untaken.end(transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it may quote the request
    ) -> web.StreamResponse:
        """Answer a request that is no HTTP, or one whose handling failed unexpectedly."""
        if request.writer.output_size > 0:
            raise ConnectionError("A part of another answer was sent already.")
        if status < 500:  # noqa: PLR2004 - the first of the server's own faults
            return _not_http()
        if exc is not None:
            self._relay.log.fault(exc)
        response = problem_response(problems.internal())
        response.force_close()
        return response


class RelayServer(web.Server):
    """Makes connections, up to the limit."""

    def __init__(self, handler: Handler, log: RelayLog, limits: Limits) -> None:
        super().__init__(self._answer, request_factory=_make_request, handler_cancellation=True)
        self._handler = handler
        self.log = log
        self.limits = limits
        self.dropped: Counter[str] = Counter()
        """Connections that were ended here, by why."""
        self.untaken = UntakenAnswers(limits.untaken_bytes, limits.answer_seconds, self.dropped)
        self.heads = Heads(limits.head_bytes)
        self.open = 0

    def __call__(self) -> web.RequestHandler:
        """Make the protocol of a new connection."""
        return RelayConnection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=self.limits.idle_seconds,
            lingering_time=LINGERING_SECONDS,
            max_line_size=MAX_HEADER_LINE,
            max_field_size=MAX_HEADER_LINE,
            max_headers=MAX_HEADERS,
            read_bufsize=READ_SIZE,
        )

    def adopt(self, limits: Limits) -> None:
        """Hold new connections, and answers that begin, to other limits; nothing open ends."""
        self.limits = limits
        self.untaken.adopt(limits.untaken_bytes, limits.answer_seconds)
        self.heads.adopt(limits.head_bytes)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if (isinstance(request, RelayRequest) and request.foreign) or is_ambiguous(request):
            return _not_http()
        response = await self._handler(request)
        if asks_for_another_protocol(request):
            response.force_close()
        return response

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection, or drop it where there are too many."""
        self.open += 1
        super().connection_made(handler, transport)
        if self.open > self.limits.connections:
            self.dropped["connections"] += 1
            transport.abort()

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Forget a connection."""
        self.open -= 1
        super().connection_lost(handler, exc)


def _not_http() -> web.Response:
    """Return an answer after which nothing more is believed of a connection."""
    response = problem_response(problems.malformed("This is not HTTP as it should be."))
    response.force_close()
    return response


def _make_request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> RelayRequest:
    foreign = message.version not in _VERSIONS
    if foreign:
        message = message._replace(version=HttpVersion11)
    request = RelayRequest(
        message,
        payload,
        protocol,
        writer,
        task,
        asyncio.get_running_loop(),
        client_max_size=MAX_REQUEST_SIZE,
    )
    request.foreign = foreign
    return request
