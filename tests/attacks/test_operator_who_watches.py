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
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.settings import Setting
from e2etherapy.relay.clock import iso_date
from e2etherapy.relay.sqlite.operator_view import waiting_envelopes
from e2etherapy.vault import conversations, keyslots, vault
from e2etherapy.vault.records import ConversationRecord, Role
from e2etherapy.wire import base64url
from tests.support.command_line import run
from tests.support.devices import RelayAt
from tests.support.homes import HandClock, home
from tests.support.operated import Operated, operated
from tests.support.people import seeded

THERAPISTS = ("Dr. Marguerite Delacroix", "Dr. Oluwaseun Okonkwo")
CLIENTS = ("Sebastian", "Wilhelmina", "Anneliese", "Bartholomew", "Cassiopeia", "Deborah-Lynn")
WORDS = ("supermarket", "grandmother", "trembling", "loneliness", "Schlaflosigkeit", "呼吸練習")
HOURS = 24
HASH = 32
FILE = ("lithium-levels.pdf", "application/pdf", b"laboratory findings " * 2_000)


@dataclass
class Left:
    """What a day of operation has left behind.

    Attributes:
        told: what anybody on the machine could read while it ran: log, output, metrics, counts,
            command line, environment.
        at_rest: every file that held rows, by name: the database, its log, backups.
        records: what the devices know, from which every key and id follows.
        allowances: as the therapists got them.
        span: when it began and ended, in seconds since 1970.
        acknowledged: envelopes that waited in the evening and were fetched then.
    """

    folder: Path
    told: dict[str, str] = field(default_factory=dict)
    at_rest: dict[str, bytes] = field(default_factory=dict)
    records: list[ConversationRecord] = field(default_factory=list)
    allowances: list[bytes] = field(default_factory=list)
    span: tuple[int, int] = (0, 0)
    acknowledged: list[bytes] = field(default_factory=list)

    def look(self, relay: Operated, moment: str) -> None:
        """Take down what can be seen now."""
        process = Path(f"/proc/{relay.process.pid}")
        self.told[f"metrics {moment}"] = relay.scrape()[1]
        self.told[f"command {moment}"] = (process / "cmdline").read_text()
        self.told[f"environment {moment}"] = (process / "environ").read_text(errors="replace")
        for command in ("stats", "doctor"):
            listen = ("--listen", "127.0.0.1:1") if command == "doctor" else ()
            for form in ((), ("--json",)):
                found = run(self.folder, "relay", command, "--database", "relay.db", *listen, *form)
                assert found.code in {0, 41}, found.errors
                self.told[f"{command} {form} {moment}"] = found.text + found.errors
        made = run(
            self.folder, "relay", "backup", "--database", "relay.db", "--to", f"{moment}.backup"
        )
        assert made.code == 0, made.errors
        self.told[f"backup {moment}"] = made.text + made.errors
        for path in self.folder.glob("relay.db*"):
            self.at_rest[f"{path.name} {moment}"] = path.read_bytes()
        self.at_rest[f"backup {moment}"] = (self.folder / f"{moment}.backup").read_bytes()

    @property
    def keys(self) -> set[bytes]:
        """Everything that gives a right."""
        found = {bytes(value) for record in self.records for value in _keys_of(record)}
        return found | set(self.allowances)

    @property
    def hashes(self) -> set[bytes]:
        """Everything that stands for a mailbox or a right in the database."""
        found = set()
        for record in self.records:
            found.add(bytes(record.mailbox.owner_key.mailbox()))
            found.add(bytes(record.mailbox.deposit_key.hash()))
        return found


def _keys_of(record: ConversationRecord) -> list[bytes]:
    own = [record.mailbox.owner_key, record.mailbox.deposit_key]
    return [*own, *([record.peer.key] if record.peer else [])]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("operated")
    (folder / "relay").mkdir(mode=0o700)
    found = Left(folder / "relay")
    began = int(time.time())
    metrics = f"metrics_listen = 'unix:{folder}/relay/metrics.sock'\nmetrics_seconds = 10"
    with operated(folder / "relay", metrics) as relay:
        asyncio.run(_day(folder, relay, found))
        relay.signal(signal.SIGHUP, "reloaded")
        found.look(relay, "evening")
        relay.process.terminate()
        found.told["output"] = relay.process.communicate()[0]
    found.told["log"] = (folder / "relay" / "relay.log").read_text()
    found.at_rest["relay.db at the end"] = (folder / "relay" / "relay.db").read_bytes()
    found.span = (began, int(time.time()) + 1)
    return found


async def _person(name: str, at: RelayAt, folder: Path) -> Messenger:
    """Open a vault of somebody's own, with entropy of their own."""
    role = Role.THERAPIST if name in THERAPISTS else Role.CLIENT
    made = await home(folder / name.replace(" ", ""), role, at.clock)
    opened = await vault.unlock(made.place, keyslots.read(made.place.folder), made.key)
    messenger = Messenger(
        Device(opened, clock=at.clock, entropy=seeded(name), connect=RelayConnection)
    )
    change = await messenger.device.begin_private()
    change.set(Setting.RELAY, at.url.encode())
    change.set(Setting.NAME, name.encode())
    await messenger.device.vault.commit(change)
    return messenger


def _allowance(folder: Path) -> str:
    chosen = ("relay", "allow", "--database", "relay.db", "--mailboxes", "40", "--json")
    return str(run(folder, *chosen).data["allowance"])


async def _day(folder: Path, relay: Operated, found: Left) -> None:
    clock = HandClock()
    at = RelayAt(relay.announced["url"], relay.database, clock)
    async with AsyncExitStack() as vaults:
        people = {}
        for name in (*THERAPISTS, *CLIENTS):
            person = await _person(name, at, folder)
            people[name] = await vaults.enter_async_context(person)
        for name in THERAPISTS:
            allowance = _allowance(found.folder)
            found.allowances.append(base64url.decode(allowance, 32))
            await people[name].set_allowance(allowance)
        for number, client in enumerate(CLIENTS):
            therapist = THERAPISTS[number % 2]
            await people[client].join((await people[therapist].invite(client)).link)
        await people[THERAPISTS[0]].invite("Unanswered")
        for hour in range(HOURS):
            await _hour(people, hour)
            clock.forward(hours=1)
            if hour == HOURS // 2:
                await people[CLIENTS[0]].send_file(THERAPISTS[0], FILE)
                await asyncio.to_thread(found.look, relay, "noon")
        for number, client in enumerate(CLIENTS):
            await people[client].send(THERAPISTS[number % 2], f"{WORDS[number]} in the evening")
        waiting = [row.envelope for row in waiting_envelopes(relay.database)]
        assert waiting
        for therapist in THERAPISTS:
            await people[therapist].sync()
        found.acknowledged = waiting
        for person in people.values():
            found.records += await conversations.every(person.device.vault.db)


async def _hour(people: dict[str, Messenger], hour: int) -> None:
    """Let some clients write, and the therapists answer in batches, three times a day."""
    for number, client in enumerate(CLIENTS):
        if (hour + number) % 3 == 0:
            await people[client].send(THERAPISTS[number % 2], f"{WORDS[number]} at {hour}")
    if hour % 8 == 7:
        for number, client in enumerate(CLIENTS):
            therapist = THERAPISTS[number % 2]
            await people[therapist].sync()
            await people[therapist].send(client, f"{WORDS[-number]}, said at {hour}")
            await people[client].sync()


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
