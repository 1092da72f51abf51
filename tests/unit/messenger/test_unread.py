"""What was shown is noted, what was not stays new; only what was shown is told of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import IdentityUnconfirmed
from e2etherapy.messenger.messenger import Messenger
from tests.support.devices import Two, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        await made.therapist.mark_read(SAM)
        await made.client.mark_read(OKAFOR)
        yield made


async def new_texts(messenger: Messenger, name: str) -> list[str]:
    return [view.text for view in await messenger.thread(name) if view.unread]


async def unread_of(messenger: Messenger) -> int:
    (line,) = await messenger.conversations()
    return line.unread


async def written(pair: Two, *said: str) -> None:
    """Have the client write and the therapist fetch."""
    for text in said:
        await pair.client.send(OKAFOR, text)
    await pair.therapist.sync()


async def test_what_arrives_is_new_until_it_was_shown(pair: Two) -> None:
    assert await unread_of(pair.therapist) == 0
    await written(pair, "one", "two")
    assert await unread_of(pair.therapist) == 2
    assert await new_texts(pair.therapist, SAM) == ["one", "two"]
    await pair.therapist.mark_read(SAM)
    assert await unread_of(pair.therapist) == 0
    assert await new_texts(pair.therapist, SAM) == []


async def test_what_one_wrote_oneself_is_never_new(pair: Two) -> None:
    await written(pair, "one")
    assert await unread_of(pair.client) == 0
    assert await new_texts(pair.client, OKAFOR) == []


async def test_what_was_not_shown_stays_new_also_behind_what_was(pair: Two) -> None:
    await written(pair, "one", "two", "three")
    shown = (await pair.therapist.thread(SAM))[-1]
    await pair.therapist.mark_read(SAM, {shown.id})
    assert await new_texts(pair.therapist, SAM) == ["one", "two"]


async def test_only_what_was_shown_is_told_of(pair: Two) -> None:
    for messenger in (pair.client, pair.therapist):
        await messenger.set_read_marks(enabled=True)
    await written(pair, "one", "two")
    shown = (await pair.therapist.thread(SAM))[-1]
    await pair.therapist.mark_read(SAM, {shown.id})
    await pair.client.sync()
    told = {view.text: view.state for view in (await pair.client.thread(OKAFOR))[-2:]}
    assert told["two"] == "read"
    assert told["one"] != "read"


async def test_it_is_noted_also_where_nothing_can_be_told(pair: Two) -> None:
    await pair.therapist.set_read_marks(enabled=True)
    await written(pair, "one")
    await pair.therapist.record_verification(SAM, matched=False)
    with pytest.raises(IdentityUnconfirmed):
        await pair.therapist.mark_read(SAM)
    assert await unread_of(pair.therapist) == 0


async def test_to_read_again_writes_nothing(pair: Two) -> None:
    before = (pair.therapist.device.vault.place.folder / "vault.db").read_bytes()
    await pair.therapist.mark_read(SAM)
    assert (pair.therapist.device.vault.place.folder / "vault.db").read_bytes() == before
