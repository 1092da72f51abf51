"""From requests to the store and back (docs/protocol.md, section 9.2)."""

from __future__ import annotations

import functools
import hmac
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from aiohttp import hdrs, web

from e2etherapy.errors import MalformedData
from e2etherapy.mailbox import batch as batches
from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import BatchedCollection
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositKey,
    DepositKeyHash,
    MailboxId,
    OwnerKey,
    Ticket,
    TicketHash,
)
from e2etherapy.primitives.digest import labelled, sha256
from e2etherapy.relay import problems
from e2etherapy.relay.admission import Work
from e2etherapy.relay.arrivals import ArrivalsDesk, Waits, waits_of
from e2etherapy.relay.batching import Batcher
from e2etherapy.relay.clock import iso_date
from e2etherapy.relay.done import Done
from e2etherapy.relay.gate import Gate
from e2etherapy.relay.incidents import Incidents
from e2etherapy.relay.mailboxes import Mailboxes
from e2etherapy.relay.openapi import description
from e2etherapy.relay.reading import Reading
from e2etherapy.relay.requests import Call, Form, decode_hash, decode_json
from e2etherapy.relay.store import Invitation, PutMark, Store
from e2etherapy.relay.versions import spoken
from e2etherapy.wire.locator import Locator


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the operations work with."""

    mailboxes: Mailboxes
    arrivals: ArrivalsDesk
    incidents: Incidents
    reading: Reading = field(default_factory=Reading)

    @property
    def store(self) -> Store:
        """Where everything is kept."""
        return self.mailboxes.store

    @property
    def gate(self) -> Gate:
        """What a request must pass before the store is asked."""
        return self.mailboxes.gate

    def today(self) -> int:
        """Return the relay's day."""
        return self.mailboxes.today()


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table of operations."""

    form: Form
    answer: Callable[[Rooms, Call], Awaitable[web.StreamResponse]]
    work: Work = Work.READING

    @property
    def name(self) -> str:
        """What it is called in counts."""
        return self.answer.__name__


async def issue_tickets(rooms: Rooms, call: Call) -> web.Response:
    """Let the holder of an allowance issue tickets."""
    request = decode_json(call.body, api.IssueTickets)
    hashes = [TicketHash(decode_hash(ticket)) for ticket in request.ticket_hashes]
    allowance = Allowance(call.key).hash()
    async with rooms.gate.issue(allowance, len(hashes)):
        await rooms.store.issue(allowance, hashes)
    return Done()


async def create_mailbox(rooms: Rooms, call: Call) -> web.Response:
    """Create the mailbox of the owner key shown."""
    request = decode_json(call.body, api.CreateMailbox)
    deposit_key_hash = DepositKeyHash(decode_hash(request.deposit_key_hash))
    ticket = Ticket(decode_hash(request.ticket)).hash()
    mailbox = OwnerKey(call.key).mailbox()
    async with rooms.gate.creation(mailbox):
        if not hmac.compare_digest(mailbox, call.name):
            await _owned(rooms, call)
        await rooms.store.create_mailbox(mailbox, deposit_key_hash, ticket)
    return Done()


async def close_mailbox(rooms: Rooms, call: Call) -> web.Response:
    """Delete one's mailbox and what is in it."""
    await rooms.store.close_mailbox(await _owned(rooms, call))
    return Done()


async def deposit(rooms: Rooms, call: Call) -> web.Response:
    """Store an envelope for good before saying so."""
    await rooms.mailboxes.deposit(MailboxId(call.name), DepositKey(call.key), call.body)
    return Done()


async def collect(rooms: Rooms, call: Call) -> web.Response:
    """Return what waits in one's mailbox, from a position on."""
    mailbox = await _owned(rooms, call)
    async with rooms.reading.turn():
        return _page(
            await rooms.mailboxes.collect(mailbox, call.query["after"], call.query["limit"])
        )


async def acknowledge(rooms: Rooms, call: Call) -> web.Response:
    """Delete what was collected."""
    await rooms.store.acknowledge(await _owned(rooms, call), call.query["through"])
    return Done()


async def wait(rooms: Rooms, call: Call) -> web.Response:
    """Answer as soon as something is newer than the caller knows, or the time is over."""
    request = decode_json(call.body, api.Wait)
    arrived = await rooms.arrivals.first(_waits(rooms, call, request.after), request.seconds)
    return _json(api.Arrivals(arrived))


async def watch(rooms: Rooms, call: Call) -> web.StreamResponse:
    """Tell of everything that arrives, on one connection."""
    request = decode_json(call.body, api.Watch)
    return await rooms.arrivals.stream(call.request, _waits(rooms, call, request.after))


async def batch(rooms: Rooms, call: Call) -> web.Response:
    """Carry out deposits, collections and acknowledgements, each with its own result."""
    try:
        operations = batches.unpack_operations(call.body, call.keys)
    except MalformedData as error:
        raise problems.malformed(str(error)) from None
    answer = await Batcher(rooms.mailboxes, rooms.incidents, rooms.reading).answer(operations)
    collects = any(isinstance(one, BatchedCollection) for one in operations)
    return _page(answer) if collects else _binary(answer)


async def put_invitation(rooms: Rooms, call: Call) -> web.Response:
    """Keep a sealed bundle for whoever has the link."""
    mark = PutMark(labelled("put-mark", call.key, call.name, sha256(call.body)))
    last_day = rooms.today() + call.query["days"]
    invitation = Invitation(Locator(call.name), call.body, last_day)
    ticket = Ticket(call.key).hash()
    async with rooms.gate.put(ticket):
        await rooms.store.put_invitation(ticket, mark, invitation)
    return Done()


async def claim_invitation(rooms: Rooms, call: Call) -> web.Response:
    """Give a sealed bundle to the first token that asks."""
    token = ClaimToken(call.key).hash()
    rooms.gate.claim(token)
    return _binary(await rooms.store.claim(Locator(call.name), token, rooms.today()))


async def forget_invitation(rooms: Rooms, call: Call) -> web.Response:
    """Delete a bundle that arrived where it was to."""
    token = ClaimToken(call.key).hash()
    rooms.gate.claim(token)
    await rooms.store.forget_invitation(Locator(call.name), token, rooms.today())
    return Done()


async def health(rooms: Rooms, _call: Call) -> web.Response:
    """Say that the database answers, which day it is here, and what not every relay offers."""
    await rooms.store.has_mailbox(MailboxId(bytes(MailboxId.SIZE)))
    offered = [name for name in api.FEATURES if ("POST", f"{api.API}/{name}") in OPERATIONS]
    return _json(api.Health("ok", spoken(OPERATIONS), iso_date(rooms.today()), offered))


async def describe(_rooms: Rooms, _call: Call) -> web.Response:
    """Return the description of all this for programs."""
    return web.Response(body=_description(), content_type=api.JSON)


async def ready(rooms: Rooms, _call: Call) -> web.Response:
    """Say that envelopes can be taken in now."""
    if not rooms.incidents.readiness.has_room():
        raise problems.not_ready("The disk has no room.")
    if not await rooms.incidents.readiness.reaches(rooms.store):
        raise problems.not_ready("The database does not answer.")
    return _json(api.Ready("ready"))


OPERATIONS = {
    ("POST", "/v1/tickets"): Operation(Form(api.ALLOWANCE, api.JSON), issue_tickets, Work.NEW),
    ("PUT", "/v1/mailboxes/*"): Operation(Form(api.OWNER, api.JSON), create_mailbox, Work.NEW),
    ("DELETE", "/v1/mailboxes/*"): Operation(Form(api.OWNER), close_mailbox, Work.CLEARING),
    ("POST", "/v1/mailboxes/*/envelopes"): Operation(
        Form(api.DEPOSIT, api.BINARY), deposit, Work.NEW
    ),
    ("GET", "/v1/mailboxes/*/envelopes"): Operation(
        Form(api.OWNER, query={"after": (0, api.MAX_POSITION), "limit": (1, api.MAX_PAGE)}),
        collect,
    ),
    ("DELETE", "/v1/mailboxes/*/envelopes"): Operation(
        Form(api.OWNER, query={"through": (0, api.MAX_POSITION)}), acknowledge, Work.CLEARING
    ),
    ("POST", "/v1/wait"): Operation(
        Form(api.OWNER, api.JSON, max_keys=api.MAX_WAITED_MAILBOXES), wait, Work.WAITING
    ),
    ("POST", "/v1/arrivals"): Operation(
        Form(api.OWNER, api.JSON, max_keys=api.MAX_WAITED_MAILBOXES), watch, Work.WAITING
    ),
    ("POST", "/v1/batch"): Operation(
        Form(
            api.BATCH,
            api.BINARY,
            max_keys=batches.MAX_OPERATIONS,
            body_sizes=(1, batches.MAX_REQUEST_SIZE),
        ),
        batch,
    ),
    ("PUT", "/v1/invitations/*"): Operation(
        Form(api.TICKET, api.BINARY, query={"days": (1, api.MAX_INVITATION_DAYS)}),
        put_invitation,
        Work.NEW,
    ),
    ("POST", "/v1/invitations/*/claim"): Operation(Form(api.CLAIM), claim_invitation),
    ("DELETE", "/v1/invitations/*"): Operation(Form(api.CLAIM), forget_invitation, Work.CLEARING),
    ("GET", "/v1/health"): Operation(Form(None), health),
    ("GET", "/v1/ready"): Operation(Form(None), ready),
    ("GET", "/v1/openapi.json"): Operation(Form(None), describe),
}
"""Method and path, with ``*`` for the one segment that is an id or a locator."""


@functools.cache
def _description() -> bytes:
    forms = {place: operation.form for place, operation in OPERATIONS.items()}
    return msgspec.json.encode(description.of(forms))


async def _owned(rooms: Rooms, call: Call) -> MailboxId:
    """Return the mailbox that the path names and the key shown owns."""
    return await rooms.mailboxes.owned(OwnerKey(call.key), call.name)


def _waits(rooms: Rooms, call: Call, after: Sequence[int]) -> Waits:
    """Return what somebody waits for, counting each key."""
    waits = waits_of(call.keys, after)
    for mailbox, _ in waits:
        rooms.gate.owned(mailbox)
    return waits


def _page(body: bytes) -> web.Response:
    """Answer in pieces: TLS would take a whole page at once and not say that nobody reads it."""
    length = {hdrs.CONTENT_LENGTH: str(len(body))}
    return web.Response(body=io.BytesIO(body), content_type=api.BINARY, headers=length)


def _binary(body: bytes) -> web.Response:
    return web.Response(body=body, content_type=api.BINARY)


def _json(content: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), content_type=api.JSON)
