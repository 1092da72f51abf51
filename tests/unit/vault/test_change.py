"""What one step changes is written in the order in which it was said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault import pieces
from e2etherapy.vault.records import Author, ChunkRow
from e2etherapy.wire.role import Role
from tests.support.devices import Two, record_of, two
from tests.support.homes import HandClock, home

WHOLE = b"w" * 16


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[Messenger]:
    at = await home(tmp_path, Role.CLIENT, HandClock())
    async with await at.open() as messenger:
        yield messenger


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path) as made:
        yield made


async def test_what_is_set_again_after_it_was_removed_is_there(vault: Messenger) -> None:
    change = await vault.device.begin_private()
    change.set("mood", b"first")
    change.unset("mood")
    change.set("mood", b"second")
    await vault.device.vault.commit(change)
    assert await vault.device.vault.setting("mood") == b"second"


async def test_what_is_removed_after_it_was_set_is_gone(vault: Messenger) -> None:
    change = await vault.device.begin_private()
    change.unset("mood")
    change.set("mood", b"first")
    change.unset("mood")
    await vault.device.vault.commit(change)
    assert await vault.device.vault.setting("mood") is None


async def test_pieces_that_come_after_others_were_dropped_are_kept(pair: Two) -> None:
    vault = pair.therapist.device.vault
    record = await record_of(pair.therapist, "Sam")
    change = await pair.therapist.device.begin(record)
    for data in (b"dropped", b"kept"):
        change.drop_chunks(record.id, Author.PEER, WHOLE)
        change.add_chunk(ChunkRow(record.id, Author.PEER, WHOLE, 0, data))
    await vault.commit(change)
    kept = pieces.of_whole(vault.db, record.id, Author.PEER, WHOLE)
    assert [piece async for piece in kept] == [b"kept"]


async def test_equal_statements_in_a_row_are_one_for_many_rows(vault: Messenger) -> None:
    change = await vault.device.begin_private()
    for key in ("a", "b", "c"):
        change.set(key, b"")
    change.unset("a")
    change.set("d", b"")
    assert [len(rows) for _, rows in change.statements()] == [3, 1, 1]
