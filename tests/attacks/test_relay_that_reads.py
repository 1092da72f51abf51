"""Threat: the operator of the relay reads, or learns something from what is stored.

A real relay process carries 500 messages between two real vaults, and everything that it holds
meanwhile is looked at. That it has nothing loaded which could open an envelope is shown in
tests/integration/test_relay_process.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from e2etherapy.wire.role import Role
from tests.support import look_of_randomness as look
from tests.support.devices import RelayAt, set_up
from tests.support.homes import MORNING, HandClock, home
from tests.support.relays import RelayProcess, relay_process

MESSAGES = 500
FILE = ("quarterly-lithium-levels.pdf", "application/pdf", b"laboratory findings " * 2_000)
THERAPIST, CLIENT = "Dr. Marguerite Delacroix", "Sebastian"
VOCABULARY = [
    *("yesterday", "kitchenette", "grandmother", "breathing", "trembling", "supermarket"),
    *("nightmare", "telephone", "medication", "loneliness", "argument", "afternoon", "rehearsal"),
    *("appetite", "neighbour", "staircase", "whispering", "forgetting", "birthday", "hospital"),
    *("patience", "Schlaflosigkeit", "тревожность", "呼吸練習", "אמא שלי"),
]
"""Every word has at least 8 bytes: shorter ones come up in 10 MB of random bytes by chance."""
SECRETS = [
    *VOCABULARY,
    *("Marguerite", "Delacroix", CLIENT, "Unanswered", FILE[0], FILE[1], "laboratory"),
    *('"kind":', '"written":', '"sequence":', '"reply_to":', '"deposit_key":'),
]


@dataclass
class Held:
    """What the operator has had.

    Attributes:
        blobs: every envelope and sealed invitation.
        bytes: files, log, output, command line and environment, as they were at each look.
        rows: for each table, its column names and rows, of the last look.
    """

    blobs: list[bytes] = field(default_factory=list)
    bytes: bytes = b""
    rows: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def look(self, relay: RelayProcess) -> None:
        """Take down everything that can be seen now."""
        with closing(sqlite3.connect(f"file:{relay.database}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            for (table,) in tables.fetchall():
                found = database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
                self.rows[table] = [dict(row) for row in found]
        held = [row["bytes"] for row in self.rows["envelope"]]
        held += [row["bundle"] for row in self.rows["invitation"]]
        self.blobs += [blob for blob in held if isinstance(blob, bytes) and blob not in self.blobs]
        process = Path(f"/proc/{relay.process.pid}")
        seen = [process / "cmdline", process / "environ", *relay.database.parent.glob("relay*")]
        self.bytes += b"\n".join(path.read_bytes() for path in seen if path.is_file())


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    folder = tmp_path_factory.mktemp("blind")
    (folder / "relay").mkdir()
    found = Held()
    with relay_process(folder / "relay") as relay:
        asyncio.run(_traffic(folder, relay, found))
        relay.process.terminate()
        found.bytes += relay.process.communicate()[0].encode() + relay.log.read_bytes()
    return found


async def _traffic(folder: Path, relay: RelayProcess, found: Held) -> None:
    clock = HandClock()
    at = RelayAt(relay.announced["url"], relay.database, clock)
    homes = {role: await home(folder, role, clock) for role in Role}
    await set_up(homes[Role.THERAPIST], at, THERAPIST)
    await set_up(homes[Role.CLIENT], at, CLIENT)
    async with AsyncExitStack() as vaults:
        therapist = await vaults.enter_async_context(await homes[Role.THERAPIST].open())
        client = await vaults.enter_async_context(await homes[Role.CLIENT].open())
        await therapist.invite("Unanswered invitation")
        link = (await therapist.invite(CLIENT)).link
        found.look(relay)
        await client.join(link)
        sentences = _sentences()
        # Openings, then a first turn of the therapist's, then a second of the client's.
        await _say(client, THERAPIST, sentences[:150])
        await client.send_file(THERAPIST, FILE)
        found.look(relay)
        await therapist.sync()
        await _say(therapist, CLIENT, sentences[150:300])
        found.look(relay)
        await client.sync()
        await _say(client, THERAPIST, sentences[300:450])
        await _say(therapist, CLIENT, sentences[450:])
        await client.journal_write(" ".join(VOCABULARY))
        await client.journal_share(1, THERAPIST)
        found.look(relay)
        await therapist.sync()
        await client.sync()
        found.look(relay)
        assert len(await client.thread(THERAPIST)) == MESSAGES + 2


async def _say(author: Messenger, name: str, sentences: list[str]) -> None:
    for sentence in sentences:
        await author.send(name, sentence)


def _sentences() -> list[str]:
    draw = random.Random(7)
    sizes = [draw.choice([3, 12, 60, 250]) for _ in range(MESSAGES - 2)]
    # Two that need several envelopes.
    return [" ".join(draw.choices(VOCABULARY, k=size)) for size in [2_000, *sizes, 3_000]]


def test_everything_that_the_relay_keeps_of_a_message_has_one_size(held: Held) -> None:
    assert len(held.blobs) > MESSAGES
    assert {len(blob) for blob in held.blobs} == {ENVELOPE_SIZE}


@pytest.mark.parametrize("test", look.TESTS)
def test_blobs_cannot_be_told_from_random(
    held: Held, test: Callable[[look.Blobs], str | None]
) -> None:
    assert test(held.blobs) is None


def test_random_bytes_cannot_be_told_from_random() -> None:
    blobs = [os.urandom(ENVELOPE_SIZE) for _ in range(MESSAGES // 2)]
    assert [test(blobs) for test in look.TESTS] == [None] * len(look.TESTS)


def _json(blob: bytes, number: int) -> bytes:
    text = json.dumps({"number": number, "hex": blob.hex()}).encode()
    return text[:ENVELOPE_SIZE]


def _with_a_fixed_byte(blob: bytes, _number: int) -> bytes:
    return blob[:40] + b"\x5a" + blob[41:]


def _with_a_flag(blob: bytes, number: int) -> bytes:
    kind = 0x80 if number % 10 == 0 else 0
    return blob[:-1] + bytes([blob[-1] & 0x7F | kind])


def _with_a_repeated_salt(blob: bytes, number: int) -> bytes:
    return blob if number not in {3, 77} else blob[:101] + bytes(range(16)) + blob[117:]


def _with_a_visible_end(blob: bytes, number: int) -> bytes:
    return blob if number else blob[:-400] + bytes(400)


def _like_another(blob: bytes, number: int) -> bytes:
    return blob if number % 100 else bytes(16) + random.Random(1).randbytes(ENVELOPE_SIZE - 16)


@pytest.mark.parametrize(
    ("structure", "finds"),
    [
        (_json, look.uneven_bytes),
        (_json, look.compressible),
        (_with_a_fixed_byte, look.frequent_byte_at_a_place),
        (_with_a_flag, look.uneven_bit_at_a_place),
        (_with_a_repeated_salt, look.shared_run),
        (_with_a_visible_end, look.compressible),
        (_like_another, look.compressible),
    ],
)
def test_each_test_finds_the_structure_that_it_is_there_for(
    structure: Callable[[bytes, int], bytes], finds: Callable[[look.Blobs], str | None]
) -> None:
    blobs = [structure(os.urandom(ENVELOPE_SIZE), number) for number in range(MESSAGES // 4)]
    assert finds(blobs)


def _found(haystack: bytes) -> set[str]:
    folded = haystack.lower()
    return {
        word
        for word in SECRETS
        for encoding in ("utf-8", "utf-16-le")
        if word.lower().encode(encoding) in folded
    }


def test_no_word_name_or_label_of_any_message_stands_in_files_logs_or_output(held: Held) -> None:
    assert min(len(word.encode()) for word in SECRETS if '"' not in word) >= 8
    assert len(held.bytes) > len(held.blobs) * ENVELOPE_SIZE
    assert b"SQLite format 3" in held.bytes
    assert b'"event":' in held.bytes
    assert not _found(held.bytes)


def test_the_search_finds_a_word_in_the_midst_of_the_relays_bytes(held: Held) -> None:
    middle = len(held.bytes) // 2
    planted = held.bytes[:middle] + "Großmutter, Grandmother".encode() + held.bytes[middle:]
    assert _found(planted) == {"grandmother"}


def test_the_relay_keeps_hashes_envelopes_days_and_counts_and_nothing_else(held: Held) -> None:
    numbers = {
        (table, column)
        for table, rows in held.rows.items()
        for row in rows
        for column, value in row.items()
        if isinstance(value, int)
    }
    assert numbers <= {
        ("allowance", "remaining"),
        ("mailbox", "last_position"),
        ("envelope", "position"),
        ("envelope", "day"),
        ("mailbox", "number"),
        ("envelope", "place"),
        ("invitation", "last_day"),
        ("invitation", "claim_day"),
    }
    for rows in held.rows.values():
        for value in (value for row in rows for value in row.values()):
            if isinstance(value, bytes):
                assert len(value) in {32, ENVELOPE_SIZE}
            else:
                assert value is None or isinstance(value, int)


def test_no_time_in_the_database_is_finer_than_a_day(held: Held) -> None:
    assert day_of(MORNING) < 40_000
    days = [row[name] for row in _all(held) for name in row if name in {"day", "last_day"}]
    counts = [row[name] for row in _all(held) for name in row if name.endswith("position")]
    assert days
    # Seconds since 1970 are a hundred thousand times as large.
    assert all(isinstance(day, int) and 20_000 < day < 40_000 for day in days)
    assert all(isinstance(count, int) and count <= 2 * MESSAGES for count in counts)


def _all(held: Held) -> list[dict[str, object]]:
    return [row for rows in held.rows.values() for row in rows]
