"""A vault that an earlier version wrote keeps what waited in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from e2etherapy.vault import claims, database, outbox, unread
from e2etherapy.vault.database import Database
from e2etherapy.vault.keyslots import DataKey
from e2etherapy.vault.records import CreateMailbox, State
from e2etherapy.vault.schema import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = DataKey(b"k" * 32)
LOCATOR, TOKEN = b"l" * 32, b"t" * 32
ERRAND = CreateMailbox(b"p" * 32)
CONVERSATION = """INSERT INTO conversation VALUES (1, 'A', 'a', 'client', 'https://relay.example',
    x'01', x'', x'', x'', NULL, NULL, 0, 0, 0, 'unverified', 0)"""


ITEM = "INSERT INTO item VALUES (1, 'peer', ?, ?, 'text', ?, ?, 0)"
ENTRY = "INSERT INTO journal VALUES (?, x'01', ?, NULL, NULL, x'', x'')"


async def of_version(version: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Make a database as it was after so many steps."""
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", MIGRATIONS[:version])
        patch.setattr(database, "VERSION", version)
        return await database.connect(folder, KEY, fresh=True)


async def test_errands_and_claims_are_there_after_the_second_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await of_version(1, tmp_path, monkeypatch)
    errand = msgspec.msgpack.encode(ERRAND)
    await old.write(
        [
            (CONVERSATION, [()]),
            ("INSERT INTO outbox VALUES (7, 1, ?, 0)", [(errand,)]),
            ("INSERT INTO claim VALUES (?, ?)", [(LOCATOR, TOKEN)]),
        ]
    )
    await old.close()
    db = await database.connect(tmp_path, KEY)
    (row,) = await outbox.waiting(db, 1)
    assert (row.id, row.errand) == (7, ERRAND)
    held = await claims.find(db, LOCATOR)
    assert held is not None
    assert (held.token, held.mailbox, held.sealed, held.day) == (TOKEN, None, None, None)
    await db.write([("DELETE FROM conversation", [()])])
    assert await outbox.count(db) == 0
    await db.close()


async def test_what_the_other_side_was_told_is_read_after_the_fourth_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of anything else nobody knows whether it was; it must not be hidden."""
    old = await of_version(3, tmp_path, monkeypatch)
    told, untold = (b"told" * 4, State.MARKED_READ), (b"new " * 4, State.RECEIVED)
    rows = list(enumerate((told, untold), 1))
    await old.write(
        [
            (CONVERSATION, [()]),
            (ENTRY, [(number, number) for number, _ in rows]),
            (ITEM, [(number, item, number, state.value) for number, (item, state) in rows]),
        ]
    )
    await old.close()
    db = await database.connect(tmp_path, KEY)
    assert await unread.items(db, 1) == [untold[0]]
    assert await unread.count(db, 1) == 1
    await db.close()
