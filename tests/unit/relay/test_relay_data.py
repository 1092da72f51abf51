"""docs/relay-data.md says what the database really has."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from e2etherapy.relay.sqlite.store import SqliteStore

DOCUMENT = Path(__file__).parents[3] / "docs" / "relay-data.md"
ROW = re.compile(r"^\| `(\w+\.\w+)` \|(.+)\|(.+)\|(.+)\|$", re.MULTILINE)


async def columns(database: Path) -> list[str]:
    store = await SqliteStore.open(database)
    await store.close()
    with closing(sqlite3.connect(database)) as reader:
        rows = reader.execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c"
            " WHERE t.type IN ('table', 'view')"
        )
        return [f"{table}.{column}" for table, column in rows]


async def test_every_field_is_documented_once_and_none_that_is_not_there(tmp_path: Path) -> None:
    documented = [match[1] for match in ROW.finditer(DOCUMENT.read_text())]
    assert sorted(documented) == sorted(await columns(tmp_path / "relay.db"))


def test_every_field_has_a_meaning_a_reason_and_an_end() -> None:
    for match in ROW.finditer(DOCUMENT.read_text()):
        assert all(cell.strip() for cell in match.groups()), match[1]


async def test_no_row_has_a_number_that_tells_when_it_came(tmp_path: Path) -> None:
    names = {column.split(".")[0] for column in await columns(tmp_path / "relay.db")}
    with closing(sqlite3.connect(tmp_path / "relay.db")) as reader:
        without = {row[1] for row in reader.execute("PRAGMA table_list") if row[4]}
    assert names - without == {"body"}
