"""A file that does not go out to its end never counts as sent, whatever of it was sealed."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from e2etherapy.errors import RelayUnreachable
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.session.phases import Phase
from e2etherapy.vault import outbox, outgoing
from tests.support.devices import Two, record_of, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
FILE = ("lake.mov", "application/octet-stream", random.Random(7).randbytes(2_000_000))
Meanwhile = Callable[[Messenger], Awaitable[None]]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def meanwhile(pair: Two, monkeypatch: pytest.MonkeyPatch, at: int, do: Meanwhile) -> None:
    """Have another program use the client's vault while a file's piece waits for the relay."""
    relay = await pair.client.device.relay(pair.relay.url)
    plain, calls = relay._call, 0

    async def call(*given: object, **named: object) -> bytes:
        nonlocal calls
        calls += 1
        answer = await plain(*given, **named)  # type: ignore[arg-type]
        if calls == at:
            async with await pair.client_home.open() as other:
                await do(other)
        return answer

    monkeypatch.setattr(relay, "_call", call)


@pytest.mark.parametrize("at", [1, 2, 5])
async def test_a_file_that_is_erased_while_it_leaves_is_never_stored(
    pair: Two, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    async def erase(other: Messenger) -> None:
        last = (await other.entries(OKAFOR))[-1].number
        await other.erase(OKAFOR, [last], "Not for them.")

    await meanwhile(pair, monkeypatch, at, erase)
    assert (await pair.client.send_file(OKAFOR, FILE)).state == "on_device"
    for _ in range(2):
        await pair.client.sync()
    assert await outbox.count(pair.client.device.vault.db) == 0
    assert [one.state for one in await pair.client.thread(OKAFOR)][-1] == "on_device"
    await pair.client.send(OKAFOR, "It was the wrong one.")
    report = await pair.therapist.sync()
    assert (report.arrived, report.notices) == ({SAM: 1}, [])
    assert await pair.therapist.attachments(SAM) == []
    assert all(view.missing_before == 0 for view in await pair.therapist.thread(SAM))


async def test_a_file_that_the_other_sides_letter_cuts_short_is_never_stored(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts among what reached nobody, and the reader does not wait for the rest."""
    closed: list[str] = []

    async def fetch_letter(other: Messenger) -> None:
        await pair.therapist.end_therapy(SAM, "Farewell.")
        closed.extend(notice.sentence for notice in (await other.sync()).notices)

    await meanwhile(pair, monkeypatch, 1, fetch_letter)
    assert (await pair.client.send_file(OKAFOR, FILE)).state == "on_device"
    assert "had not left this device (1) reached nobody" in closed[-1]
    await is_over(pair)


async def test_a_letter_that_is_fetched_where_nothing_leaves_cuts_a_file_short(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mailbox cannot be closed yet, and pieces that were sealed still wait."""

    async def fetch_letter(other: Messenger) -> None:
        await pair.therapist.end_therapy(SAM, "Farewell.")
        relay = await other.device.relay(pair.relay.url)
        plain = relay._call

        async def call(method: str, path: str, *given: object, **named: object) -> bytes:
            if path == "/batch":
                raise RelayUnreachable("Nothing leaves.")
            return await plain(method, path, *given, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(relay, "_call", call)
        assert (await other.sync()).arrived == {OKAFOR: 1}
        record = await record_of(other, OKAFOR)
        assert record.state.phase is not Phase.CLOSED
        assert await outbox.count_of(other.device.vault.db, record.id) > 0

    await meanwhile(pair, monkeypatch, 1, fetch_letter)
    sent = await pair.client.send_file(OKAFOR, FILE)
    assert (sent.state, sent.problem) == (
        "on_device",
        "A file for Dr. Okafor was not sent to its end: the conversation has ended.",
    )
    report = await pair.client.sync()
    assert "had not left this device (1) reached nobody" in report.notices[-1].sentence
    await is_over(pair)


async def is_over(pair: Two) -> None:
    """Claim that nothing waits for the rest of a file, on either side."""
    assert (await pair.client.sync()).notices == []
    db = pair.client.device.vault.db
    assert (await outbox.count(db), await outgoing.conversations(db)) == (0, [])
    (view,) = [one for one in await pair.client.thread(OKAFOR) if one.file is not None]
    assert view.state == "on_device"
    for _ in range(2):
        await pair.therapist.sync()
    assert (await record_of(pair.therapist, SAM)).state.phase is Phase.CLOSED
    assert await pair.therapist.device.vault.db.fetch_all("SELECT * FROM partial") == []
