"""A relay under a new address: the same one, or nothing is changed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import RelayRefused, RelayUnreachable
from e2etherapy.messenger import relocating
from e2etherapy.messenger.settings import Setting, text_setting
from tests.support.devices import Two, relay, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, met=False) as made:
        yield made


def renamed(pair: Two) -> str:
    """Return another address of the same relay."""
    return pair.relay.url.replace("127.0.0.1", "localhost")


async def relays(pair: Two) -> set[str]:
    return {view.relay for view in await pair.therapist.conversations()}


async def test_everything_goes_on_under_the_new_address(pair: Two) -> None:
    await pair.meet()
    await pair.talk()
    old = pair.relay.url
    assert await relocating.move(pair.therapist.device, old, renamed(pair)) == 1
    assert await relays(pair) == {renamed(pair)}
    vault = pair.therapist.device.vault
    assert await text_setting(vault, Setting.RELAY) == renamed(pair)
    await pair.client.send(OKAFOR, "and on")
    await pair.therapist.sync()
    assert (await texts(pair.therapist, SAM))[-1] == "and on"


async def test_at_another_relay_nothing_is_changed(pair: Two, tmp_path: Path) -> None:
    await pair.meet()
    await pair.talk()
    async with relay(tmp_path / "other", pair.clock) as other:
        with pytest.raises(RelayRefused, match="Nothing was changed"):
            await relocating.move(pair.therapist.device, pair.relay.url, other.url)
    with pytest.raises(RelayUnreachable):
        await relocating.move(pair.therapist.device, pair.relay.url, other.url)
    assert await relays(pair) == {pair.relay.url}


async def test_mailboxes_that_the_relay_does_not_know_do_not_hide_those_that_it_knows(
    pair: Two,
) -> None:
    """Only eight are shown to whoever answers there."""
    for number in range(9):
        await pair.therapist.invite(f"client {number}")
    with contextlib.closing(sqlite3.connect(pair.relay.file)) as database, database:
        database.execute("DELETE FROM mailbox")
    await pair.meet()
    await pair.talk()
    assert await relocating.move(pair.therapist.device, pair.relay.url, renamed(pair)) == 10
    assert await relays(pair) == {renamed(pair)}
