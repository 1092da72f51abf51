from __future__ import annotations

import pytest

from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.waiting import RoomFull, WaitingRoom

FIRST, SECOND = MailboxId(b"1" * 32), MailboxId(b"2" * 32)


def test_whoever_waits_for_a_mailbox_is_woken_and_nobody_else() -> None:
    room = WaitingRoom(Limits())
    with room.seat([FIRST, SECOND]) as both, room.seat([SECOND]) as one:
        room.wake(FIRST)
        assert (both.is_set(), one.is_set()) == (True, False)
        room.wake(SECOND)
        assert one.is_set()


def test_nobody_is_woken_after_leaving() -> None:
    room = WaitingRoom(Limits())
    with room.seat([FIRST]) as woken:
        pass
    room.wake(FIRST)
    assert not woken.is_set()


def test_a_closed_room_wakes_everybody_also_who_comes_later() -> None:
    room = WaitingRoom(Limits())
    with room.seat([FIRST]) as early:
        room.close()
        assert early.is_set()
    with room.seat([SECOND]) as late:
        assert late.is_set()


@pytest.mark.parametrize("limits", [Limits(waits=2), Limits(waited_mailboxes=3)])
def test_a_full_room_turns_away_until_somebody_leaves(limits: Limits) -> None:
    room = WaitingRoom(limits)
    with room.seat([FIRST]):
        with room.seat([FIRST, SECOND]), pytest.raises(RoomFull), room.seat([SECOND]):
            pass
        with room.seat([SECOND]) as woken:
            room.wake(SECOND)
            assert woken.is_set()
