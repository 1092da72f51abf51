"""A voice note of 7.2 MB over a link of 1 Mb/s that is cut five times, there and back again.

The floor is the same link, that carries the same bytes once, with nothing else and uncut.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

from benchmarks.relay_process import relay_process
from benchmarks.results import Row
from e2etherapy.errors import RelayError
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.allowances import allow
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url
from e2etherapy.wire.role import Role
from tests.support.slow_link import SlowLink

TITLE = "A voice note of 7,200,000 bytes over 1 Mb/s, cut five times on its way"
SIZE = 7_200_000
BITS_A_SECOND = 1_000_000
_PASSPHRASE = "drizzle on the tin roof"  # noqa: S105 - protects nothing


def run() -> list[Row]:
    """Send it, fetch it, and carry the same bytes over the same link."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with relay_process(folder / "relay.db") as relay:
            allowance = base64url.encode(asyncio.run(allow(folder / "relay.db", 4, system_entropy)))
            sent, fetched = asyncio.run(_measure(folder, relay.url, allowance))
    floor = asyncio.run(_floor())
    goal = "<= 1.5"
    return [
        Row("the bytes alone, uncut", floor, "s"),
        Row("sent, cut five times", sent, "s", "the link", sent / floor, goal),
        Row("fetched, cut five times", fetched, "s", "the link", fetched / floor, goal),
    ]


async def _measure(folder: Path, url: str, allowance: str) -> tuple[float, float]:
    blob = os.urandom(SIZE)
    async with SlowLink(url, 1e9, []).running() as link:
        therapist, _ = await Messenger.create(
            Place(folder / "therapist", folder / "state"),
            Role.THERAPIST,
            _PASSPHRASE,
            link.url,
            name="Therapist",
            allowance=allowance,
        )
        client, _ = await Messenger.create(
            Place(folder / "client", folder / "state"), Role.CLIENT, _PASSPHRASE, link.url
        )
        async with therapist, client:
            await client.join((await therapist.invite("Client")).link)
            link.slow_down(BITS_A_SECOND)
            start = time.perf_counter()
            link.cut_at(_five_times(link.carried))
            report = await client.send_file("Therapist", ("note", "audio/ogg; voice=600", blob))
            await _until_done(client)
            sent = time.perf_counter() - start
            link.cut_at(_five_times(link.carried))
            await _until_done(therapist)
            fetched = time.perf_counter() - start - sent
            assert link.cuts == []
            _, arrived = await therapist.attachment("Client", report.id, author=Role.CLIENT)
            assert arrived == blob
    return sent, fetched


def _five_times(carried: int) -> list[int]:
    return [carried + SIZE * number // 6 for number in range(1, 6)]


async def _until_done(messenger: Messenger) -> None:
    """Sync as somebody does whose line comes and goes."""
    while True:
        try:
            report = await messenger.sync()
        except RelayError:
            continue
        if not report.unsent and report.problem is None:
            return


async def _floor() -> float:
    """Return the seconds that the same bytes take over such a link."""

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            pass
        writer.close()

    taker = await asyncio.start_server(count, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{taker.sockets[0].getsockname()[1]}"
    async with SlowLink(url, BITS_A_SECOND, []).running() as link:
        start = time.perf_counter()
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(link.url.rpartition(":")[2])
        )
        writer.write(os.urandom(SIZE))
        writer.write_eof()
        await reader.read()
        seconds = time.perf_counter() - start
        writer.close()
    taker.close()
    return seconds
