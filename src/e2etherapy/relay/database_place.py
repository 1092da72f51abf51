"""Where a relay keeps its mailboxes: an SQLite file, or a PostgreSQL database."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from e2etherapy.errors import RelayDatabaseUnusable

_SCHEMES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """A PostgreSQL database; its URL, which may hold a password, is in no repr."""

    url: str = field(repr=False)


DatabasePlace = Path | PostgresDatabase
"""An SQLite file, or a PostgreSQL database."""


def parse_database(text: str) -> DatabasePlace:
    """Read the path of an SQLite file or the URL of a PostgreSQL database.

    Raises:
        RelayDatabaseUnusable: the URL holds a password, or cannot be read. The sentence does not
            repeat it.
    """
    if not text.startswith(_SCHEMES):
        return Path(text)
    try:
        parts = urlsplit(text)
        secret = parts.password or "password" in parse_qs(parts.query)
    except ValueError:
        raise RelayDatabaseUnusable(
            "This is not the address of a PostgreSQL database: write "
            "postgresql://USER@HOST/DATABASE."
        ) from None
    if secret:
        raise RelayDatabaseUnusable(
            "A password in the address can be seen by other users of this machine. Nothing was "
            "done: put it into a password file (PGPASSFILE, ~/.pgpass) or a service file "
            "(PGSERVICEFILE), and change it if it was typed here."
        )
    return PostgresDatabase(text)
