"""Threat: the operator of the relay reads, or learns something from what is stored.

A real relay process carries 500 messages between two real vaults; then everything that it holds
is looked at. Statistical bounds give a false alarm less often than once in a million runs.
"""

from __future__ import annotations

import math
import os
import random
import sqlite3
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from e2etherapy.vault.records import Role
from e2etherapy.wire import base64url
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from tests.support.devices import HandClock, home, set_up
from tests.support.relays import relay_process

MESSAGES = 500
FILE_NAME = "quarterly-lithium-levels.pdf"
THERAPIST, CLIENT = "Dr. Marguerite Okafor", "Sebastian"
VOCABULARY = [
    *("yesterday", "evening", "kitchen", "grandmother", "breathing", "trembling", "supermarket"),
    *("nightmare", "morning", "telephone", "pillow", "medication", "loneliness", "argument"),
    *("afternoon", "bicycle", "rehearsal", "appetite", "shame", "relief", "neighbour"),
    *("staircase", "quarrel", "whisper", "forgetting", "birthday", "hospital", "patience"),
]


@dataclass(frozen=True)
class Held:
    """What the operator has: envelopes that wait, and every byte in files and output."""

    blobs: list[bytes]
    haystack: bytes
    numbers: dict[str, set[object]]
    words: set[bytes]


@dataclass(frozen=True)
class _Url:
    """As much of a running relay as a vault has to be told."""

    url: str
    allowance_text: str

    async def allowance(self) -> str:
        return self.allowance_text


def _sentences() -> list[str]:
    draw = random.Random(7)
    sizes = [draw.choice([3, 12, 60, 250]) for _ in range(MESSAGES)]
    return [" ".join(draw.choices(VOCABULARY, k=size)) for size in sizes]


def _rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return connection.execute(sql).fetchall()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def held(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Held]:
    folder = tmp_path_factory.mktemp("blind")
    clock = HandClock()
    with relay_process(folder) as relay:
        url = f"http://127.0.0.1:{relay.port}"
        at = _Url(url, base64url.encode(await _granted(relay.database)))
        homes = {role: await home(folder, role, clock) for role in Role}
        await set_up(homes[Role.THERAPIST], at, THERAPIST)  # type: ignore[arg-type]
        await set_up(homes[Role.CLIENT], at, CLIENT)  # type: ignore[arg-type]
        async with (
            await homes[Role.THERAPIST].open() as therapist,
            await homes[Role.CLIENT].open() as client,
        ):
            await therapist.invite("Unused invitation")
            await client.join((await therapist.invite(CLIENT)).link)
            sentences = _sentences()
            for sentence in sentences[: MESSAGES // 2]:
                await client.send(THERAPIST, sentence)
            await client.send_file(
                THERAPIST, (FILE_NAME, "application/pdf", sentences[0].encode() * 200)
            )
            await therapist.sync()
            for sentence in sentences[MESSAGES // 2 :]:
                await therapist.send(CLIENT, sentence)
        blobs = [bytes(row[0]) for row in _rows(relay.database, "SELECT envelope FROM envelope")]  # type: ignore[call-overload]
        blobs += [bytes(row[0]) for row in _rows(relay.database, "SELECT bundle FROM invitation")]  # type: ignore[call-overload]
        files = [path for path in folder.glob("relay*") if path.is_file()]
        command = Path(f"/proc/{relay.process.pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{relay.process.pid}/environ").read_bytes()
        relay.process.terminate()
        printed = relay.process.communicate()[0].encode()
    yield Held(
        blobs,
        b"\n".join([*(path.read_bytes() for path in files), command, environment, printed]),
        {
            "day": {row[0] for row in _rows(relay.database, "SELECT day FROM envelope")},
            "last_day": {
                row[0] for row in _rows(relay.database, "SELECT last_day FROM invitation")
            },
        },
        {word.encode() for word in [*VOCABULARY, FILE_NAME, "Marguerite", "Okafor", CLIENT]},
    )


async def _granted(database: Path) -> bytes:
    from e2etherapy.mailbox.capabilities import Allowance  # noqa: PLC0415 - beside its only use
    from e2etherapy.relay.sqlite.store import SqliteStore  # noqa: PLC0415 - beside its only use

    allowance = Allowance(os.urandom(32))
    store = await SqliteStore.open(database)
    await store.grant(allowance.hash(), 100)
    await store.close()
    return bytes(allowance)


@pytest.mark.asyncio(loop_scope="module")
async def test_everything_that_waits_has_one_size(held: Held) -> None:
    assert len(held.blobs) >= MESSAGES // 2
    assert {len(blob) for blob in held.blobs} == {ENVELOPE_SIZE}


@pytest.mark.asyncio(loop_scope="module")
async def test_no_word_of_any_message_stands_in_files_logs_or_output(held: Held) -> None:
    folded = held.haystack.lower()
    found = {word for word in held.words if word.lower() in folded}
    assert len(held.haystack) > len(held.blobs) * ENVELOPE_SIZE
    assert not found


@pytest.mark.asyncio(loop_scope="module")
async def test_the_search_would_find_a_word(held: Held) -> None:
    assert b"grandmother" in held.words
    assert b"grandmother" in (held.haystack + b" my grandmother ").lower()


def _chi_square(data: bytes) -> float:
    """Return how far the counts of 256 byte values are from equal, in standard deviations."""
    counts = Counter(data)
    expected = len(data) / 256
    statistic = sum((counts[value] - expected) ** 2 / expected for value in range(256))
    return (statistic - 255) / math.sqrt(2 * 255)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_chi_square_test_cannot_tell_the_blobs_from_random(held: Held) -> None:
    # 255 degrees of freedom: beyond 6 standard deviations has a chance below 1 in 10 million.
    assert abs(_chi_square(b"".join(held.blobs))) < 6
    assert _chi_square(b"".join(held.blobs[:4]) + bytes(2_000)) > 6


@pytest.mark.asyncio(loop_scope="module")
async def test_the_bytes_at_each_place_are_spread_evenly_over_the_blobs(held: Held) -> None:
    ones = [0] * ENVELOPE_SIZE
    for blob in held.blobs:
        for place, value in enumerate(blob):
            ones[place] += value.bit_count()
    bits = 8 * len(held.blobs)
    deviations = [abs(count - bits / 2) / math.sqrt(bits / 4) for count in ones]
    # 16,384 places, each beyond 7 standard deviations with a chance below 3 in a trillion.
    assert max(deviations) < 7


@pytest.mark.asyncio(loop_scope="module")
async def test_compression_gains_nothing(held: Held) -> None:
    joined = b"".join(held.blobs)
    assert len(zlib.compress(joined, 9)) >= len(joined)
    assert len(zlib.compress(joined[:-2_000] + bytes(2_000), 9)) < len(joined)


@pytest.mark.asyncio(loop_scope="module")
async def test_no_two_blobs_share_a_run_of_bytes_at_the_same_place(held: Held) -> None:
    size = 16
    for start in range(0, ENVELOPE_SIZE, size):
        runs = {blob[start : start + size] for blob in held.blobs}
        assert len(runs) == len(held.blobs)


@pytest.mark.asyncio(loop_scope="module")
async def test_no_time_is_finer_than_a_day(held: Held) -> None:
    for numbers in held.numbers.values():
        assert numbers
        assert all(isinstance(number, int) and 15_000 < number < 40_000 for number in numbers)
