"""The gate under other limits: what comes from then on is held to them (SIGHUP)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from e2etherapy.mailbox.capabilities import AllowanceHash, DepositKeyHash, MailboxId
from e2etherapy.relay.admission import Work
from e2etherapy.relay.gate import Gate
from e2etherapy.relay.limits import STANDARD
from e2etherapy.relay.pace import SALT_SIZE
from e2etherapy.relay.problems import ProblemAnswer, Reason
from e2etherapy.relay.store import Space
from tests.support.relays import draw

NARROW = replace(
    STANDARD,
    deposit_burst=4,
    owner_burst=4,
    ticket_burst=4,
    invitation_burst=4,
    invitation_rate=32.0,
)
WIDE = replace(NARROW, deposit_burst=8, owner_burst=8, ticket_burst=8, invitation_burst=8)


def told(ask: Callable[[], object], times: int) -> Counter[Reason | None]:
    """Ask again and again; count why it was refused, or None."""
    found: Counter[Reason | None] = Counter()
    for _ in range(times):
        try:
            ask()
            found[None] += 1
        except ProblemAnswer as problem:
            found[problem.reason] += 1
    return found


@pytest.mark.parametrize(
    "reason",
    [Reason.DEPOSIT_PACE, Reason.OWNER_PACE, Reason.TICKET_PACE, Reason.INVITATION_PACE],
)
def test_another_pace_holds_at_once_for_keys_that_have_asked_before(reason: Reason) -> None:
    gate = Gate(NARROW, draw(SALT_SIZE), lambda: 100.0)
    mailbox, key_hash, allowance = MailboxId(draw(32)), DepositKeyHash(draw(32)), draw(32)
    ask: Callable[[], object] = {
        Reason.DEPOSIT_PACE: lambda: gate.deposit(mailbox, key_hash),
        Reason.OWNER_PACE: lambda: gate.owned(mailbox),
        Reason.TICKET_PACE: lambda: gate.issue(AllowanceHash(allowance), 1),
        Reason.INVITATION_PACE: lambda: gate.put(AllowanceHash(allowance)),
    }[reason]
    assert told(ask, 6) == {None: 4, reason: 2}
    gate.adopt(WIDE)
    assert told(ask, 6) == {None: 4, reason: 2}
    gate.adopt(NARROW)
    assert told(ask, 1) == {reason: 1}


def test_places_and_the_reserve_are_adopted_too() -> None:
    gate = Gate(STANDARD, draw(SALT_SIZE), lambda: 100.0)
    with gate.request(Work.CLEARING):
        gate.check(Work.NEW)
        gate.adopt(replace(STANDARD, requests=2))
        assert told(lambda: gate.check(Work.NEW), 1) == {Reason.REQUESTS: 1}
        gate.adopt(STANDARD)
        gate.check(Work.NEW)
    room = Space(stored=0, free=STANDARD.disk_reserve_bytes, envelopes=0)
    gate.reserve.look(room)
    gate.reserve.check()
    gate.adopt(replace(STANDARD, disk_reserve_bytes=STANDARD.disk_reserve_bytes + 1))
    gate.reserve.look(room)
    assert told(gate.reserve.check, 1) == {Reason.RESERVE: 1}
