"""A therapist whose client holds all keys of their conversation and breaks its rules."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from e2etherapy.journal.record import EventName
from e2etherapy.messenger.views import SyncReport
from tests.support.devices import Two, texts, two
from tests.support.hostile_author import HostileAuthor, Json, base64_of, packed

SAM, OKAFOR = "Sam", "Dr. Okafor"
KEPT = ("item", "partial", "chunk", "receipt_due", "outbox", "claim")
WHOLE = b"w" * 16


@dataclass
class Scene:
    pair: Two
    author: HostileAuthor

    async def kept(self) -> dict[str, list[tuple[object, ...]]]:
        """Return what a refused item must not touch."""
        db = self.pair.therapist.device.vault.db
        return {
            name: sorted(await db.fetch_all(f"SELECT * FROM {name}"), key=repr)  # noqa: S608
            for name in KEPT
        }

    async def suffer(self, *bodies: bytes) -> SyncReport:
        await self.author.say(*bodies)
        report = await self.pair.therapist.sync()
        await self.pair.therapist.journal_verify()
        return report

    async def go_on(self) -> None:
        """An honest item arrives, and everything can be shown."""
        before = len(await texts(self.pair.therapist, SAM))
        await self.author.say(packed(self.author.item("text", text="honest again")))
        report = await self.pair.therapist.sync()
        assert report.arrived == {SAM: 1}
        shown = await texts(self.pair.therapist, SAM)
        assert len(shown) == before + 1
        await self.pair.therapist.search("honest")
        await self.pair.therapist.conversations()
        assert (await self.pair.therapist.send(SAM, "still here")).state == "stored"
        await self.pair.client.sync()


@asynccontextmanager
async def hostile_scene(folder: Path) -> AsyncIterator[Scene]:
    """Let two people meet and talk, before the client turns hostile."""
    async with two(folder, turns=2) as pair:
        yield Scene(pair, HostileAuthor(pair.client, OKAFOR))


def attachment(author: HostileAuthor, blob: bytes, **members: object) -> Json:
    described = {
        "name": "f",
        "media_type": "text/plain",
        "size": len(blob),
        "sha256": base64_of(hashlib.sha256(blob).digest()),
    }
    return author.item("attachment", **(described | members))


def whole_text(author: HostileAuthor, **members: object) -> bytes:
    """Return the packed form of a whole that takes the next sequence, as its first part does."""
    item = author.item("text", **{"id": base64_of(WHOLE), "text": "joined", **members})
    author.sequence -= 1
    return packed(item)


def halves(data: bytes) -> list[bytes]:
    return [data[: len(data) // 2], data[len(data) // 2 :]]


def refused(report: SyncReport) -> int:
    """Return how many things were refused, also where one notice tells of several."""
    return sum(
        notice.count for notice in report.notices if notice.event is EventName.CONTENT_REFUSED
    )
