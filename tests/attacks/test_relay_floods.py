"""Threat R18: a flood slows others, tells what exists, fills the memory, or is stopped by address.

Every flood here ends by itself: it is bounded in requests or in seconds, and stays on this machine.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    unpack_results,
)
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositKey,
    OwnedMailbox,
    OwnerKey,
    Ticket,
)
from e2etherapy.relay.limits import STANDARD
from tests.support.relays import (
    PATIENCE_SECONDS,
    Answer,
    RelayAt,
    Request,
    acknowledgement,
    batch_request,
    collection,
    creation,
    deposit,
    draw,
    envelope,
    named,
    read_answer,
    relay,
    shown,
    tickets_request,
    wait,
)

BURST = 4
PATIENT = 1e-6
"""A rate at which nothing comes back while a test runs."""
STRICT = replace(
    STANDARD,
    deposit_burst=BURST,
    deposit_rate=PATIENT,
    owner_burst=BURST,
    owner_rate=PATIENT,
    ticket_burst=BURST,
    ticket_rate=PATIENT,
    invitation_burst=BURST,
    invitation_rate=PATIENT,
)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[RelayAt]:
    async with relay(tmp_path, limits=STRICT) as running:
        yield running


async def statuses(at: RelayAt, *requests: Request) -> list[int]:
    return [(await at.send(request)).status for request in requests]


def put(ticket: Ticket) -> Request:
    path = named("invitations", ticket.hash(), "?days=3")
    return Request("PUT", path, shown(api.TICKET, ticket), envelope("bundle"), api.BINARY)


def claim(locator: bytes, token: ClaimToken) -> Request:
    return Request("POST", named("invitations", locator, "/claim"), shown(api.CLAIM, token))


async def test_who_floods_one_mailbox_is_stopped_and_slows_no_other(at: RelayAt) -> None:
    flooded, other = await at.mailbox(), await at.mailbox()
    told = await statuses(at, *(deposit(flooded, envelope(f"{n}")) for n in range(3 * BURST)))
    assert told == [204] * BURST + [429] * 2 * BURST
    assert await statuses(at, *(deposit(other, envelope(f"{n}")) for n in range(BURST))) == (
        [204] * BURST
    )


async def test_a_key_that_asks_too_often_is_told_when_it_may_again(at: RelayAt) -> None:
    owned = await at.mailbox()
    answers = [await at.send(deposit(owned, envelope("a"))) for _ in range(BURST + 1)]
    last = answers[-1]
    assert last.status == 429
    assert last.header("Content-Type") == api.PROBLEM
    assert last.json["title"] == "Too often"
    assert 1 <= int(last.header("Retry-After")) <= 120
    assert len(api.unpack_page((await at.send(collection(owned))).body)) == 1


async def test_whoever_lacks_the_deposit_key_cannot_use_up_a_mailboxs_pace(at: RelayAt) -> None:
    victim = await at.mailbox()
    for _ in range(4 * BURST):
        forged = shown(api.DEPOSIT, DepositKey(draw(32)))
        request = replace(deposit(victim, envelope("forged")), authorization=forged)
        assert (await at.send(request)).status == 404
    one = shown(api.DEPOSIT, DepositKey(draw(32)))
    request = replace(deposit(victim, envelope("forged")), authorization=one)
    assert await statuses(at, *[request] * 2 * BURST) == [404] * BURST + [429] * BURST
    owners = shown(api.OWNER, OwnerKey(draw(32)))
    request = replace(collection(victim), authorization=owners)
    assert await statuses(at, *[request] * 2 * BURST) == [404] * BURST + [429] * BURST
    assert (await at.send(deposit(victim, envelope("rightful")))).status == 204
    assert len(api.unpack_page((await at.send(collection(victim))).body)) == 1


async def test_being_stopped_tells_nothing_about_what_exists(at: RelayAt) -> None:
    """Each pair asks the same of something that is there and of something that is not."""
    owned, nobody = [await at.mailbox() for _ in range(3)], OwnedMailbox.generate(draw)
    owned.append(OwnedMailbox.generate(draw))
    allowance, (ticket, spare) = await at.allowance(1), await at.tickets(2)
    nobodies = [OwnedMailbox.generate(draw) for _ in range(2)]
    for each in nobodies:
        # As many requests as it took to make the mailboxes that exist.
        assert (await at.send(creation(each, Ticket(draw(32))))).status == 404
    pairs = [
        (deposit(owned[0], envelope("a")), deposit(nobody, envelope("a"))),
        (collection(owned[1]), collection(nobodies[0])),
        (acknowledgement(owned[2], 1), acknowledgement(nobodies[1], 1)),
        (creation(owned[3], spare), creation(nobody, Ticket(draw(32)))),
        (tickets_request(allowance, ticket), tickets_request(Allowance(draw(32)), ticket)),
        (put(ticket), put(Ticket(draw(32)))),
        (
            claim(ticket.hash(), ClaimToken(draw(32))),
            claim(draw(32), ClaimToken(draw(32))),
        ),
    ]
    for existing, missing in pairs:
        there = [await at.send(existing) for _ in range(BURST + 2)]
        not_there = [await at.send(missing) for _ in range(BURST + 2)]
        stopped = [[answer.status == 429 for answer in answers] for answers in (there, not_there)]
        assert stopped[0] == stopped[1], existing.path
        assert stopped[0][-1], existing.path
        assert there[-1].without_date() == not_there[-1].without_date()


async def test_collecting_acknowledging_and_waiting_share_an_owners_pace(at: RelayAt) -> None:
    owned = await at.mailbox()  # its creation is the first
    asked = (collection(owned), acknowledgement(owned, 0), wait((owned, 0), seconds=0))
    assert await statuses(at, *asked) == [200, 204, 200]
    assert await statuses(at, *asked) == [429] * 3


async def test_a_batch_counts_as_its_operations(at: RelayAt) -> None:
    one, two = await at.mailbox(), await at.mailbox()
    deposits = [
        BatchedDeposit(each.deposit_key, each.owner_key.mailbox(), envelope(f"{number}"))
        for number in range(2 * BURST)
        for each in (one, two)
    ]
    answer = await at.send(batch_request(*deposits))
    results = unpack_results(answer.body, len(deposits))
    assert [result.status for result in results] == [204] * 2 * BURST + [429] * 2 * BURST
    assert (await at.send(deposit(one, envelope("alone")))).status == 429
    owners: list[BatchedOperation] = [
        *[BatchedCollection(one.owner_key, 0, 1)] * 2,
        *[BatchedAcknowledgement(one.owner_key, 0)] * 2,
    ]
    answer = await at.send(batch_request(*owners))
    assert [result.status for result in unpack_results(answer.body, 4)] == [200, 200, 204, 429]


async def test_tickets_count_one_by_one(at: RelayAt) -> None:
    allowance = await at.allowance(100)
    tickets = [Ticket(draw(32)) for _ in range(BURST)]
    assert (await at.send(tickets_request(allowance, *tickets))).status == 204
    assert (await at.send(tickets_request(allowance, tickets[0]))).status == 429


# From how many addresses


async def test_a_flood_from_many_addresses_is_treated_as_one_from_a_single_address(
    tmp_path: Path,
) -> None:
    sources = [f"127.0.{number // 250}.{number % 250 + 1}" for number in range(500)]
    answers = {}
    for name, chosen in (("one", sources[:1] * 60), ("many", sources[::8][:60])):
        folder = tmp_path / name
        folder.mkdir()
        async with relay(folder, limits=STRICT) as at:
            owned, missing = await at.mailbox(), OwnedMailbox.generate(draw)
            asked = [deposit(owned, envelope("a")), collection(missing), collection(owned)] * 20
            answers[name] = [
                (await send_from(source, at, request)).without_date()
                for source, request in zip(chosen, asked, strict=True)
            ]
            written = at.log.getvalue()
            assert not [source for source in chosen if source in written]
    assert len(set(sources[::8][:60])) == 60
    assert answers["one"] == answers["many"]
    assert Counter(status for status, *_ in answers["one"]) == {204: 4, 404: 4, 200: 3, 429: 49}


async def send_from(source: str, at: RelayAt, request: Request) -> Answer:
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port, local_addr=(source, 0))
        try:
            writer.write(request.encode())
            return await read_answer(reader)
        finally:
            writer.close()
