"""From requests to the store and back (docs/protocol.md, section 9.2)."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from e2etherapy.errors import MalformedData
from e2etherapy.mailbox import batch as batches
from e2etherapy.mailbox import operations as api
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
from e2etherapy.relay.batching import Batcher
from e2etherapy.relay.clock import Today, iso_date
from e2etherapy.relay.decisions import REFUSAL
from e2etherapy.relay.gate import Gate
from e2etherapy.relay.limits import PAGES_AT_ONCE
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.requests import Call, Form, decode_hash, decode_json
from e2etherapy.relay.store import Deposit, Invitation, PutMark, Refused, Store
from e2etherapy.relay.waiting import WaitingRoom
from e2etherapy.wire.locator import Locator


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the operations work with."""

    store: Store
    waiting: WaitingRoom
    today: Today
    log: RelayLog
    gate: Gate
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PAGES_AT_ONCE))
    """Taken while a page is read: from then on it counts as an answer on its way."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table of operations."""

    form: Form
    answer: Callable[[Rooms, Call], Awaitable[web.Response]]
    work: Work = Work.READING


async def issue_tickets(rooms: Rooms, call: Call) -> web.Response:
    """Let the holder of an allowance issue tickets."""
    request = decode_json(call.body, api.IssueTickets)
    if len(request.ticket_hashes) > api.MAX_TICKETS:
        raise problems.malformed(f"At most {api.MAX_TICKETS} tickets at once.")
    hashes = [TicketHash(decode_hash(ticket)) for ticket in request.ticket_hashes]
    allowance = Allowance(call.key).hash()
    async with rooms.gate.issue(allowance, len(hashes)):
        await rooms.store.issue(allowance, hashes)
    return _done()


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
    return _done()


async def close_mailbox(rooms: Rooms, call: Call) -> web.Response:
    """Delete one's mailbox and what is in it."""
    await rooms.store.close_mailbox(await _owned(rooms, call))
    return _done()


async def deposit(rooms: Rooms, call: Call) -> web.Response:
    """Store an envelope for good before saying so."""
    mailbox, key_hash = MailboxId(call.name), DepositKey(call.key).hash()
    async with rooms.gate.deposit(mailbox, key_hash):
        await rooms.store.deposit(
            Deposit(
                mailbox=mailbox,
                key_hash=key_hash,
                digest=sha256(call.body),
                envelope=call.body,
                day=rooms.today(),
            )
        )
    return _done()


async def collect(rooms: Rooms, call: Call) -> web.Response:
    """Return what waits in one's mailbox, from a position on."""
    mailbox = await _owned(rooms, call)
    async with rooms.reading:
        page = await rooms.store.collect(mailbox, call.query["after"], call.query["limit"])
        return _binary(api.pack_page(page))


async def acknowledge(rooms: Rooms, call: Call) -> web.Response:
    """Delete what was collected."""
    await rooms.store.acknowledge(await _owned(rooms, call), call.query["through"])
    return _done()


async def wait(rooms: Rooms, call: Call) -> web.Response:
    """Answer as soon as something is newer than the caller knows, or the time is over."""
    request = decode_json(call.body, api.Wait)
    if len(request.after) != len(call.keys):
        raise problems.malformed("A wait has one position for each key.")
    if not all(0 <= position <= api.MAX_POSITION for position in request.after):
        raise problems.malformed("A position is a whole number from 0 upwards.")
    if not 0 <= request.seconds <= api.MAX_WAIT_SECONDS:
        raise problems.malformed(f"A wait takes 0 to {api.MAX_WAIT_SECONDS} seconds.")
    mailboxes = [OwnerKey(key).mailbox() for key in call.keys]
    for mailbox in mailboxes:
        rooms.gate.owned(mailbox)
    waits = list(zip(mailboxes, request.after, strict=True))
    arrived = await _wait(rooms, waits, request.seconds)
    return _json(api.Arrivals(arrived))


async def batch(rooms: Rooms, call: Call) -> web.Response:
    """Carry out deposits, collections and acknowledgements, each with its own result."""
    try:
        operations = batches.unpack_operations(call.body, call.keys)
    except MalformedData as error:
        raise problems.malformed(str(error)) from None
    results = await Batcher(rooms.store, rooms.gate, rooms.log, rooms.today()).run(operations)
    return _binary(batches.pack_results(results))


async def put_invitation(rooms: Rooms, call: Call) -> web.Response:
    """Keep a sealed bundle for whoever has the link."""
    mark = PutMark(labelled("put-mark", call.key, call.name, sha256(call.body)))
    last_day = rooms.today() + call.query["days"]
    invitation = Invitation(Locator(call.name), call.body, last_day)
    ticket = Ticket(call.key).hash()
    async with rooms.gate.put(ticket):
        await rooms.store.put_invitation(ticket, mark, invitation)
    return _done()


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
    return _done()


async def health(rooms: Rooms, _call: Call) -> web.Response:
    """Say that the database answers, and which day it is here."""
    await rooms.store.has_mailbox(MailboxId(bytes(MailboxId.SIZE)))
    return _json({"status": "ok", "versions": ["v1"], "now": iso_date(rooms.today())})


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
}
"""Method and path, with ``*`` for the one segment that is an id or a locator."""


async def _owned(rooms: Rooms, call: Call) -> MailboxId:
    """Return the mailbox that the path names and the key shown owns.

    Looks up the key's own mailbox whatever the path says, so that every refusal is the same
    work and nobody learns of a mailbox whose key they lack.
    """
    shown = OwnerKey(call.key).mailbox()
    rooms.gate.owned(shown)
    known = await rooms.store.has_mailbox(shown)
    if not hmac.compare_digest(shown, call.name) or not known:
        raise Refused(REFUSAL)
    return shown


async def _wait(rooms: Rooms, waits: list[tuple[MailboxId, int]], seconds: float) -> list[int]:
    """Return the indexes of what has arrived, looking at least once; none when time is over."""
    deadline = asyncio.get_running_loop().time() + seconds
    with rooms.waiting.seat([mailbox for mailbox, _ in waits]) as woken:
        while not (arrived := await rooms.store.arrived(waits)):
            if rooms.waiting.closed:
                raise problems.stopping()
            try:
                async with asyncio.timeout_at(deadline):
                    await woken.wait()
            except TimeoutError:
                break
            woken.clear()
    return arrived


def _done() -> web.Response:
    return web.Response(status=204)


def _binary(body: bytes) -> web.Response:
    return web.Response(body=body, content_type=api.BINARY)


def _json(content: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), content_type=api.JSON)
