"""Room that deposits leave on the disk."""

from __future__ import annotations

import asyncio
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.relay.limits import STANDARD
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.problems import ProblemAnswer
from e2etherapy.relay.reserve import LOOK_SECONDS, Reserve, keep
from e2etherapy.relay.sqlite import space
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Busy, Space, Store
from tests.support.relays import (
    TODAY,
    acknowledgement,
    collection,
    deposit,
    envelope,
    relay,
)

MIB = 2**20
LIMITS = replace(STANDARD, disk_reserve_bytes=100 * MIB, stored_bytes=1_000 * MIB)


@pytest.mark.parametrize(
    ("seen", "touched"),
    [
        (Space(stored=0, free=100 * MIB, envelopes=0), False),
        (Space(stored=0, free=100 * MIB - 1, envelopes=0), True),
        (Space(stored=1_000 * MIB - 1, free=200 * MIB, envelopes=0), False),
        (Space(stored=1_000 * MIB, free=200 * MIB, envelopes=0), True),
        (Space(stored=999 * MIB, free=None, envelopes=0), False),
        (Space(stored=1_000 * MIB, free=None, envelopes=0), True),
    ],
)
def test_nothing_new_is_stored_where_the_room_ends(seen: Space, touched: bool) -> None:
    reserve = Reserve(LIMITS)
    reserve.check()
    reserve.look(seen)
    if not touched:
        reserve.check()
        return
    with pytest.raises(ProblemAnswer) as caught:
        reserve.check()
    assert caught.value.status == 507
    reserve.look(Space(stored=0, free=200 * MIB, envelopes=0))
    reserve.check()


class Looks:
    """A store whose room is what a list says, then nothing more happens."""

    def __init__(self, *seen: Space | Exception) -> None:
        self.seen = list(seen)
        self.pauses: list[float] = []

    async def space(self) -> Space:
        found = self.seen.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if not self.seen:
            raise asyncio.CancelledError


async def test_the_end_of_the_room_is_logged_once_each_time_and_a_failed_look_once() -> None:
    full, free = Space(0, 0, 0), Space(0, 200 * MIB, 0)
    failed, away = OSError(5, "the words of Robin"), Busy("the words of Robin")
    looks = Looks(free, full, full, failed, failed, full, free, full, away, failed, free)
    store: Store = looks  # type: ignore[assignment] # nothing else of a store is asked
    written = io.StringIO()
    with pytest.raises(asyncio.CancelledError):
        await keep(Reserve(LIMITS), store, looks.pause, RelayLog(written, lambda: TODAY))
    events = [json.loads(line)["event"] for line in written.getvalue().splitlines()]
    assert events == ["disk full", "fault", "disk full", "fault"]
    assert "Robin" not in written.getvalue()
    assert looks.pauses == [LOOK_SECONDS] * 11


async def test_a_log_that_cannot_be_written_does_not_end_the_looks() -> None:
    full, free = Space(0, 0, 0), Space(0, 200 * MIB, 0)
    looks = Looks(full, free)
    store: Store = looks  # type: ignore[assignment] # nothing else of a store is asked
    reserve, closed = Reserve(LIMITS), io.StringIO()
    closed.close()
    with pytest.raises(asyncio.CancelledError):
        await keep(reserve, store, looks.pause, RelayLog(closed, lambda: TODAY))
    reserve.check()


async def test_what_is_deleted_in_the_file_is_room_again(tmp_path: Path) -> None:
    limits = replace(STANDARD, stored_bytes=MIB)
    async with relay(tmp_path, limits=limits) as at:
        owned = await at.mailbox()
        store = await SqliteStore.open(at.database)
        before = await store.space()
        for number in range(64):
            assert (await at.send(deposit(owned, envelope(f"{number}")))).status == 204
        full = await store.space()
        assert full.stored - before.stored > 64 * 16_384
        assert full.stored >= limits.stored_bytes
        assert (await at.send(acknowledgement(owned, 64))).status == 204
        after = await store.space()
        assert after.stored < full.stored - 60 * 16_384
        await store.close()


async def test_free_pages_in_the_file_count_only_where_the_log_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relay(tmp_path) as at:
        owned = await at.mailbox()
        for number in range(32):
            await at.send(deposit(owned, envelope(f"{number}")))
        await at.send(acknowledgement(owned, 32))
        store = await SqliteStore.open(at.database)
        disk = _Disk(space.LOG_ROOM // 4_096)
        monkeypatch.setattr(os, "statvfs", lambda _path: disk)
        free = (await store.space()).free
        assert free is not None
        assert free > space.LOG_ROOM + 30 * 16_384
        disk.f_bavail -= 1
        assert (await store.space()).free == space.LOG_ROOM - 4_096
        await store.close()


class _Disk:
    def __init__(self, blocks: int) -> None:
        self.f_bavail = blocks
        self.f_frsize = 4_096


async def test_a_relay_without_room_takes_nothing_new_and_goes_on_delivering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = _Disk(10**9)
    monkeypatch.setattr(os, "statvfs", lambda _path: disk)
    monkeypatch.setattr("e2etherapy.relay.reserve.LOOK_SECONDS", 0.01)
    async with relay(tmp_path) as at:
        owned = await at.mailbox()
        assert (await at.send(deposit(owned, envelope("a")))).status == 204
        disk.f_bavail = 1_000
        while (answer := await at.send(deposit(owned, envelope("a")))).status == 204:
            pass
        assert (answer.status, answer.json["title"]) == (507, "Disk full")
        assert (await at.send(collection(owned))).status == 200
        assert (await at.send(acknowledgement(owned, 1))).status == 204
        disk.f_bavail = 10**9
        while (await at.send(deposit(owned, envelope("b")))).status == 507:
            pass
        assert len((await at.send(collection(owned))).body) == 8 + 16_384
        assert at.log.getvalue().count("disk full") == 1
