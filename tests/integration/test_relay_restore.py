"""A relay was lost and restored: what devices see, which went on (threat R17)."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2etherapy.errors import InvitationUnavailable, MailboxGone
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.views import SyncReport
from e2etherapy.relay.sqlite.backup import back_up, restore
from e2etherapy.wire.role import Role
from tests.support.devices import RelayAt, relay, set_up, texts
from tests.support.homes import HandClock, Home, home

THERAPIST, CLIENT = "Dr. Okafor", "Sam"
MINUTE = 29_000_000


@dataclass
class Practice:
    """Two people at a relay that can be lost and brought back under the same address."""

    folder: Path
    clock: HandClock = field(default_factory=HandClock)
    at: RelayAt | None = None
    homes: dict[Role, Home] = field(default_factory=dict)
    people: dict[Role, Messenger] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _relay: AsyncExitStack = field(default_factory=AsyncExitStack)
    _backups: int = 0
    _restores: int = 0

    @property
    def therapist(self) -> Messenger:
        return self.people[Role.THERAPIST]

    @property
    def client(self) -> Messenger:
        return self.people[Role.CLIENT]

    async def open(self) -> None:
        await self.start()
        assert self.at is not None
        for role, name in ((Role.THERAPIST, THERAPIST), (Role.CLIENT, CLIENT)):
            self.homes[role] = await home(self.folder, role, self.clock)
            await set_up(self.homes[role], self.at, name)
            opened = await self._stack.enter_async_context(await self.homes[role].open())
            self.people[role] = opened
        await self.client.join((await self.therapist.invite(CLIENT)).link)
        await self.therapist.sync()
        await self.client.sync()

    async def start(self) -> None:
        port = int(self.at.url.rpartition(":")[2]) if self.at else 0
        self.at = await self._relay.enter_async_context(
            relay(self.folder / "relay", self.clock, port)
        )

    async def close(self) -> None:
        await self._stack.aclose()
        await self._relay.aclose()

    async def back_up(self) -> Path:
        """Make a backup while the relay runs."""
        self._backups += 1
        copy = self.folder / f"backup {self._backups}.db"
        await asyncio.to_thread(back_up, self.folder / "relay" / "relay.db", copy)
        return copy

    async def lose_and_restore(self, copy: Path) -> None:
        """Lose the relay's disk; a minute later a backup is in its place."""
        await self._relay.aclose()
        shutil.rmtree(self.folder / "relay")
        (self.folder / "relay").mkdir()
        self._restores += 1
        restore(copy, self.folder / "relay" / "relay.db", MINUTE + self._restores)
        await self.start()


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[Practice]:
    made = Practice(tmp_path)
    await made.open()
    yield made
    await made.close()


def told(report: SyncReport) -> list[EventName]:
    return [notice.event for notice in report.notices]


async def exchange(practice: Practice, text: str) -> None:
    """Let both write and fetch, so that both are ahead of the last backup."""
    await practice.client.send(THERAPIST, f"{text}, says Sam")
    await practice.therapist.sync()
    await practice.therapist.send(CLIENT, f"{text}, says the doctor")
    await practice.client.sync()


async def test_a_device_that_was_ahead_gets_everything_new_and_is_told(practice: Practice) -> None:
    await exchange(practice, "before")
    copy = await practice.back_up()
    for number in range(3):
        await exchange(practice, f"since {number}")
    await practice.lose_and_restore(copy)
    await practice.client.send(THERAPIST, "after")
    report = await practice.therapist.sync()
    assert told(report) == [EventName.RELAY_RESTORED]
    (notice,) = report.notices
    assert notice.sentence.startswith("The relay was restored from a backup.")
    assert "Sam" in notice.sentence
    await practice.therapist.send(CLIENT, "after too")
    assert told(await practice.client.sync()) == [EventName.RELAY_RESTORED]
    assert (await texts(practice.therapist, CLIENT))[-1] == "after too"
    assert (await texts(practice.client, THERAPIST))[-2:] == ["after", "after too"]
    # It is said once, and what follows is as ever.
    await practice.client.send(THERAPIST, "and on")
    assert told(await practice.therapist.sync()) == []
    assert [line.missing for line in await practice.therapist.conversations()] == [0]
    await practice.therapist.journal_verify()
    await practice.client.journal_verify()


async def test_what_waited_in_the_backup_is_still_delivered_once(practice: Practice) -> None:
    await practice.client.send(THERAPIST, "one")
    copy = await practice.back_up()
    await practice.client.send(THERAPIST, "lost")
    await practice.lose_and_restore(copy)
    await practice.client.send(THERAPIST, "two")
    report = await practice.therapist.sync()
    assert told(report) == [EventName.RELAY_RESTORED]
    assert await texts(practice.therapist, CLIENT) == ["one", "two"]
    # The one that the relay had confirmed and lost is counted, not passed over.
    assert [line.missing for line in await practice.therapist.conversations()] == [1]
    assert (await practice.therapist.sync()).arrived == {}


async def test_receipts_that_were_lost_are_sent_again(practice: Practice) -> None:
    """Otherwise their author would read for ever that nobody has fetched it."""
    copy = await practice.back_up()
    await practice.client.send(THERAPIST, "fetched, and the receipt is lost")
    await practice.therapist.sync()
    practice.clock.forward(hours=7)
    await practice.therapist.sync()  # the receipt is at the relay
    await practice.lose_and_restore(copy)
    await practice.client.sync()
    assert (await practice.client.thread(THERAPIST))[-1].state == "stored"
    await practice.client.send(THERAPIST, "after")
    assert told(await practice.therapist.sync()) == [EventName.RELAY_RESTORED]
    practice.clock.forward(hours=7)
    await practice.therapist.sync()
    await practice.client.sync()
    own = [view.state for view in await practice.client.thread(THERAPIST) if view.own]
    assert set(own) == {"fetched"}


async def test_what_was_fetched_since_the_backup_does_not_come_again(practice: Practice) -> None:
    await practice.client.send(THERAPIST, "one")
    copy = await practice.back_up()
    await practice.therapist.sync()
    await practice.lose_and_restore(copy)
    report = await practice.therapist.sync()
    assert (report.arrived, report.notices) == ({}, [])
    assert await texts(practice.therapist, CLIENT) == ["one"]


async def test_the_same_backup_can_be_restored_again(practice: Practice) -> None:
    copy = await practice.back_up()
    for number in range(3):
        await exchange(practice, f"round {number}")
        await practice.lose_and_restore(copy)
        await practice.client.send(THERAPIST, f"after {number}")
        assert told(await practice.therapist.sync()) == [EventName.RELAY_RESTORED]
        assert (await texts(practice.therapist, CLIENT))[-1] == f"after {number}"


async def test_an_envelope_that_waits_on_a_device_is_delivered_after_the_restore(
    practice: Practice,
) -> None:
    copy = await practice.back_up()
    await exchange(practice, "since")
    await practice._relay.aclose()
    sent = await practice.client.send(THERAPIST, "written while the relay was away")
    assert sent.problem is not None
    await practice.lose_and_restore(copy)
    assert (await practice.client.sync()).unsent == 0
    await practice.therapist.sync()
    assert "written while the relay was away" in await texts(practice.therapist, CLIENT)


async def test_an_invitation_claimed_since_the_backup_cannot_be_claimed_again(
    practice: Practice, tmp_path: Path
) -> None:
    link = (await practice.therapist.invite("Robin")).link
    copy = await practice.back_up()
    assert practice.at is not None
    homes = [await home(tmp_path / name, Role.CLIENT, practice.clock) for name in ("a", "thief")]
    for one in homes:
        await set_up(one, practice.at, "Robin")
    async with await homes[0].open() as robin:
        await robin.join(link)
    await practice.lose_and_restore(copy)
    async with await homes[1].open() as thief:
        with pytest.raises(InvitationUnavailable):
            await thief.join(link)


async def test_without_the_step_nobody_is_told_that_something_may_be_lost(
    practice: Practice,
) -> None:
    """Shows that the tests above can fail: a file that was only copied back."""
    copy = await practice.back_up()
    for number in range(4):
        await exchange(practice, f"since {number}")
    await practice._relay.aclose()
    shutil.rmtree(practice.folder / "relay")
    (practice.folder / "relay").mkdir()
    shutil.copy(copy, practice.folder / "relay" / "relay.db")
    await practice.start()
    await practice.client.send(THERAPIST, "after")
    assert told(await practice.therapist.sync()) == []
    assert "after" in await texts(practice.therapist, CLIENT)


async def test_who_writes_to_a_mailbox_that_is_gone_is_told_what_to_do(practice: Practice) -> None:
    """Not that it goes out with the next sync: it never will."""
    file = practice.folder / "relay" / "relay.db"
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("DELETE FROM mailbox")
    with pytest.raises(MailboxGone, match="takes a new invitation"):
        await practice.client.send(THERAPIST, "is anybody there?")
    assert (await texts(practice.client, THERAPIST))[-1] == "is anybody there?"
    report = await practice.client.sync()
    assert told(report) == [EventName.DELIVERY_REFUSED]
    assert "reaches nobody" in report.notices[0].sentence
