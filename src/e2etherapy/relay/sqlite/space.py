"""How much room the file takes, and how much there is for more."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path
from typing import Final

from e2etherapy.relay.sqlite.connection import Connection, in_store_words
from e2etherapy.relay.store import Space

LOG_ROOM: Final = 67_108_864
"""The write-ahead log has some 8 MB, more while a reader holds it up. Where the disk has less than
this, pages that are free within the file help nothing."""

_PAGES_AN_ENVELOPE: Final = 4.14
"""Four overflow pages, and a share of the page that its row begins in."""

_FIRST_PAGES: Final = 10
"""Of the tables, with nothing in them."""

_PRAGMAS: Final = ("page_size", "page_count", "freelist_count")


async def space_of(reading: Connection, path: Path) -> Space:
    """Ask the file's header and the file system.

    Raises:
        StoreError: the file cannot be read now.
    """
    try:
        size, pages, unused = [await _pragma(reading, name) for name in _PRAGMAS]
        disk = await asyncio.to_thread(os.statvfs, path)
    except (sqlite3.Error, OSError) as problem:
        raise in_store_words(problem) from None
    free = disk.f_bavail * disk.f_frsize
    if free >= LOG_ROOM:
        free += unused * size
    used = pages - unused
    envelopes = max(used - _FIRST_PAGES, 0) / _PAGES_AN_ENVELOPE
    return Space(stored=used * size, free=free, envelopes=int(envelopes))


async def _pragma(reading: Connection, name: str) -> int:
    ((value,),) = await reading.execute_fetchall(f"PRAGMA {name}")
    return int(value)
