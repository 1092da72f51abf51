"""A clock that jumps under a relay: nothing is deleted that is not over (threat R13)."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import (
    AllowanceHash,
    ClaimHash,
    DepositKeyHash,
    MailboxId,
    TicketHash,
)
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay.clock import SteadyDays, iso_date, system_today
from e2etherapy.relay.database import opened_store
from e2etherapy.relay.database_place import DatabasePlace
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.maintenance import maintain
from e2etherapy.relay.store import Deposit, Invitation, PutMark, Refused, Store
from e2etherapy.wire.locator import Locator
from tests.integration.test_relay_process import collected, mailbox, send
from tests.support.faulty_disk import faulty_disk
from tests.support.relays import TODAY, Request, deposit, draw, envelope, relay_process

DAY = 86_400
JUMPS = [1, 30, 3_652]


class Calendar:
    """A system's clock, which is set, beside the time that passes."""

    def __init__(self) -> None:
        self.passed = 0
        self.jumped = 0
        self.days = SteadyDays(lambda: None, self._now, lambda: self.passed * DAY)

    def _now(self) -> float:
        return (TODAY + self.passed + self.jumped) * DAY


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    place: DatabasePlace = tmp_path / "relay.db"
    if request.param == "postgres":
        place = await request.getfixturevalue("postgres_server").empty_relay()
    async with opened_store(place) as opened:
        yield opened


async def live(store: Store, calendar: Calendar, days: Sequence[tuple[int, int]]) -> None:
    """Do what a relay does by itself, at pairs of days that have passed and days of jumping."""
    left = list(days)

    async def pause(_seconds: float) -> None:
        if not left:
            raise asyncio.CancelledError
        calendar.passed, calendar.jumped = left.pop(0)

    with pytest.raises(asyncio.CancelledError):
        await maintain(store, calendar.days.today, pause, RelayLog(io.StringIO(), lambda: TODAY))


async def filled(store: Store) -> tuple[MailboxId, Locator]:
    """Return a mailbox with an envelope, and the locator of an invitation for 30 days."""
    allowance, tickets = AllowanceHash(draw(32)), [TicketHash(draw(32)) for _ in range(2)]
    await store.grant(allowance, 2)
    await store.issue(allowance, tickets)
    mailbox_id, key, content = MailboxId(draw(32)), DepositKeyHash(draw(32)), envelope("a")
    await store.create_mailbox(mailbox_id, key, tickets[0])
    await store.deposit(Deposit(mailbox_id, key, sha256(content), content, TODAY))
    invitation = Invitation(Locator(draw(32)), envelope("bundle"), TODAY + 30)
    await store.put_invitation(tickets[1], PutMark(draw(32)), invitation)
    return mailbox_id, invitation.locator


@pytest.mark.parametrize("jump", [sign * days for days in JUMPS for sign in (1, -1)])
async def test_a_clock_that_jumps_and_comes_back_deletes_nothing_early(
    store: Store, jump: int
) -> None:
    mailbox_id, locator = await filled(store)
    calendar = Calendar()
    days = [(day, jump * (day % 2)) for day in range(api.RETENTION_DAYS - 1)]
    await live(store, calendar, days)
    assert len(await store.collect(mailbox_id, 0, 64)) == 1
    calendar.jumped = 0
    token = ClaimHash(draw(32))
    assert await store.claim(locator, token, calendar.days.today()) == envelope("bundle")


@pytest.mark.parametrize("jump", [0, *JUMPS, *(-days for days in JUMPS)])
async def test_what_is_over_goes_also_while_the_clock_is_wrong(store: Store, jump: int) -> None:
    mailbox_id, locator = await filled(store)
    await live(store, Calendar(), [(day, jump) for day in range(api.RETENTION_DAYS + 3)])
    assert await store.collect(mailbox_id, 0, 64) == []
    with pytest.raises(Refused):
        await store.claim(locator, ClaimHash(draw(32)), TODAY)


async def test_without_the_guard_a_jump_deletes_everything(store: Store) -> None:
    mailbox_id, _ = await filled(store)
    calendar = Calendar()
    calendar.jumped = 3_652
    days = iter([TODAY, TODAY + 3_652])

    async def pause(_seconds: float) -> None:
        if next(days, None) is None:
            raise asyncio.CancelledError

    def unguarded() -> int:
        return TODAY + calendar.jumped

    with pytest.raises(asyncio.CancelledError):
        await maintain(store, unguarded, pause, RelayLog(io.StringIO(), unguarded))
    assert await store.collect(mailbox_id, 0, 64) == []


def test_a_running_relay_does_not_believe_a_clock_that_is_ten_years_off(tmp_path: Path) -> None:
    with (
        faulty_disk(tmp_path) as machine,
        relay_process(tmp_path, environment=machine.environment) as relay,
    ):

        def day() -> str:
            said: str = json.loads(send(relay.port, Request("GET", "/v1/health"))[1])["now"]
            return said

        owned, today = mailbox(relay), system_today()
        assert day() == iso_date(today)
        for sign in (1, -1):
            machine.move_the_clock(sign * 3_652 * DAY)
            assert day() == iso_date(today + sign)
            assert send(relay.port, deposit(owned, envelope(f"{sign}")))[0] == 204
            machine.move_the_clock(0)
            assert day() == iso_date(today)
        assert list(collected(relay.port, owned).values()) == [1, 2]
    assert relay.log.read_text().count('"clock disputed"') == 2
