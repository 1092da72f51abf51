"""Which database is meant by a path or a URL, and that no password is taken with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.database_place import PostgresDatabase, parse_database


def test_a_path_is_an_sqlite_file() -> None:
    assert parse_database("/srv/relay.db") == Path("/srv/relay.db")


@pytest.mark.parametrize("url", ["postgresql://robin@db.example/relay", "postgres:///relay"])
def test_a_url_is_a_postgresql_database(url: str) -> None:
    assert parse_database(url) == PostgresDatabase(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://robin:swordfish@db.example/relay",
        "postgres://robin@db.example/relay?password=swordfish",
    ],
)
def test_a_password_on_the_command_line_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(RelayDatabaseUnusable, match="PGPASSFILE") as raised:
        parse_database(url)
    assert "swordfish" not in str(raised.value)
