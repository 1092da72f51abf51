"""Threat: the operator of a relay on PostgreSQL reads, or learns something from what is stored.

Two real vaults write to each other through a relay process over a server of its own, and all of the
server's files, its log and its write-ahead log are searched. What is true of envelopes whatever the
store is shown in tests/attacks/test_relay_that_reads.py.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from e2etherapy.relay.copying import TABLES
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from e2etherapy.wire.role import Role
from tests.attacks.test_relay_that_reads import CLIENT, FILE, THERAPIST, VOCABULARY, _found
from tests.support import postgres
from tests.support.devices import RelayAt, set_up
from tests.support.homes import HandClock, home
from tests.support.relays import RelayProcess, relay_process


@dataclass(frozen=True)
class Held:
    """What the operator has: rows of every table, and the bytes of every file and of the log.

    Attributes:
        its_own: words that an unused server's files hold too, in the manual of its functions.
    """

    its_own: set[str]
    rows: list[tuple[object, ...]]
    files: bytes
    log: bytes


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    folder = tmp_path_factory.mktemp("blind")
    (folder / "relay").mkdir()
    with postgres.server() as server:
        its_own = _found(_files_at_rest(server))
        server.start()
        with relay_process(folder / "relay", postgres=server.place()) as relay:
            rows = asyncio.run(_traffic(folder, relay, server))
            process = Path(f"/proc/{relay.process.pid}")
            files = [(process / name).read_bytes() for name in ("cmdline", "environ")]
            files.append(_files_at_rest(server))
        log = server.log.read_bytes() + relay.log.read_bytes()
    return Held(its_own, rows, b"\n".join(files), log)


def _files_at_rest(server: postgres.Server) -> bytes:
    """Stop a server and read all of its files; while it runs they come and go."""
    server.stop()
    return b"\n".join(path.read_bytes() for path in server.folder.rglob("*") if path.is_file())


async def _traffic(
    folder: Path, relay: RelayProcess, server: postgres.Server
) -> list[tuple[object, ...]]:
    clock = HandClock()
    at = RelayAt(relay.announced["url"], relay.place, clock)
    homes = {role: await home(folder, role, clock) for role in Role}
    await set_up(homes[Role.THERAPIST], at, THERAPIST)
    await set_up(homes[Role.CLIENT], at, CLIENT)
    async with AsyncExitStack() as vaults:
        therapist = await vaults.enter_async_context(await homes[Role.THERAPIST].open())
        client = await vaults.enter_async_context(await homes[Role.CLIENT].open())
        await therapist.invite("Unanswered invitation")
        await client.join((await therapist.invite(CLIENT)).link)
        await client.send(THERAPIST, " ".join(VOCABULARY))
        await therapist.sync()
        for word in VOCABULARY:
            await therapist.send(CLIENT, word)
        await client.sync()
        await client.send_file(THERAPIST, FILE)
        await client.send(THERAPIST, " ".join(reversed(VOCABULARY)))
        await server.execute("CHECKPOINT")
        rows = await _rows(server)
        await therapist.sync()
        assert len(await client.thread(THERAPIST)) == len(VOCABULARY) + 3
    return rows


async def _rows(server: postgres.Server) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(server.place().url)
    found = [tuple(row) for table in TABLES for row in await connection.fetch(table.query())]
    await connection.close()
    return found


def test_no_word_name_or_label_of_any_message_stands_in_the_servers_files(held: Held) -> None:
    assert len(held.files) > len(VOCABULARY) * ENVELOPE_SIZE
    assert b"deposit_key_hash" in held.files
    assert len(held.its_own) < len(VOCABULARY) / 8
    assert _found(held.files) == held.its_own


def test_the_search_finds_a_word_in_the_midst_of_the_servers_files(held: Held) -> None:
    middle = len(held.files) // 2
    planted = held.files[:middle] + b"Grandmother" + held.files[middle:]
    assert _found(planted) == {"grandmother"} | held.its_own


def test_the_tables_hold_hashes_envelopes_days_and_counts_and_nothing_else(held: Held) -> None:
    values = [value for row in held.rows for value in row if value is not None]
    sizes = {len(value) for value in values if isinstance(value, bytes)}
    assert sizes == {32, ENVELOPE_SIZE}
    numbers = [value for value in values if not isinstance(value, bytes)]
    # Seconds since 1970 are a hundred thousand times as large as days.
    assert all(isinstance(number, int) and 0 <= number < 40_000 for number in numbers)


def test_no_log_has_a_mailbox_a_hash_or_a_digest(held: Held) -> None:
    names = {value for row in held.rows for value in row if isinstance(value, bytes)}
    assert len(names) > 20
    assert b"starting PostgreSQL" in held.log
    log = held.log.lower()
    assert not [name for name in names if name[:8].hex().encode() in log]
