"""Two nodes over one PostgreSQL that use the same right at the same moment, many times over."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from types import ModuleType

import pytest

from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.database import opened_store
from e2etherapy.relay.postgres import deposits, invitations, spread_deposits
from e2etherapy.relay.store import Contradiction, Deposit, Invitation, PutMark, Refused
from e2etherapy.wire.locator import Locator
from tests.conftest import PROFILE
from tests.support import postgres
from tests.support.races import Course, Entry
from tests.support.relays import TODAY, draw, envelope

RACES = 4_000 if PROFILE == "nightly" else 160


@pytest.fixture(params=postgres.KINDS)
async def course(
    request: pytest.FixtureRequest, postgres_server: postgres.Server
) -> AsyncIterator[Course]:
    place = await postgres_server.relay(request.param)
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(opened_store(place)) for _ in range(2)]
        yield Course(nodes, random.Random(5), RACES)


def depositing(mailbox: MailboxId, key: DepositKeyHash, text: str) -> Entry:
    content = envelope(text)
    return lambda node: node.deposit(Deposit(mailbox, key, sha256(content), content, TODAY))


def acknowledging(mailbox: MailboxId, through: int) -> Entry:
    return lambda node: node.acknowledge(mailbox, through)


def creating(mailbox: MailboxId, key: DepositKeyHash, ticket: TicketHash) -> Entry:
    return lambda node: node.create_mailbox(mailbox, key, ticket)


def putting(ticket: TicketHash, locator: Locator, mark: PutMark) -> Entry:
    invitation = Invitation(locator, envelope("bundle"), TODAY + 3)
    return lambda node: node.put_invitation(ticket, mark, invitation)


def claiming(locator: Locator, token: ClaimHash) -> Entry:
    return lambda node: node.claim(locator, token, TODAY)


async def test_of_two_claims_one_wins_and_keeps_winning(course: Course) -> None:
    async def race(course: Course) -> None:
        (ticket,), locator = await course.tickets(1), Locator(draw(32))
        await putting(ticket, locator, PutMark(draw(32)))(course.nodes[0])
        tokens = [ClaimHash(draw(32)) for _ in range(2)]
        claims = [claiming(locator, token) for token in tokens]
        outcomes = await course.both(*claims)
        assert sorted(map(repr, outcomes)) == sorted(map(repr, [envelope("bundle"), Refused]))
        assert await course.both(*claims) == outcomes

    await course.run(race)


async def test_a_ticket_pays_for_one_of_two_mailboxes(course: Course) -> None:
    async def race(course: Course) -> None:
        (ticket,) = await course.tickets(1)
        boxes = [(MailboxId(draw(32)), DepositKeyHash(draw(32))) for _ in range(2)]
        outcomes = await course.both(*(creating(*box, ticket) for box in boxes))
        assert sorted(map(str, outcomes)) == sorted(map(str, [None, Refused]))
        exist = [await course.nodes[0].has_mailbox(box[0]) for box in boxes]
        assert exist == [outcome is None for outcome in outcomes]
        assert not await course.is_unspent(ticket)

    await course.run(race)


async def test_a_mailbox_created_twice_at_once_costs_one_ticket(course: Course) -> None:
    async def race(course: Course) -> None:
        tickets, mailbox = await course.tickets(2), MailboxId(draw(32))
        key = DepositKeyHash(draw(32))
        outcomes = await course.both(*(creating(mailbox, key, ticket) for ticket in tickets))
        assert outcomes == [None, None]
        assert [await course.is_unspent(ticket) for ticket in tickets].count(True) == 1

    await course.run(race)


async def test_of_two_deposit_keys_for_one_mailbox_one_counts(course: Course) -> None:
    async def race(course: Course) -> None:
        tickets, mailbox = await course.tickets(2), MailboxId(draw(32))
        keys = [DepositKeyHash(draw(32)) for _ in range(2)]
        outcomes = await course.both(*map(creating, [mailbox] * 2, keys, tickets))
        assert sorted(map(str, outcomes)) == sorted(map(str, [None, Contradiction]))
        winner = outcomes.index(None)
        assert await course.both(*(depositing(mailbox, key, "a") for key in keys)) == [
            None if number == winner else Refused for number in range(2)
        ]
        assert [await course.is_unspent(ticket) for ticket in tickets] == [
            number != winner for number in range(2)
        ]

    await course.run(race)


async def test_an_acknowledgement_takes_nothing_that_arrives_at_that_moment(
    course: Course,
) -> None:
    async def race(course: Course) -> None:
        mailbox, key = await course.mailbox()
        await depositing(mailbox, key, "a")(course.nodes[0])
        runners = [depositing(mailbox, key, text) for text in "bcd"]
        outcomes = await course.both(acknowledging(mailbox, 1), *runners)
        assert outcomes == [None] * 4
        waiting = await course.waiting(mailbox)
        assert [position for position, _ in waiting] == [2, 3, 4]
        assert {content for _, content in waiting} == {envelope(text) for text in "bcd"}

    await course.run(race)


async def test_an_envelope_that_comes_again_while_it_is_acknowledged_is_there_once_or_gone(
    course: Course,
) -> None:
    async def race(course: Course) -> None:
        mailbox, key = await course.mailbox()
        again = depositing(mailbox, key, "a")
        await again(course.nodes[0])
        assert await course.both(acknowledging(mailbox, 1), again) == [None, None]
        waiting = await course.waiting(mailbox)
        assert waiting in ([], [(2, envelope("a"))])
        await depositing(mailbox, key, "z")(course.nodes[1])
        assert await course.waiting(mailbox) == [*waiting, (len(waiting) + 2, envelope("z"))]

    await course.run(race)


async def test_the_same_envelope_at_both_nodes_is_stored_once(course: Course) -> None:
    async def race(course: Course) -> None:
        mailbox, key = await course.mailbox()
        runners = [depositing(mailbox, key, text) for text in ("a", "a", "b", "a", "b")]
        assert await course.both(*runners) == [None] * 5
        waiting = await course.waiting(mailbox)
        assert [position for position, _ in waiting] == [1, 2]
        assert {content for _, content in waiting} == {envelope("a"), envelope("b")}

    await course.run(race)


async def test_a_mailbox_that_is_closed_during_deposits_leaves_nothing(course: Course) -> None:
    async def race(course: Course) -> None:
        mailbox, key = await course.mailbox()
        (ticket,) = await course.tickets(1)
        runners = [depositing(mailbox, key, text) for text in "abc"]
        closed, *outcomes = await course.both(lambda node: node.close_mailbox(mailbox), *runners)
        assert closed is None
        assert set(outcomes) <= {None, Refused}
        assert not any([await node.has_mailbox(mailbox) for node in course.nodes])
        await course.nodes[1].create_mailbox(mailbox, key, ticket)
        assert await course.waiting(mailbox) == []
        await depositing(mailbox, key, "new")(course.nodes[0])
        assert await course.waiting(mailbox) == [(1, envelope("new"))]

    await course.run(race)


async def test_one_locator_keeps_the_invitation_of_one_ticket(course: Course) -> None:
    async def race(course: Course) -> None:
        tickets, locator = await course.tickets(2), Locator(draw(32))
        marks = [PutMark(draw(32)) for _ in range(2)]
        outcomes = await course.both(*map(putting, tickets, [locator] * 2, marks))
        assert sorted(map(str, outcomes)) == sorted(map(str, [None, Refused]))
        loser = outcomes.index(Refused)
        elsewhere = putting(tickets[loser], Locator(draw(32)), PutMark(draw(32)))
        assert await course.both(elsewhere) == [None]

    await course.run(race)


async def test_one_ticket_puts_one_of_two_invitations(course: Course) -> None:
    async def race(course: Course) -> None:
        (ticket,), locators = await course.tickets(1), [Locator(draw(32)) for _ in range(2)]
        marks = [PutMark(draw(32)) for _ in range(2)]
        outcomes = await course.both(*map(putting, [ticket] * 2, locators, marks))
        assert sorted(map(str, outcomes)) == sorted(map(str, [None, Contradiction]))
        claims = await course.both(
            *(claiming(locator, ClaimHash(draw(32))) for locator in locators)
        )
        assert [one == envelope("bundle") for one in claims] == [one is None for one in outcomes]

    await course.run(race)


async def test_an_allowance_is_not_overdrawn_by_two_nodes_at_once(course: Course) -> None:
    async def race(course: Course) -> None:
        allowance, tickets = AllowanceHash(draw(32)), [TicketHash(draw(32)) for _ in range(5)]
        await course.nodes[0].grant(allowance, 3)
        parts = [tickets[:2], tickets[1:3], tickets[3:]]
        outcomes = await course.both(*(_issuing(allowance, part) for part in parts))
        issued = {
            ticket
            for part, outcome in zip(parts, outcomes, strict=True)
            if outcome is None
            for ticket in part
        }
        assert set(outcomes) == {None, Refused}
        unspent = [await course.is_unspent(ticket) for ticket in tickets]
        assert unspent == [ticket in issued for ticket in tickets]
        assert len(issued) <= 3

    await course.run(race)


def _issuing(allowance: AllowanceHash, tickets: list[TicketHash]) -> Entry:
    return lambda node: node.issue(allowance, tickets)


@pytest.mark.parametrize(
    ("course", "module", "statement", "guard", "lost"),
    [
        (
            "postgres",
            invitations,
            "_LOOK_UP",
            "FOR UPDATE",
            test_of_two_claims_one_wins_and_keeps_winning,
        ),
        (
            "postgres",
            deposits,
            "WRITE",
            "AND mailbox.last_position = new.seen",
            test_the_same_envelope_at_both_nodes_is_stored_once,
        ),
        (
            "spread",
            spread_deposits,
            "_LOCK",
            "FOR NO KEY UPDATE",
            test_the_same_envelope_at_both_nodes_is_stored_once,
        ),
    ],
    indirect=["course"],
)
async def test_a_race_without_its_guard_is_lost_and_noticed(
    course: Course,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    statement: str,
    guard: str,
    lost: Callable[[Course], Awaitable[None]],
) -> None:
    assert guard in getattr(module, statement)
    monkeypatch.setattr(module, statement, getattr(module, statement).replace(guard, ""))
    with pytest.raises(AssertionError):
        await lost(course)
