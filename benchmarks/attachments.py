"""A file of 25,000,000 bytes from one vault to another through a real relay."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

from benchmarks.relay_process import relay_process
from benchmarks.results import Row
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.allowances import allow
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url
from e2etherapy.wire.content import MAX_ATTACHMENT_BYTES
from e2etherapy.wire.role import Role

TITLE = "The largest attachment, 25,000,000 bytes in some 1,900 envelopes"
_PASSPHRASE = "drizzle on the tin roof"  # noqa: S105 - protects nothing


def run() -> list[Row]:
    """Send it, fetch it, and compare with writing and syncing the same bytes to the disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with relay_process(folder / "relay.db") as relay:
            allowance = base64url.encode(asyncio.run(allow(folder / "relay.db", 4, system_entropy)))
            sent, fetched = asyncio.run(_measure(folder, relay.url, allowance))
        floor = _write(folder / "plain")
    return [
        Row("write and fdatasync, once", floor, "s"),
        Row("seal, store and deposit", sent, "s", "the disk", sent / floor),
        Row("collect, open and store", fetched, "s", "the disk", fetched / floor),
    ]


async def _measure(folder: Path, url: str, allowance: str) -> tuple[float, float]:
    blob = os.urandom(MAX_ATTACHMENT_BYTES)
    therapist, _ = await Messenger.create(
        Place(folder / "therapist", folder / "state"),
        Role.THERAPIST,
        _PASSPHRASE,
        url,
        name="Therapist",
        allowance=allowance,
    )
    async with therapist:
        client, _ = await Messenger.create(
            Place(folder / "client", folder / "state"), Role.CLIENT, _PASSPHRASE, url
        )
        async with client:
            await client.join((await therapist.invite("Client")).link)
            start = time.perf_counter()
            report = await client.send_file("Therapist", ("file", "text/plain", blob))
            sent = time.perf_counter() - start
            assert report.state == "stored"
            await therapist.sync()
            fetched = time.perf_counter() - start - sent
            _, arrived = await therapist.attachment("Client", report.id, author=Role.CLIENT)
            assert arrived == blob
    return sent, fetched


def _write(path: Path) -> float:
    blob = os.urandom(MAX_ATTACHMENT_BYTES)
    start = time.perf_counter()
    with path.open("wb") as file:
        file.write(blob)
        file.flush()
        os.fdatasync(file.fileno())
    return time.perf_counter() - start
