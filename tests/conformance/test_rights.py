"""Allowances, tickets and invitations: what every store does (relay/store.py)."""

from __future__ import annotations

import asyncio

import pytest

from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.relay.store import Contradiction, Invitation, PutMark, Refused
from e2etherapy.wire.locator import Locator
from tests.conformance.conftest import Bench
from tests.conformance.test_mailboxes import expire
from tests.support.relays import TODAY, draw, envelope


def invitation(last_day: int = TODAY + 3) -> Invitation:
    return Invitation(Locator(draw(32)), envelope("bundle"), last_day)


async def put(bench: Bench, last_day: int = TODAY + 3) -> Invitation:
    (ticket,) = await bench.tickets(1)
    made = invitation(last_day)
    await bench.store.put_invitation(ticket, PutMark(draw(32)), made)
    return made


async def is_issued(bench: Bench, ticket: TicketHash) -> bool:
    """Say whether there is such a ticket; spends it."""
    try:
        await bench.store.create_mailbox(MailboxId(draw(32)), DepositKeyHash(draw(32)), ticket)
    except Refused:
        return False
    return True


def some_tickets(count: int) -> list[TicketHash]:
    return [TicketHash(draw(32)) for _ in range(count)]


async def test_an_allowance_issues_as_many_tickets_as_it_says(bench: Bench) -> None:
    allowance, tickets = AllowanceHash(draw(32)), some_tickets(4)
    await bench.store.grant(allowance, 3)
    await bench.store.issue(allowance, tickets[:2])
    await bench.store.issue(allowance, tickets[2:3])
    with pytest.raises(Refused):
        await bench.store.issue(allowance, tickets[3:])
    assert [await is_issued(bench, ticket) for ticket in tickets] == [True, True, True, False]


async def test_tickets_are_issued_all_or_none(bench: Bench) -> None:
    allowance, tickets = AllowanceHash(draw(32)), some_tickets(3)
    await bench.store.grant(allowance, 2)
    with pytest.raises(Refused):
        await bench.store.issue(allowance, tickets)
    assert not await is_issued(bench, tickets[0])
    await bench.store.issue(allowance, tickets[:2])


async def test_issuing_the_same_tickets_again_costs_nothing(bench: Bench) -> None:
    allowance, tickets = AllowanceHash(draw(32)), some_tickets(3)
    await bench.store.grant(allowance, 3)
    await bench.store.issue(allowance, [*tickets[:2], tickets[0]])
    await bench.restart()
    await bench.store.issue(allowance, tickets)
    await bench.store.issue(allowance, tickets)
    with pytest.raises(Refused):
        await bench.store.issue(allowance, some_tickets(1))


async def test_an_unknown_allowance_issues_nothing_not_even_known_tickets(bench: Bench) -> None:
    known = await bench.tickets(1)
    for tickets in (some_tickets(1), known, []):
        with pytest.raises(Refused):
            await bench.store.issue(AllowanceHash(draw(32)), tickets)


async def test_parallel_requests_do_not_overdraw_an_allowance(bench: Bench) -> None:
    allowance, tickets = AllowanceHash(draw(32)), some_tickets(6)
    await bench.store.grant(allowance, 4)
    outcomes = await asyncio.gather(
        *(bench.store.issue(allowance, [ticket]) for ticket in tickets), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes].count(Refused) == 2
    assert [await is_issued(bench, ticket) for ticket in tickets].count(True) == 4


async def test_an_allowance_is_granted_once(bench: Bench) -> None:
    allowance = AllowanceHash(draw(32))
    await bench.store.grant(allowance, 1)
    with pytest.raises(Contradiction):
        await bench.store.grant(allowance, 1)


async def test_of_two_claimants_one_wins(bench: Bench) -> None:
    made = await put(bench)
    tokens = [ClaimHash(draw(32)) for _ in range(5)]
    outcomes = await asyncio.gather(
        *(bench.store.claim(made.locator, token, TODAY) for token in tokens),
        return_exceptions=True,
    )
    assert outcomes.count(made.bundle) == 1
    assert [type(outcome) for outcome in outcomes].count(Refused) == 4


async def test_the_winner_may_ask_again_also_after_a_restart(bench: Bench) -> None:
    made, winner = await put(bench), ClaimHash(draw(32))
    await bench.store.claim(made.locator, winner, TODAY)
    await bench.restart()
    assert await bench.store.claim(made.locator, winner, TODAY) == made.bundle
    with pytest.raises(Refused):
        await bench.store.claim(made.locator, ClaimHash(draw(32)), TODAY)


async def test_a_confirmed_invitation_is_forgotten(bench: Bench) -> None:
    made, winner = await put(bench), ClaimHash(draw(32))
    await bench.store.claim(made.locator, winner, TODAY)
    with pytest.raises(Refused):
        await bench.store.forget_invitation(made.locator, ClaimHash(draw(32)), TODAY)
    await bench.store.forget_invitation(made.locator, winner, TODAY)
    with pytest.raises(Refused):
        await bench.store.claim(made.locator, winner, TODAY)


@pytest.mark.parametrize("token", [bytes(32), b"\x01" * 32], ids=["zeros", "ones"])
async def test_an_unclaimed_invitation_cannot_be_deleted(bench: Bench, token: bytes) -> None:
    made = await put(bench)
    with pytest.raises(Refused):
        await bench.store.forget_invitation(made.locator, ClaimHash(token), TODAY)
    assert await bench.store.claim(made.locator, ClaimHash(draw(32)), TODAY) == made.bundle


async def test_an_unknown_locator_is_refused(bench: Bench) -> None:
    with pytest.raises(Refused):
        await bench.store.claim(Locator(draw(32)), ClaimHash(draw(32)), TODAY)


async def test_a_ticket_puts_one_invitation_and_stays_unspent(bench: Bench) -> None:
    (ticket,) = await bench.tickets(1)
    await bench.store.put_invitation(ticket, PutMark(draw(32)), invitation())
    with pytest.raises(Contradiction):
        await bench.store.put_invitation(ticket, PutMark(draw(32)), invitation())
    assert await is_issued(bench, ticket)


async def test_putting_the_same_invitation_again_changes_nothing(bench: Bench) -> None:
    (ticket,), made, mark = await bench.tickets(1), invitation(), PutMark(draw(32))
    await bench.store.put_invitation(ticket, mark, made)
    await bench.store.put_invitation(ticket, mark, made)
    winner = ClaimHash(draw(32))
    await bench.store.claim(made.locator, winner, TODAY)
    await bench.store.forget_invitation(made.locator, winner, TODAY)
    await bench.store.put_invitation(ticket, mark, made)
    with pytest.raises(Refused):
        await bench.store.claim(made.locator, winner, TODAY)


async def test_an_invitation_that_is_put_again_keeps_its_first_last_day(bench: Bench) -> None:
    (ticket,), made, mark = await bench.tickets(1), invitation(TODAY + 3), PutMark(draw(32))
    await bench.store.put_invitation(ticket, mark, made)
    for last_day in (TODAY + 30, TODAY + 1):
        again = Invitation(made.locator, made.bundle, last_day)
        await bench.store.put_invitation(ticket, mark, again)
    with pytest.raises(Refused):
        await bench.store.claim(made.locator, ClaimHash(draw(32)), TODAY + 4)
    assert await bench.store.claim(made.locator, ClaimHash(draw(32)), TODAY + 3) == made.bundle


async def test_an_invitation_whose_ticket_is_spent_cannot_be_put_again(bench: Bench) -> None:
    (ticket,), made, mark = await bench.tickets(1), invitation(), PutMark(draw(32))
    await bench.store.put_invitation(ticket, mark, made)
    assert await is_issued(bench, ticket)
    with pytest.raises(Refused):
        await bench.store.put_invitation(ticket, mark, made)


async def test_an_unknown_ticket_or_a_taken_locator_is_refused(bench: Bench) -> None:
    made, (ticket,) = await put(bench), await bench.tickets(1)
    rival = Invitation(made.locator, envelope("rival"), TODAY + 3)
    for refused in (ticket, TicketHash(draw(32))):
        with pytest.raises(Refused):
            await bench.store.put_invitation(refused, PutMark(draw(32)), rival)
    assert await bench.store.claim(made.locator, ClaimHash(draw(32)), TODAY) == made.bundle
    await bench.store.put_invitation(ticket, PutMark(draw(32)), invitation())


async def test_an_invitation_can_be_claimed_up_to_its_last_day(bench: Bench) -> None:
    made, late = await put(bench), await put(bench)
    assert await bench.store.claim(made.locator, ClaimHash(draw(32)), TODAY + 3) == made.bundle
    with pytest.raises(Refused):
        await bench.store.claim(late.locator, ClaimHash(draw(32)), TODAY + 4)


async def test_an_unconfirmed_claim_ends_after_one_day(bench: Bench) -> None:
    made, winner = await put(bench), ClaimHash(draw(32))
    await bench.store.claim(made.locator, winner, TODAY)
    assert await bench.store.claim(made.locator, winner, TODAY + 1) == made.bundle
    for refused in (winner, ClaimHash(draw(32))):
        with pytest.raises(Refused):
            await bench.store.claim(made.locator, refused, TODAY + 2)
    with pytest.raises(Refused):
        await bench.store.forget_invitation(made.locator, winner, TODAY + 2)


async def test_a_claim_on_the_last_day_has_its_own_day_after(bench: Bench) -> None:
    made, winner = await put(bench, TODAY), ClaimHash(draw(32))
    await bench.store.claim(made.locator, winner, TODAY)
    assert await expire(bench, TODAY + 1) == (0, 0)
    assert await bench.store.claim(made.locator, winner, TODAY + 1) == made.bundle
    await bench.store.forget_invitation(made.locator, winner, TODAY + 1)
    with pytest.raises(Refused):
        await bench.store.claim(made.locator, winner, TODAY + 1)


async def test_to_ask_again_makes_a_claim_no_longer(bench: Bench) -> None:
    made, winner = await put(bench, TODAY + 9), ClaimHash(draw(32))
    for day in (TODAY, TODAY + 1):
        assert await bench.store.claim(made.locator, winner, day) == made.bundle
    with pytest.raises(Refused):
        await bench.store.claim(made.locator, winner, TODAY + 2)


async def test_the_place_of_an_invitation_is_free_when_it_was_deleted(bench: Bench) -> None:
    made, (ticket,), mark = await put(bench, TODAY), await bench.tickets(1), PutMark(draw(32))
    next_one = Invitation(made.locator, envelope("next"), TODAY + 9)
    with pytest.raises(Refused):
        await bench.store.put_invitation(ticket, mark, next_one)
    assert await expire(bench, TODAY + 1) == (0, 1)
    await bench.store.put_invitation(ticket, mark, next_one)
    assert await bench.store.claim(made.locator, ClaimHash(draw(32)), TODAY + 1) == envelope("next")


async def test_invitations_and_claims_that_are_over_are_deleted(bench: Bench) -> None:
    unclaimed, claimed, kept = (
        await put(bench),
        await put(bench, TODAY + 9),
        await put(bench, 2**40),
    )
    winner = ClaimHash(draw(32))
    await bench.store.claim(claimed.locator, winner, TODAY)
    assert await expire(bench, TODAY + 1) == (0, 0)
    assert await expire(bench, TODAY + 2) == (0, 1)
    assert await expire(bench, TODAY + 3) == (0, 0)
    assert await expire(bench, TODAY + 4) == (0, 1)
    for gone in (unclaimed, claimed):
        with pytest.raises(Refused):
            await bench.store.claim(gone.locator, winner, TODAY)
    assert await bench.store.claim(kept.locator, winner, TODAY) == kept.bundle


async def test_more_invitations_than_one_step_deletes_expire(bench: Bench) -> None:
    for _ in range(150):
        await put(bench)
    assert await expire(bench, TODAY + 100) == (0, 150)
