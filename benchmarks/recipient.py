"""Looking for the wrong recipient among 80 clients of 500 texts, beside reading every text.

The words follow Zipf's law. What is timed is CPU: queries, decryption, decoding and the guard; the
peer is the same guard, given every text.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.results import Row
from benchmarks.words import Author
from e2etherapy.journal import record
from e2etherapy.messenger.caseload import guarding
from e2etherapy.messenger.clock import system_clock
from e2etherapy.messenger.meeting import inviting
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.therapy.caseload.recipient_guard import RecipientGuard
from e2etherapy.vault import records
from e2etherapy.vault.records import ConversationRecord, ItemRow
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url, content
from e2etherapy.wire.content import Text
from e2etherapy.wire.role import Role

TITLE = "The recipient guard with 80 clients of 500 texts of 115 words"
_CLIENTS = 80
_TEXTS = 500
_WORDS = 115
_REPLIES = 70
_RELAY = "http://127.0.0.1:1"
_PEER = "reading all"


def run() -> list[Row]:
    """Fill a vault and look at one draft, and at a batch."""
    with tempfile.TemporaryDirectory() as folder:
        one, batch, everything = asyncio.run(_measure(Path(folder)))
    return [
        Row("one text", one, "s", _PEER, one / everything, "about 1 s"),
        Row(f"a batch of {_REPLIES}", batch, "s", _PEER, batch / everything),
    ]


async def _measure(folder: Path) -> tuple[float, float, float]:
    place = Place(folder / "vault", folder / "state")
    messenger, _ = await Messenger.create(
        place,
        Role.THERAPIST,
        "drizzle on the tin roof",
        _RELAY,
        allowance=base64url.encode(system_entropy(32)),
    )
    author = Author(seed=7)
    texts: dict[str, list[str]] = {}
    async with messenger:
        for number in range(_CLIENTS):
            # A name that is no word of the texts, as most names are none.
            name = f"Xq{author.text(1).title()} Yz{number}"
            person, _ = await inviting.prepare(messenger.device, name, 14)
            texts[name] = [author.text(_WORDS) for _ in range(_TEXTS)]
            await _record(messenger, person, texts[name])
        drafts = {name: author.text(_WORDS) for name in list(texts)[:_REPLIES]}
        first = dict(list(drafts.items())[:1])
        return (
            await _looked_at(messenger, first),
            await _looked_at(messenger, drafts),
            _everything(texts, first),
        )


async def _looked_at(messenger: Messenger, drafts: dict[str, str]) -> float:
    begun = time.process_time()
    guard = await guarding.guard(messenger.device, drafts)
    for name, text in drafts.items():
        guard.findings(name, text)
    return time.process_time() - begun


def _everything(texts: dict[str, list[str]], drafts: dict[str, str]) -> float:
    begun = time.process_time()
    guard = RecipientGuard()
    for name, written in texts.items():
        guard.know(name)
        for text in written:
            guard.read(name, text)
    for name, text in drafts.items():
        guard.findings(name, text)
    return time.process_time() - begun


async def _record(messenger: Messenger, person: ConversationRecord, texts: Sequence[str]) -> None:
    """Put received messages into one person's record and thread, as a sync does."""
    change = await messenger.device.begin(person)
    now = system_clock()
    for number, text in enumerate(texts, 1):
        item = Text(id=number.to_bytes(16, "big"), sequence=number, written=now, text=text)
        encoded = msgspec.Raw(content.encode_item(item))
        entry = record.Message(direction="received", recorded=now, item=encoded)
        journal = change.record(record.encode(entry), text)
        change.add_item(
            ItemRow(
                person.id,
                records.Author.PEER,
                number,
                item.id,
                "text",
                journal,
                records.State.RECEIVED,
                int(now.timestamp()),
            )
        )
    await messenger.device.vault.commit(change)
