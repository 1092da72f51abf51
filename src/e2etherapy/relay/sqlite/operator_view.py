"""What an operator sees who opens the relay's database file: every envelope that waits in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from e2etherapy.relay.sqlite.places import WAITING_ENVELOPES


@dataclass(frozen=True, slots=True)
class WaitingEnvelope:
    """A row of the table of envelopes; `day` counts from 1970-01-01 UTC."""

    mailbox: bytes
    position: int
    day: int
    envelope: bytes


def waiting_envelopes(database: Path) -> list[WaitingEnvelope]:
    """Read the rows of a relay's database, which may be in use, without changing it."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as reader:
        rows = reader.execute(WAITING_ENVELOPES)
        return [
            WaitingEnvelope(mailbox, position, day, envelope)
            for mailbox, position, _, day, envelope in rows
        ]
