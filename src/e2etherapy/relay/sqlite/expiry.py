"""Finding and deleting old envelopes a few at a time, mailbox by mailbox."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator

from e2etherapy.mailbox.operations import MAX_POSITION, RETENTION_DAYS
from e2etherapy.relay.sqlite.connection import Connection
from e2etherapy.relay.sqlite.places import OF_MAILBOX, keep_last_position
from e2etherapy.relay.sqlite.writer import SqliteWriter

_MAILBOXES_A_STEP = 64
_ENVELOPES_A_STEP = 128
"""Some 20 ms of deleting, so that a deposit behind it hardly waits."""

_DELETE = (
    "DELETE FROM envelope WHERE place IN"  # noqa: S608 - names and numbers of our own
    " (SELECT place FROM mailbox CROSS JOIN envelope"
    f" WHERE mailbox.id = :mailbox AND {OF_MAILBOX} AND day <= :day ORDER BY place LIMIT :step)"
)


async def expired_envelopes(
    reading: Connection, writer: SqliteWriter, today: int
) -> AsyncGenerator[int, None]:
    """Delete envelopes that are over; yields after each step how many that were."""
    last_day = today - RETENTION_DAYS
    mailbox = b""
    while True:
        # Found on the connection that reads: walking through all rows must hold up no deposit.
        rows = list(
            await reading.execute_fetchall(
                f"SELECT id, EXISTS (SELECT 1 FROM envelope WHERE {OF_MAILBOX} AND day <= ?)"  # noqa: S608
                " FROM mailbox WHERE id > ? ORDER BY id LIMIT ?",
                (last_day, mailbox, _MAILBOXES_A_STEP),
            )
        )
        if not rows:
            return
        for mailbox, over in rows:
            deleted = _ENVELOPES_A_STEP if over else 0
            while deleted == _ENVELOPES_A_STEP:
                deleted = await writer.run(_Deletion(mailbox, last_day), mailbox)
                yield deleted
        yield 0


class _Deletion:
    """Deletes some of a mailbox's old envelopes."""

    def __init__(self, mailbox: bytes, last_day: int) -> None:
        self._mailbox = mailbox
        self._last_day = last_day

    def __call__(self, database: sqlite3.Connection) -> int:
        """Delete a step's worth and return how many that were."""
        keep_last_position(database, self._mailbox, MAX_POSITION)
        cursor = database.execute(
            _DELETE, {"mailbox": self._mailbox, "day": self._last_day, "step": _ENVELOPES_A_STEP}
        )
        return cursor.rowcount
