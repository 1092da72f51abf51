"""Pitfall: a different error or time for "no such mailbox"."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositKey,
    OwnedMailbox,
    OwnerKey,
    Ticket,
)
from tests.support.relays import (
    REFUSAL,
    RelayAt,
    Request,
    acknowledgement,
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
)

SAMPLES = 150
BAND = 0.2
"""How far from one half the chance may be that one cause takes longer than the other."""


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[RelayAt]:
    async with relay(tmp_path) as running:
        yield running


def put(ticket: Ticket, locator: bytes) -> Request:
    path = named("invitations", locator, "?days=3")
    return Request("PUT", path, shown(api.TICKET, ticket), envelope("bundle"), api.BINARY)


def of_invitation(method: str, locator: bytes, rest: str = "") -> Request:
    token = ClaimToken(draw(32))
    return Request(method, named("invitations", locator, rest), shown(api.CLAIM, token))


async def causes(at: RelayAt) -> dict[str, Request]:
    """Return a request for each cause of a refusal."""
    owned, (ticket, spare) = await at.mailbox(), await at.tickets(2)
    allowance = await at.allowance(1)
    taken, claimed = draw(32), draw(32)
    for put_ticket, locator in ((ticket, taken), (spare, claimed)):
        assert (await at.send(put(put_ticket, locator))).status == 204
    assert (await at.send(of_invitation("POST", claimed, "/claim"))).status == 200
    (another,) = await at.tickets(1)
    nobody = OwnedMailbox.generate(draw)
    wrong_owner = shown(api.OWNER, OwnerKey(draw(32)))
    wrong_deposit = shown(api.DEPOSIT, DepositKey(draw(32)))
    two = Ticket(draw(32)), Ticket(draw(32))
    return {
        "deposit: no such mailbox": deposit(nobody, envelope("a")),
        "deposit: wrong key": replace(deposit(owned, envelope("a")), authorization=wrong_deposit),
        "collect: no such mailbox": collection(nobody),
        "collect: wrong key": replace(collection(owned), authorization=wrong_owner),
        "collect: another mailbox": replace(
            collection(owned), authorization=shown(api.OWNER, (await at.mailbox()).owner_key)
        ),
        "acknowledge: no such mailbox": acknowledgement(nobody, 1),
        "acknowledge: wrong key": replace(acknowledgement(owned, 1), authorization=wrong_owner),
        "create: no such ticket": creation(nobody, Ticket(draw(32))),
        "create: wrong key": replace(creation(owned, another), authorization=wrong_owner),
        "issue: no such allowance": tickets_request(Allowance(draw(32)), *two),
        "issue: used up": tickets_request(allowance, *two),
        "put: no such ticket": put(Ticket(draw(32)), draw(32)),
        "put: locator taken": put(another, taken),
        "claim: no such locator": of_invitation("POST", draw(32), "/claim"),
        "claim: claimed already": of_invitation("POST", claimed, "/claim"),
        "confirm: no such locator": of_invitation("DELETE", draw(32)),
        "confirm: not claimed": of_invitation("DELETE", taken),
        "confirm: another's claim": of_invitation("DELETE", claimed),
        "no such path": Request("GET", "/v1/mailbox"),
    }


async def test_every_refusal_is_the_same_answer_to_the_last_byte(at: RelayAt) -> None:
    answers = {cause: await at.send(request) for cause, request in (await causes(at)).items()}
    reference = next(iter(answers.values())).without_date()
    assert reference[0] == 404
    assert reference[2] == REFUSAL
    for cause, answer in answers.items():
        assert answer.without_date() == reference, cause


async def test_a_refused_request_has_changed_nothing(at: RelayAt) -> None:
    owned = await at.mailbox()
    await at.send(deposit(owned, envelope("kept")))
    wrong = shown(api.OWNER, OwnerKey(draw(32)))
    close = Request("DELETE", named("mailboxes", owned.owner_key.mailbox()))
    for request in (acknowledgement(owned, 1), close):
        assert (await at.send(replace(request, authorization=wrong))).body == REFUSAL
    assert len(api.unpack_page((await at.send(collection(owned))).body)) == 1


async def test_a_key_of_another_mailbox_acknowledges_neither(at: RelayAt) -> None:
    victim, attacker = await at.mailbox(), await at.mailbox()
    for owned in (victim, attacker):
        await at.send(deposit(owned, envelope("kept")))
    own_key = shown(api.OWNER, attacker.owner_key)
    request = replace(acknowledgement(victim, 1), authorization=own_key)
    assert (await at.send(request)).body == REFUSAL
    for owned in (victim, attacker):
        assert len(api.unpack_page((await at.send(collection(owned))).body)) == 1


async def timed(at: RelayAt, *requests: Request) -> list[list[float]]:
    """Time requests over one connection, in turn and every other time in reverse."""
    raw = [request.encode(stays=True) for request in requests]
    times: list[list[float]] = [[] for _ in raw]
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    pairs = list(zip(raw, times, strict=True))
    for number in range(SAMPLES):
        for request, spent in pairs[:: -1 if number % 2 else 1]:
            start = time.perf_counter()
            writer.write(request)
            await read_answer(reader)
            spent.append(time.perf_counter() - start)
    writer.close()
    return times


def chance_of_longer(first: list[float], second: list[float]) -> float:
    """Return how often one of `second` took longer than one of `first` (the AUC)."""
    pairs = [(one < other) + (one == other) / 2 for one in first for other in second]
    return sum(pairs) / len(pairs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("deposit: no such mailbox", "deposit: wrong key"),
        ("collect: no such mailbox", "collect: another mailbox"),
        ("acknowledge: no such mailbox", "acknowledge: wrong key"),
        ("issue: no such allowance", "issue: used up"),
        ("put: no such ticket", "put: locator taken"),
        ("claim: no such locator", "claim: claimed already"),
        ("confirm: no such locator", "confirm: another's claim"),
    ],
)
async def test_the_time_does_not_tell_the_causes_apart(at: RelayAt, one: str, other: str) -> None:
    every = await causes(at)
    first, second = await timed(at, every[one], every[other])
    assert 0.5 - BAND < chance_of_longer(first, second) < 0.5 + BAND
