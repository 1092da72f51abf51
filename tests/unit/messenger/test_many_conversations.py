"""A caseload: more conversations than one request can wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from pathlib import Path

import pytest

from e2etherapy.errors import RelayUnreachable, VaultDamaged
from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.mailbox.operations import MAX_WAITED_MAILBOXES
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.vault import conversations
from e2etherapy.vault.change import Change
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire.role import Role
from tests.support.caseload import create_mailboxes, many
from tests.support.devices import two
from tests.support.homes import HandClock, home
from tests.support.naps import Nap

MANY = 150


class Watched(RelayConnection):
    """Remembers for how many mailboxes was waited and how long, without the waiting."""

    def __init__(self, waits: list[tuple[int, float]], url: str) -> None:
        super().__init__(url)
        self._waits = waits

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        self._waits.append((len(mailboxes), seconds))
        return await super().wait(mailboxes, 0)


async def test_mail_in_the_last_of_many_conversations_is_found(tmp_path: Path) -> None:
    waits: list[tuple[int, float]] = []
    async with two(tmp_path, therapist_connect=partial(Watched, waits)) as pair:
        mailboxes = await many(pair.therapist, "Sam", MANY)
        await create_mailboxes(pair, [mailboxes[0], mailboxes[-1]])
        relay = await pair.client.device.relay(pair.relay.url)
        for mailbox in (mailboxes[0], mailboxes[-1]):
            await relay.deposit(mailbox.address(), bytes(16_384))
        await pair.client.send("Dr. Okafor", "hello")
        waits.clear()
        report = await pair.therapist.sync()
        assert waits == [(MAX_WAITED_MAILBOXES, 0), (MANY - MAX_WAITED_MAILBOXES, 0)]
        assert report.arrived == {"Sam": 1}
        named = [notice.conversation for notice in report.notices]
        assert named == ["client 2", f"client {MANY}"]
        assert len(await pair.therapist.conversations()) == MANY


async def test_mail_in_the_last_of_many_conversations_ends_a_wait(tmp_path: Path) -> None:
    async with two(tmp_path) as pair:
        mailboxes = await many(pair.therapist, "Sam", MANY)
        await create_mailboxes(pair, mailboxes[-1:])
        relay = await pair.client.device.relay(pair.relay.url)
        await relay.deposit(mailboxes[-1].address(), bytes(16_384))
        async with asyncio.timeout(30):
            assert await pair.therapist.wait(600)


async def test_a_wait_takes_no_longer_than_was_asked(tmp_path: Path) -> None:
    async with two(tmp_path) as pair:
        await many(pair.therapist, "Sam", MANY)
        nap = Nap()
        pair.therapist.device.sleep = nap
        assert not await pair.therapist.wait(40)
        assert nap.slept == [40]


async def test_a_wait_ends_when_something_arrives(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        waiting = asyncio.create_task(pair.therapist.wait(50))
        await pair.client.send("Dr. Okafor", "here it is")
        async with asyncio.timeout(30):
            assert await waiting
        assert (await pair.therapist.sync()).arrived == {"Sam": 1}


async def test_a_wait_leaves_the_vault_to_others_and_takes_it_back(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        waiting = asyncio.create_task(pair.therapist.wait(50))
        async with asyncio.timeout(30), await pair.therapist_home.open() as other:
            assert len(await other.conversations()) == 1
            await other.journal_write("meanwhile")
        await pair.client.send("Dr. Okafor", "wake up")
        async with asyncio.timeout(30):
            assert await waiting
        assert [entry.text for entry in await pair.therapist.journal()] == ["meanwhile"]


async def test_a_cancelled_wait_gives_the_vault_back(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        waiting = asyncio.create_task(pair.therapist.wait(50))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(await pair.therapist.conversations()) == 1


@pytest.mark.parametrize("streams", [True, False])
async def test_a_failed_wait_gives_the_vault_back(tmp_path: Path, streams: bool) -> None:
    class Down(RelayConnection):
        is_down = False

        async def features(self) -> frozenset[str]:
            return await super().features() if streams else frozenset()

        async def arrivals(
            self, mailboxes: Sequence[tuple[OwnerKey, int]]
        ) -> AsyncGenerator[list[int], None]:
            raise RelayUnreachable("The relay can't be reached.")
            yield [len(mailboxes)]

        async def wait(
            self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float
        ) -> list[int]:
            if Down.is_down:
                raise RelayUnreachable("The relay can't be reached.")
            return await super().wait(mailboxes, seconds)

    async with two(tmp_path, therapist_connect=Down) as pair:
        Down.is_down = True
        nap = Nap(over_after=4)
        pair.therapist.device.sleep = nap
        told: list[float] = []
        with pytest.raises(RelayUnreachable):
            await pair.therapist.wait(10, lambda _error, seconds: told.append(seconds))
        assert told == nap.slept[1:]
        for pause, most in zip(told, (1, 2, 4), strict=False):
            assert 0 <= pause < most
        assert len(await pair.therapist.conversations()) == 1


async def test_without_a_conversation_a_wait_still_waits(tmp_path: Path) -> None:
    """Otherwise whoever syncs for ever would do so without a pause."""
    at = await home(tmp_path, Role.CLIENT, HandClock())
    async with await at.open() as messenger:
        nap = Nap()
        messenger.device.sleep = nap
        assert not await messenger.wait(30)
        assert nap.slept == [30]


async def test_a_conversation_that_cannot_be_stored_costs_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two(tmp_path) as pair:
        mailboxes = await many(pair.therapist, "Sam", 5)
        await create_mailboxes(pair, mailboxes)
        relay = await pair.client.device.relay(pair.relay.url)
        for mailbox in mailboxes:
            await relay.deposit(mailbox.address(), bytes(16_384))
        records = await conversations.every(pair.therapist.device.vault.db)
        broken = records[2].id
        begin = pair.therapist.device.begin

        async def damaged(record: ConversationRecord, behind: Change | None = None) -> Change:
            if record.id == broken:
                raise VaultDamaged("A page of the vault cannot be read.")
            return await begin(record, behind)

        monkeypatch.setattr(pair.therapist.device, "begin", damaged)
        for _ in range(2):
            with pytest.raises(VaultDamaged):
                await pair.therapist.sync()
        after = await conversations.every(pair.therapist.device.vault.db)
        waiting = {one.id for one in after if one.mailbox in mailboxes and not one.collected}
        assert waiting == {broken}
        assert all(one.acknowledged == one.collected for one in after)
        await pair.therapist.journal_verify()
