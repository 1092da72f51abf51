"""A relay in this process or in its own, and requests written out by hand."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from e2etherapy.mailbox import batch
from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import BatchedOperation
from e2etherapy.mailbox.capabilities import Allowance, OwnedMailbox, Ticket
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.relay.allowances import allow
from e2etherapy.relay.database import opened_store
from e2etherapy.relay.database_place import DatabasePlace, PostgresDatabase
from e2etherapy.relay.limits import STANDARD, Limits
from e2etherapy.relay.listening import parse_listen_address
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.server import running
from e2etherapy.relay.settings import Settings
from e2etherapy.wire import base64url
from tests.support.interpreter import ENVIRONMENT
from tests.support.people import seeded

TODAY = 20_000
PATIENCE_SECONDS = 30
REFUSAL = (
    b'{"type":"about:blank","title":"Refused","status":404,'
    b'"detail":"There is nothing here for this key."}'
)

draw = seeded("keys at a relay")


def envelope(text: str) -> bytes:
    """Return 16,384 bytes that belong to a text."""
    return seeded(text)(api.SEALED_BUNDLE_SIZE)


@dataclass(frozen=True)
class Answer:
    """A relay's answer as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def header(self, name: str) -> str:
        return dict(self.headers)[name]

    def without_date(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return all but the one header that differs from second to second."""
        kept = [(name, value) for name, value in self.headers if name != "Date"]
        return self.status, kept, self.body


@dataclass(frozen=True)
class Request:
    """A request, rightly formed or not."""

    method: str
    path: str
    authorization: str | None = None
    body: bytes | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self, *, stays: bool = False) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: relay"]
        lines += [] if stays else ["Connection: close"]
        if self.authorization is not None:
            lines.append(f"Authorization: {self.authorization}")
        if self.content_type is not None:
            lines.append(f"Content-Type: {self.content_type}")
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + (self.body or b"")


def named(kind: str, name: bytes, rest: str = "") -> str:
    return f"/v1/{kind}/{base64url.encode(name)}{rest}"


def shown(scheme: str, *keys: SecretOctets) -> str:
    return api.authorization(scheme, *keys)


def tickets_request(allowance: Allowance, *tickets: Ticket) -> Request:
    hashes = [base64url.encode(ticket.hash()) for ticket in tickets]
    body = msgspec.json.encode(api.IssueTickets(hashes))
    return Request("POST", "/v1/tickets", shown(api.ALLOWANCE, allowance), body, api.JSON)


def creation(owned: OwnedMailbox, ticket: Ticket) -> Request:
    key_hash = base64url.encode(owned.deposit_key.hash())
    body = msgspec.json.encode(api.CreateMailbox(base64url.encode(ticket), key_hash))
    path = named("mailboxes", owned.owner_key.mailbox())
    return Request("PUT", path, shown(api.OWNER, owned.owner_key), body, api.JSON)


def deposit(owned: OwnedMailbox, content: bytes) -> Request:
    path = named("mailboxes", owned.owner_key.mailbox(), "/envelopes")
    return Request("POST", path, shown(api.DEPOSIT, owned.deposit_key), content, api.BINARY)


def collection(owned: OwnedMailbox, after: int = 0, limit: int = api.MAX_PAGE) -> Request:
    rest = f"/envelopes?after={after}&limit={limit}"
    path = named("mailboxes", owned.owner_key.mailbox(), rest)
    return Request("GET", path, shown(api.OWNER, owned.owner_key))


def acknowledgement(owned: OwnedMailbox, through: int) -> Request:
    path = named("mailboxes", owned.owner_key.mailbox(), f"/envelopes?through={through}")
    return Request("DELETE", path, shown(api.OWNER, owned.owner_key))


def wait(*waits: tuple[OwnedMailbox, int], seconds: float) -> Request:
    body = msgspec.json.encode(api.Wait([after for _, after in waits], seconds))
    keys = shown(api.OWNER, *(owned.owner_key for owned, _ in waits))
    return Request("POST", "/v1/wait", keys, body, api.JSON)


def watching(*waits: tuple[OwnedMailbox, int]) -> Request:
    body = msgspec.json.encode(api.Watch([after for _, after in waits]))
    keys = shown(api.OWNER, *(owned.owner_key for owned, _ in waits))
    return Request("POST", "/v1/arrivals", keys, body, api.JSON)


def batch_request(*operations: BatchedOperation) -> Request:
    keys = shown(api.BATCH, *batch.keys_of(operations))
    return Request("POST", "/v1/batch", keys, batch.pack_operations(operations), api.BINARY)


@dataclass(frozen=True)
class RelayAt:
    """Where a relay can be reached, its file and its log."""

    port: int
    database: Path
    log: io.StringIO
    place: DatabasePlace

    async def send(self, request: Request | bytes) -> Answer:
        """Send one request on a connection of its own and read the answer."""
        raw = request if isinstance(request, bytes) else request.encode()
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(raw)
                return await read_answer(reader, body=not raw.startswith(b"HEAD "))
            finally:
                writer.close()

    async def allowance(self, tickets: int) -> Allowance:
        allowance = Allowance(draw(32))
        async with opened_store(self.place) as store:
            await store.grant(allowance.hash(), tickets)
        return allowance

    async def tickets(self, count: int) -> list[Ticket]:
        """Return tickets that were issued."""
        allowance = await self.allowance(count)
        tickets = [Ticket(draw(32)) for _ in range(count)]
        answer = await self.send(tickets_request(allowance, *tickets))
        assert answer.status == 204
        return tickets

    async def mailbox(self) -> OwnedMailbox:
        """Return a mailbox that was created."""
        owned = OwnedMailbox.generate(draw)
        (ticket,) = await self.tickets(1)
        assert (await self.send(creation(owned, ticket))).status == 204
        return owned


async def read_answer(reader: asyncio.StreamReader, *, body: bool = True) -> Answer:
    """Read one answer off a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
    status, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = [(line.partition(": ")[0], line.partition(": ")[2]) for line in lines]
    length = int(dict(headers).get("Content-Length", "0")) if body else 0
    return Answer(int(status.split(" ")[1]), headers, await reader.readexactly(length))


@asynccontextmanager
async def relay(
    folder: Path,
    today: list[int] | None = None,
    limits: Limits = STANDARD,
    postgres: PostgresDatabase | None = None,
) -> AsyncIterator[RelayAt]:
    """Run a relay in this event loop, by default on a file; `today` has the day to change."""
    place = postgres or folder / "relay.db"
    days = today or [TODAY]
    log = io.StringIO()
    listen = parse_listen_address("127.0.0.1:0")
    settings = Settings(listen, place, limits=limits)
    written = RelayLog(log, lambda: days[0])
    async with running(settings, written, lambda: days[0]) as listening:
        assert listening.port is not None
        yield RelayAt(listening.port, folder / "relay.db", log, place)


_PROGRAM = """
import sys
from pathlib import Path
import msgspec
from e2etherapy.errors import RelaySetupError
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.database_place import parse_database
from e2etherapy.relay.listening import Certificate, parse_listen_address
from e2etherapy.relay.server import serve
from e2etherapy.relay.settings import Settings
listen, database, limits, *certificate = sys.argv[1:]
limits = msgspec.json.decode(limits, type=Limits)
certificate = Certificate(*map(Path, certificate)) if certificate else None
try:
    serve(
        Settings(parse_listen_address(listen), parse_database(database), certificate, limits=limits)
    )
except RelaySetupError as error:
    sys.exit(str(error))
"""


@dataclass(frozen=True)
class RelayProcess:
    """A relay in a process of its own."""

    process: subprocess.Popen[str]
    announced: dict[str, Any]
    database: Path
    log: Path
    place: DatabasePlace

    @property
    def port(self) -> int:
        port: int = self.announced["port"]
        return port

    def allowance(self, mailboxes: int) -> Allowance:
        return asyncio.run(allow(self.place, mailboxes, draw))


@contextmanager
def relay_process(
    folder: Path,
    listen: str = "127.0.0.1:0",
    *certificate: Path,
    limits: Limits = STANDARD,
    postgres: PostgresDatabase | None = None,
    environment: Mapping[str, str] | None = None,
    sabotage: str = "",
) -> Iterator[RelayProcess]:
    """Run a relay process; it is killed at the end unless it ended by itself.

    Its database is a file in the folder, unless another one is given. Sabotage is lines of Python
    that break something in the relay.
    """
    database = folder / "relay.db"
    place = postgres or database
    named = place.url if isinstance(place, PostgresDatabase) else place
    log = folder / "relay.log"
    with log.open("a") as standard_error:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", sabotage + _PROGRAM),
                *map(str, (listen, named, msgspec.json.encode(limits).decode(), *certificate)),
            ],
            stdout=subprocess.PIPE,
            stderr=standard_error,
            text=True,
            env={**ENVIRONMENT, **(environment or {})},
        )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, log.read_text()
            yield RelayProcess(process, json.loads(line), database, log, place)
        finally:
            if process.poll() is None:
                process.kill()
