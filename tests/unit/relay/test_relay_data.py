"""docs/relay-data.md says what the database really has."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from e2etherapy.relay.sqlite.store import SqliteStore
from tests.support.postgres import Server

DOCUMENT = Path(__file__).parents[3] / "docs" / "relay-data.md"
ROW = re.compile(r"^\| `(\w+\.\w+)` \|(.+)\|(.+)\|(.+)\|$", re.MULTILINE)


BOTH, SQLITE, POSTGRES = "In the database", "In SQLite besides", "In PostgreSQL besides"


def documented(*sections: str) -> list[str]:
    """Return the fields in the tables of some sections."""
    parts = re.split(r"^## (.+)$", DOCUMENT.read_text(), flags=re.MULTILINE)
    texts = dict(zip(parts[1::2], parts[2::2], strict=True))
    return sorted(match[1] for section in sections for match in ROW.finditer(texts[section]))


async def columns(database: Path) -> list[str]:
    store = await SqliteStore.open(database)
    await store.close()
    with closing(sqlite3.connect(database)) as reader:
        rows = reader.execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c"
            " WHERE t.type IN ('table', 'view')"
        )
        return sorted(f"{table}.{column}" for table, column in rows)


@pytest.fixture
async def postgres(postgres_server: Server) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect((await postgres_server.empty_relay()).url)
    yield connection
    await connection.close()


async def test_every_field_is_documented_once_and_none_that_is_not_there(tmp_path: Path) -> None:
    assert documented(BOTH, SQLITE) == await columns(tmp_path / "relay.db")


async def test_every_field_in_postgresql_is_documented_and_none_that_is_not_there(
    postgres: asyncpg.Connection,
) -> None:
    rows = await postgres.fetch(
        "SELECT relname || '.' || attname FROM pg_attribute JOIN pg_class ON oid = attrelid"
        " WHERE relnamespace = current_schema()::regnamespace AND relkind NOT IN ('i', 'I')"
        " AND NOT relispartition AND attnum > 0 AND NOT attisdropped"
    )
    assert sorted(row[0] for row in rows) == documented(BOTH, POSTGRES)


async def test_nothing_in_postgresql_counts_across_mailboxes_or_holds_a_time(
    postgres: asyncpg.Connection,
) -> None:
    kinds = await postgres.fetch(
        "SELECT DISTINCT relkind::text FROM pg_class"
        " WHERE relnamespace = current_schema()::regnamespace"
    )
    assert {row[0] for row in kinds} == {"r", "p", "i", "I"}  # tables and indexes, no sequence
    types = await postgres.fetch(
        "SELECT DISTINCT data_type, is_identity, is_generated FROM information_schema.columns"
        " WHERE table_schema = current_schema()"
    )
    assert {tuple(row) for row in types} == {
        (kind, "NO", "NEVER") for kind in ("bytea", "bigint", "integer", "boolean")
    }


def test_every_field_has_a_meaning_a_reason_and_an_end() -> None:
    for match in ROW.finditer(DOCUMENT.read_text()):
        assert all(cell.strip() for cell in match.groups()), match[1]


async def test_no_row_has_a_number_that_tells_when_it_came(tmp_path: Path) -> None:
    names = {column.split(".")[0] for column in await columns(tmp_path / "relay.db")}
    with closing(sqlite3.connect(tmp_path / "relay.db")) as reader:
        without = {row[1] for row in reader.execute("PRAGMA table_list") if row[4]}
    assert names - without == {"envelope"}  # its place, which begins with a random number
