"""The relay over HTTP, as docs/protocol.md, section 9, has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import ClaimToken, DepositKey, OwnedMailbox
from tests.support.invitation_requests import claim, confirm, put
from tests.support.relays import (
    REFUSAL,
    TODAY,
    RelayAt,
    Request,
    acknowledgement,
    collection,
    creation,
    deposit,
    draw,
    envelope,
    named,
    relay,
    shown,
    wait,
)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[RelayAt]:
    async with relay(tmp_path) as running:
        yield running


async def test_an_envelope_goes_through_a_mailbox(at: RelayAt) -> None:
    owned = await at.mailbox()
    for text in ("first", "second"):
        assert (await at.send(deposit(owned, envelope(text)))).status == 204
    answer = await at.send(collection(owned))
    assert answer.header("Content-Type") == "application/octet-stream"
    page = api.unpack_page(answer.body)
    assert [(item.position, item.envelope) for item in page] == [
        (1, envelope("first")),
        (2, envelope("second")),
    ]
    assert len((await at.send(collection(owned, after=1, limit=1))).body) == api.RECORD_SIZE
    assert (await at.send(acknowledgement(owned, 2))).status == 204
    assert (await at.send(collection(owned))).body == b""


async def test_an_invitation_is_claimed_once_and_forgotten_when_confirmed(at: RelayAt) -> None:
    (ticket,) = await at.tickets(1)
    winner, rival = ClaimToken(draw(32)), ClaimToken(draw(32))
    assert (await at.send(put(ticket, envelope("bundle")))).status == 204
    assert (await at.send(claim(winner))).body == envelope("bundle")
    assert (await at.send(claim(rival))).body == REFUSAL
    assert (await at.send(confirm(rival))).body == REFUSAL
    assert (await at.send(claim(winner))).body == envelope("bundle")
    assert (await at.send(confirm(winner))).status == 204
    assert (await at.send(claim(winner))).body == REFUSAL


async def test_a_ticket_puts_one_invitation_and_then_makes_a_mailbox(at: RelayAt) -> None:
    (ticket,) = await at.tickets(1)
    assert (await at.send(put(ticket, envelope("bundle")))).status == 204
    assert (await at.send(put(ticket, envelope("bundle")))).status == 204
    assert (await at.send(put(ticket, envelope("another")))).status == 409
    assert (await at.send(put(ticket, envelope("bundle"), locator=b"\x08" * 32))).status == 409
    owned = OwnedMailbox.generate(draw)
    assert (await at.send(creation(owned, ticket))).status == 204
    assert (await at.send(creation(owned, ticket))).status == 204
    changed = OwnedMailbox(owned.owner_key, DepositKey(draw(32)))
    assert (await at.send(creation(changed, ticket))).status == 409


async def test_an_invitation_is_over_after_its_days(tmp_path: Path) -> None:
    today = [TODAY]
    async with relay(tmp_path, today) as at:
        (ticket,) = await at.tickets(1)
        assert (await at.send(put(ticket, envelope("bundle"), days=1))).status == 204
        today[0] = TODAY + 2
        assert (await at.send(claim(ClaimToken(draw(32))))).body == REFUSAL


async def test_days_of_a_repeated_put_are_not_looked_at_but_have_their_form(tmp_path: Path) -> None:
    today = [TODAY]
    async with relay(tmp_path, today) as at:
        (ticket,) = await at.tickets(1)
        for days in (2, 30, 1):
            assert (await at.send(put(ticket, envelope("bundle"), days=days))).status == 204
        assert (await at.send(put(ticket, envelope("bundle"), days=31))).status == 400
        today[0] = TODAY + 3
        assert (await at.send(claim(ClaimToken(draw(32))))).body == REFUSAL
        today[0] = TODAY + 2
        assert (await at.send(claim(ClaimToken(draw(32))))).body == envelope("bundle")


async def test_a_claim_ends_at_the_end_of_the_next_day(tmp_path: Path) -> None:
    today = [TODAY]
    async with relay(tmp_path, today) as at:
        (ticket,), winner = await at.tickets(1), ClaimToken(draw(32))
        await at.send(put(ticket, envelope("bundle"), days=30))
        for day in (TODAY, TODAY + 1):
            today[0] = day
            assert (await at.send(claim(winner))).body == envelope("bundle")
        today[0] = TODAY + 2
        for late in (claim(winner), confirm(winner), claim(ClaimToken(draw(32)))):
            assert (await at.send(late)).body == REFUSAL


async def test_a_closed_mailbox_is_gone(at: RelayAt) -> None:
    owned = await at.mailbox()
    key = shown(api.OWNER, owned.owner_key)
    close = Request("DELETE", named("mailboxes", owned.owner_key.mailbox()), key)
    assert (await at.send(close)).status == 204
    assert (await at.send(close)).body == REFUSAL
    assert (await at.send(collection(owned))).body == REFUSAL


async def test_health_tells_the_day_and_nothing_finer(at: RelayAt) -> None:
    answer = await at.send(Request("GET", "/v1/health"))
    told = answer.json
    assert "batch" in told.pop("features")
    assert told == {"status": "ok", "versions": ["v1"], "now": "2024-10-04"}


async def test_health_names_what_is_offered_and_nothing_else(at: RelayAt) -> None:
    offered = (await at.send(Request("GET", "/v1/health"))).json["features"]
    for name in api.FEATURES:
        status = (await at.send(Request("POST", f"/v1/{name}", None, b"", api.JSON))).status
        assert status != 404 if name in offered else status == 404
    assert set(offered) <= set(api.FEATURES)


async def test_no_answer_names_the_software_or_may_be_kept_by_a_cache(at: RelayAt) -> None:
    for request in (Request("GET", "/v1/health"), Request("GET", "/nowhere"), b"no HTTP\r\n\r\n"):
        headers = dict((await at.send(request)).headers)
        assert "Server" not in headers
        assert headers["Cache-Control"] == "no-store"


async def test_a_wait_answers_at_once_when_something_is_there(at: RelayAt) -> None:
    empty, filled = await at.mailbox(), await at.mailbox()
    unknown = OwnedMailbox.generate(draw)
    await at.send(deposit(filled, envelope("a")))
    answer = await at.send(wait((unknown, 0), (empty, 0), (filled, 0), (filled, 1), seconds=55))
    assert answer.json == {"arrived": [2]}


async def test_a_wait_of_no_time_looks_once(at: RelayAt) -> None:
    owned = await at.mailbox()
    assert (await at.send(wait((owned, 0), seconds=0))).json == {"arrived": []}
    await at.send(deposit(owned, envelope("a")))
    assert (await at.send(wait((owned, 0), seconds=0))).json == {"arrived": [0]}
    assert (await at.send(wait((owned, 1), seconds=0.01))).json == {"arrived": []}


async def test_a_deposit_wakes_whoever_waits(at: RelayAt) -> None:
    owned, other = await at.mailbox(), await at.mailbox()
    waiting = asyncio.create_task(at.send(wait((other, 0), (owned, 0), seconds=55)))
    # Until one that comes later is answered, the one before it has been taken up.
    await at.send(wait((other, 0), seconds=0.01))
    assert not waiting.done()
    await at.send(deposit(owned, envelope("a")))
    assert (await waiting).json == {"arrived": [1]}


async def test_a_hundred_and_twenty_eight_mailboxes_fit_into_one_wait(at: RelayAt) -> None:
    boxes = [OwnedMailbox.generate(draw) for _ in range(129)]
    most = await at.send(wait(*((box, 2**63 - 1) for box in boxes[:128]), seconds=0))
    assert most.json == {"arrived": []}
    assert (await at.send(wait(*((box, 0) for box in boxes), seconds=0))).status == 400


async def test_any_host_may_ask_with_a_whole_url(at: RelayAt) -> None:
    assert (await at.send(Request("GET", "http://relay.example/v1/health"))).status == 200


async def test_a_connection_carries_many_requests(at: RelayAt) -> None:
    owned = await at.mailbox()
    raw = deposit(owned, envelope("a")).encode(stays=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    writer.write(raw * 3)
    for _ in range(3):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 204 ")
    writer.close()


async def test_a_fault_of_the_relay_is_a_problem_without_its_words(
    at: RelayAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> bool:
        raise RuntimeError("the key of Robin")

    monkeypatch.setattr("e2etherapy.relay.sqlite.store.SqliteStore.has_mailbox", broken)
    answer = await at.send(collection(OwnedMailbox.generate(draw)))
    assert (answer.status, answer.header("Content-Type")) == (500, "application/problem+json")
    assert "Robin" not in f"{answer}{at.log.getvalue()}"
    assert '"exception": "RuntimeError"' in at.log.getvalue()
