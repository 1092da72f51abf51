"""An operator beside a PostgreSQL database: what `relay doctor` says, and `relay restored`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from e2etherapy.cli.relay_storage import compare_clocks
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import setup_connection
from e2etherapy.relay.postgres.schema import MIGRATIONS, migrate
from tests.support import citus
from tests.support.command_line import run
from tests.support.postgres import Server
from tests.support.relays import draw, relay_process

_TOUCH = "UPDATE mailbox SET last_position = last_position"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def place(postgres_server: Server) -> PostgresDatabase:
    return asyncio.run(postgres_server.new_database())


def doctor(folder: Path, place: PostgresDatabase) -> dict[str, tuple[bool, str]]:
    """Return what is said of the database and the clock, and whether it is in order."""
    at = ("--database", place.url, "--listen", "127.0.0.1:1", "--connections", "100")
    checks = run(folder, "relay", "doctor", "--json", *at).data["checks"]
    found = {check["name"]: (check["ok"], check["sentence"]) for check in checks}
    return {name: found[name] for name in ("database", "clock") if name in found}


def test_what_state_a_database_is_in(
    tmp_path: Path, postgres_server: Server, place: PostgresDatabase
) -> None:
    def told(*statements: str) -> tuple[bool, str]:
        asyncio.run(postgres_server.execute(*statements, place=place))
        return doctor(tmp_path, place)["database"]

    has = f"The database has version {len(MIGRATIONS)}"
    assert told() == (True, "The database is empty; the relay makes its tables.")
    assert run(tmp_path, "relay", "migrate", "--database", place.url).code == 0
    in_order, sentence = told()
    assert (in_order, "the server's log can name the row" in sentence) == (False, True)
    database = place.url.partition("@/")[2].partition("?")[0]
    discreet = f"ALTER DATABASE {database} SET log_error_verbosity = terse"
    assert told(discreet) == (True, f"{has}, with safe settings.")
    in_order, sentence = told(*citus.ON_ONE_SERVER)
    assert (in_order, sentence.partition(";")[0]) == (True, has)
    assert "Citus spreads it" in sentence
    older = "The database has version 0. Run 'e2etherapy relay migrate'."
    assert told("UPDATE relay_version SET number = 0") == (False, older)


@pytest.mark.parametrize(
    ("setting", "names_rows"),
    [
        ("log_error_verbosity = default", True),
        ("log_error_verbosity = terse", False),
        ("log_min_messages = fatal", False),
    ],
)
async def test_whether_the_servers_log_names_a_row_that_was_locked(
    postgres_server: Server, setting: str, *, names_rows: bool
) -> None:
    place = await postgres_server.new_database()
    database = place.url.partition("@/")[2].partition("?")[0]
    await postgres_server.execute(f"ALTER DATABASE {database} SET {setting}")
    logged = postgres_server.log.stat().st_size
    async with setup_connection(place) as holder, setup_connection(place) as asker:
        await migrate(holder)
        await holder.execute("INSERT INTO mailbox VALUES ($1, $1, 0)", draw(32))
        await asker.execute("SET lock_timeout = '50ms'")
        async with holder.transaction():
            await holder.execute(_TOUCH)
            with pytest.raises(asyncpg.LockNotAvailableError):
                await asker.execute(_TOUCH)
    added = postgres_server.log.read_bytes()[logged:]
    assert (b"while updating tuple" in added) == names_rows


def test_the_clock_of_this_machine_agrees_with_the_databases(
    tmp_path: Path, place: PostgresDatabase
) -> None:
    in_order, sentence = doctor(tmp_path, place)["clock"]
    assert in_order
    assert sentence.startswith("By this machine's clock and the database's it is 2")


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (timedelta(minutes=9), "9 minutes ahead of"),
        (timedelta(hours=-5), "5 hours behind"),
        (timedelta(days=1), "1 day ahead of"),
    ],
)
def test_clocks_that_disagree_are_found(off: timedelta, words: str) -> None:
    found = compare_clocks(NOON + off, NOON)
    assert (found.ok, words in found.sentence) == (False, True), found.sentence


def test_a_database_that_does_not_answer_says_nothing_of_clocks(tmp_path: Path) -> None:
    nowhere = PostgresDatabase(f"postgresql://postgres@/postgres?host={tmp_path}")
    found = doctor(tmp_path, nowhere)
    assert (found["database"][0], "clock" in found) == (False, False)


def test_what_was_restored_is_made_ready_only_while_no_relay_serves_it(
    tmp_path: Path, place: PostgresDatabase
) -> None:
    with relay_process(tmp_path, postgres=place):
        refused = run(tmp_path, "relay", "restored", "--database", place.url)
    assert (refused.code, "stop every relay on it" in refused.errors) == (33, True)
    again = run(tmp_path, "relay", "restored", "--database", place.url, "--json")
    assert (again.code, again.data["envelopes"]) == (0, 0), again.errors
