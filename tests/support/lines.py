"""Connections that stay, over which a test asks one thing after another and may lose the answer."""

from __future__ import annotations

import asyncio

from e2etherapy.mailbox.capabilities import Allowance, OwnedMailbox, Ticket
from e2etherapy.relay.database import opened_store
from e2etherapy.relay.database_place import DatabasePlace
from tests.support.relays import (
    PATIENCE_SECONDS,
    Answer,
    Request,
    creation,
    draw,
    read_answer,
    tickets_request,
)

TICKETS_AT_ONCE = 256
BUSY = 503


class Line:
    """A connection to a relay, made when needed and again after it was lost."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.is_refused = False
        """Nobody listened there when it was tried last."""
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Request, *, lose_the_answer: bool = False) -> Answer | None:
        """Return the answer, or None where nobody knows whether the request had its effect."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = self._open = self._open or await self._connect()
                writer.write(request.encode(stays=True))
                if lose_the_answer:
                    await writer.drain()
                    self.close()
                    return None
                answer = await read_answer(reader)
        except (OSError, EOFError, TimeoutError):
            self.close()
            return None
        if ("Connection", "close") in answer.headers:
            self.close()
        return answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.is_refused = True
        opened = await asyncio.open_connection("127.0.0.1", self.port)
        self.is_refused = False
        return opened

    def close(self) -> None:
        """End the connection without a word."""
        if self._open is not None:
            self._open[1].transport.abort()
            self._open = None


async def certainly(line: Line, request: Request) -> Answer:
    """Ask until there is an answer that says what is; every request may be repeated."""
    async with asyncio.timeout(2 * PATIENCE_SECONDS):
        while True:
            answer = await line.ask(request)
            if answer is not None and answer.status != BUSY:
                return answer


async def issued_tickets(place: DatabasePlace, line: Line, count: int) -> list[Ticket]:
    """Return tickets that a relay on this database has issued."""
    allowance = Allowance(draw(32))
    async with opened_store(place) as store:
        await store.grant(allowance.hash(), count)
    tickets = [Ticket(draw(32)) for _ in range(count)]
    for start in range(0, count, TICKETS_AT_ONCE):
        some = tickets[start : start + TICKETS_AT_ONCE]
        assert (await certainly(line, tickets_request(allowance, *some))).status == 204
    return tickets


async def created_mailboxes(place: DatabasePlace, line: Line, count: int) -> list[OwnedMailbox]:
    """Return mailboxes that exist."""
    made = [OwnedMailbox.generate(draw) for _ in range(count)]
    for owned, ticket in zip(made, await issued_tickets(place, line, count), strict=True):
        assert (await certainly(line, creation(owned, ticket))).status == 204
    return made
