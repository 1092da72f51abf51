from __future__ import annotations

import asyncio

import pytest

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.waiting import RoomFull, Seat, WaitingRoom

FIRST, SECOND = MailboxId(b"1" * 32), MailboxId(b"2" * 32)


async def told(seat: Seat) -> set[bytes] | None:
    async with asyncio.timeout(10):
        await seat.wait()
    return seat.take()


def is_quiet(seat: Seat) -> bool:
    return not seat.take() and seat.take() == set()


async def test_whoever_waits_for_a_mailbox_is_told_of_it_and_nobody_else() -> None:
    room = WaitingRoom(Limits())
    with room.seat([FIRST, SECOND]) as both, room.seat([SECOND]) as one:
        room.wake(FIRST)
        assert is_quiet(one)
        room.wake(SECOND)
        assert await told(one) == {SECOND}
        assert await told(both) == {FIRST, SECOND}
        assert is_quiet(both)


async def test_whoever_waits_is_told_to_look_everywhere_when_something_may_have_been_missed() -> (
    None
):
    room = WaitingRoom(Limits())
    with room.seat([FIRST]) as seat:
        room.wake(FIRST)
        room.wake_everybody()
        assert await told(seat) is None
        assert is_quiet(seat)


def test_nobody_is_woken_after_leaving() -> None:
    room = WaitingRoom(Limits())
    with room.seat([FIRST]) as seat:
        pass
    room.wake(FIRST)
    assert is_quiet(seat)


async def test_a_closed_room_wakes_everybody_also_who_comes_later() -> None:
    room = WaitingRoom(Limits())
    with room.seat([FIRST]) as early:
        room.close()
        assert await told(early) is None
    with room.seat([SECOND]) as late:
        assert await told(late) is None


@pytest.mark.parametrize("limits", [Limits(waits=2), Limits(waited_mailboxes=3)])
async def test_a_full_room_turns_away_until_somebody_leaves(limits: Limits) -> None:
    room = WaitingRoom(limits)
    with room.seat([FIRST]):
        with room.seat([FIRST, SECOND]), pytest.raises(RoomFull), room.seat([SECOND]):
            pass
        with room.seat([SECOND]) as seat:
            room.wake(SECOND)
            assert await told(seat) == {SECOND}
