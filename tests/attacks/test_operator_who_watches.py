"""Threat R16: who operates a relay, or takes what its operation leaves, learns who talks to whom.

A relay that the command line started carries a day of two therapists and their clients, with all
that an operator does meanwhile: metrics, counts, doctor, backups, a reload, a stop. Then everything
that there is to look at is looked at.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sqlite3
import struct
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from e2etherapy.relay.clock import iso_date
from e2etherapy.relay.sqlite.operator_view import waiting_envelopes
from e2etherapy.wire import base64url
from tests.support.operated import operated
from tests.support.operated_day import CLIENTS, FILE, HOURS, THERAPISTS, WORDS, Left, live_a_day

HASH = 32


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("operated")
    (folder / "relay").mkdir(mode=0o700)
    found = Left(folder / "relay")
    began = int(time.time())
    metrics = f"metrics_listen = 'unix:{folder}/relay/metrics.sock'\nmetrics_seconds = 10"
    with operated(folder / "relay", metrics) as relay:
        asyncio.run(live_a_day(folder, relay, found))
        relay.signal(signal.SIGHUP, "reloaded")
        found.look(relay, "evening")
        relay.process.terminate()
        found.told["output"] = relay.process.communicate()[0]
    found.told["log"] = (folder / "relay" / "relay.log").read_text()
    found.at_rest["relay.db at the end"] = (folder / "relay" / "relay.db").read_bytes()
    found.span = (began, int(time.time()) + 1)
    return found


def test_the_day_was_a_day(left: Left) -> None:
    counts = left.told["metrics evening"]
    (deposits,) = re.findall(r'requests_total\{operation="deposit",status="2xx"\} (\d+)', counts)
    assert int(deposits) > HOURS
    assert len(left.records) >= 2 * len(CLIENTS)
    assert "SQLite format 3" in left.at_rest["backup noon"].decode("latin-1")
    assert any(name.startswith("relay.db-wal") and data for name, data in left.at_rest.items())


def test_nothing_that_operation_shows_has_a_word_a_name_or_an_address(left: Left) -> None:
    for place, text in left.told.items():
        folded = text.lower()
        for word in (*THERAPISTS, *CLIENTS, *WORDS, FILE[0], "unanswered", "laboratory"):
            assert word.lower() not in folded, (place, word)
        if place.split()[0] in {"metrics", "log", "stats", "backup"}:
            assert "127.0.0.1" not in text, place
            assert "user-agent" not in folded, place


def test_nothing_that_operation_shows_has_a_key_an_id_or_a_hash(left: Left) -> None:
    assert len(left.keys) > 4 * len(CLIENTS)
    assert len(left.hashes) > 20
    for place, text in left.told.items():
        for value in left.keys | left.hashes:
            assert base64url.encode(value)[:12] not in text, place
            assert value.hex()[:12] not in text.lower(), place


def test_no_file_at_rest_has_a_key_in_any_form(left: Left) -> None:
    for place, data in left.at_rest.items():
        for value in left.keys:
            for form in (
                value[:12],
                base64url.encode(value)[:16].encode(),
                value.hex()[:24].encode(),
            ):
                assert form not in data, place


def test_hashes_are_only_where_the_document_says(left: Left) -> None:
    """The search finds what is there: ids are in the database, and in no other kind of file."""
    mailboxes = [bytes(record.mailbox.owner_key.mailbox()) for record in left.records]
    assert all(one in left.at_rest["relay.db at the end"] for one in mailboxes)
    expected = {"relay.db", "relay.log", "relay.toml", "noon.backup", "evening.backup", "state"}
    lock = left.folder / ".relay.db.lock"
    assert {path.name for path in left.folder.iterdir()} <= expected | {lock.name}
    assert lock.read_bytes() == b""
    for path in left.folder.iterdir():
        if path.is_file() and path.name in {"relay.log", "relay.toml"}:
            assert not [one for one in left.hashes if one[:12] in path.read_bytes()]


def test_no_word_or_address_is_at_rest(left: Left) -> None:
    for place, data in left.at_rest.items():
        folded = data.lower()
        for word in (*THERAPISTS, *CLIENTS, *WORDS, FILE[0], "127.0.0.1", "aiohttp"):
            if len(word.encode()) >= 7:
                for encoding in ("utf-8", "utf-16-le"):
                    assert word.lower().encode(encoding) not in folded, (place, word)


def test_the_only_time_in_the_log_is_the_day(left: Left) -> None:
    today = {iso_date(second // 86_400) for second in left.span}
    events = [json.loads(line) for line in left.told["log"].splitlines()]
    assert {event["event"] for event in events} == {
        *("started", "expired", "reloaded", "stopping", "stopped")
    }
    for event in events:
        assert event.pop("day") in today
        assert not [one for one in event.values() if isinstance(one, float)]
        assert set(event) <= {"event", "level", "envelopes", "invitations", "restart"}


def test_no_moment_of_the_day_is_at_rest(left: Left, tmp_path: Path) -> None:
    """Sealed bytes are set to zero first: in so many random ones, every number comes up."""
    for number, place in enumerate(["backup noon", "backup evening", "relay.db at the end"]):
        path = tmp_path / f"{number}.db"
        path.write_bytes(left.at_rest[place])
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            for table, columns in _columns(database).items():
                for column in columns:
                    database.execute(
                        f"UPDATE {table} SET {column} = zeroblob(16384)"  # noqa: S608 - the schema's
                        f" WHERE length({column}) = 16384"
                    )
            database.execute("VACUUM")
            database.execute("PRAGMA journal_mode = DELETE")
        assert not moments(path.read_bytes(), left.span)


def moments(data: bytes, span: tuple[int, int]) -> list[int]:
    """Return where something stands that is a second of a span, in any usual form."""
    found = []
    for second in range(*span):
        forms = [struct.pack(">I", second), struct.pack("<I", second), str(second).encode()]
        found += [data.find(form) for form in forms if form in data]
    return found


def test_the_search_for_moments_finds_one() -> None:
    span = (1_800_000_000, 1_800_000_060)
    for form in (struct.pack(">Q", 1_800_000_030), b"at 1800000030."):
        assert moments(b"x" * 1_000 + form + b"x" * 1_000, span)
    assert not moments(b"x" * 2_000, span)


def _columns(database: sqlite3.Connection) -> dict[str, list[str]]:
    tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {
        table: [
            row[0] for row in database.execute("SELECT name FROM pragma_table_info(?)", [table])
        ]
        for (table,) in tables
    }


def _placed(data: bytes, folder: Path) -> Path:
    path = folder / "looked at.db"
    path.write_bytes(data)
    return path


def rows(data: bytes, folder: Path) -> dict[str, list[dict[str, object]]]:
    with closing(sqlite3.connect(_placed(data, folder))) as database:
        database.row_factory = sqlite3.Row
        return {
            table: [dict(row) for row in database.execute(f"SELECT * FROM {table}")]  # noqa: S608
            for table in _columns(database)
        }


def test_nothing_at_rest_refers_from_one_mailbox_to_another(left: Left, tmp_path: Path) -> None:
    found = rows(left.at_rest["backup noon"], tmp_path)
    owners: dict[bytes, set[object]] = {}
    for table, content in found.items():
        for number, row in enumerate(content):
            whose = {"mailbox": row.get("id"), "envelope": row.get("mailbox")}.get(table)
            for value in row.values():
                if isinstance(value, bytes) and len(value) == HASH:
                    owners.setdefault(value, set()).add(whose or (table, number))
    # A value that belonged to two mailboxes, or to a ticket and a mailbox, would link them.
    assert len(owners) > 4 * len(CLIENTS)
    assert not [value for value, whose in owners.items() if len(whose) > 1]
    own = {bytes(record.mailbox.owner_key.mailbox()) for record in left.records}
    assert {_bytes(row["id"]) for row in found["mailbox"]} >= own


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def test_rows_lie_in_the_order_of_hashes_and_days_do_not_order_them(
    left: Left, tmp_path: Path
) -> None:
    for place in ("backup noon", "backup evening"):
        found = rows(left.at_rest[place], tmp_path)
        for table in ("allowance", "ticket", "mailbox", "invitation"):
            ids = [_bytes(next(iter(row.values()))) for row in found[table]]
            assert ids == sorted(ids)
        days = Counter(row["day"] for row in found["envelope"])
        assert len(days) <= 2, "all of one day, or of two where it was midnight"


def test_what_was_acknowledged_is_gone_but_backups_keep_it(left: Left, tmp_path: Path) -> None:
    """The second half is a limit that docs/relay-data.md tells."""
    gone = [envelope[100:132] for envelope in left.acknowledged]
    kept = left.at_rest["relay.db at the end"]
    assert gone
    assert not [part for part in gone if part in kept]
    assert not [part for part in gone if part in left.at_rest["backup evening"]]
    earlier = waiting_envelopes(_placed(left.at_rest["backup noon"], tmp_path))
    assert any(row.envelope[100:132] not in kept for row in earlier)


def test_counts_between_two_scrapes_are_of_the_whole_relay(left: Left) -> None:
    names = {line.split(" ")[0] for line in left.told["metrics evening"].splitlines()}
    labels = {label for name in names for label in re.findall(r'(\w+)="', name)}
    assert labels == {"operation", "status", "kind", "le"}
    # One line for each kind of thing, however many people there are.
    assert len(names) < 100
