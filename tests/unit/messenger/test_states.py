"""The states that a person sees, each only when it is true, and the receipts behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.errors import ChainExhausted
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.session import ratchet
from e2etherapy.session.limits import STANDARD
from tests.support.cut_line import Line
from tests.support.devices import Two, record_of, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def state_of(messenger: Messenger, name: str, text: str) -> str:
    (message,) = [message for message in await messenger.thread(name) if message.text == text]
    return message.state


async def entries_of(messenger: Messenger) -> int:
    """Return how long the record of the one conversation is."""
    return (await messenger.journal_verify())[1].entries


async def test_a_message_rises_from_the_device_to_read(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as pair:
        for messenger in (pair.client, pair.therapist):
            await messenger.set_read_marks(enabled=True)
        line.down = True
        report = await pair.client.send(OKAFOR, "hello")
        assert (report.state, report.problem is None) == ("on_device", False)
        assert await state_of(pair.client, OKAFOR, "hello") == "on_device"
        line.mend()
        await pair.client.sync()
        assert await state_of(pair.client, OKAFOR, "hello") == "stored"
        await pair.therapist.sync()
        assert await state_of(pair.therapist, SAM, "hello") == "received"
        await pair.client.sync()
        assert await state_of(pair.client, OKAFOR, "hello") == "stored"
        await pair.therapist.send(SAM, "an answer, and the receipt with it")
        await pair.client.sync()
        assert await state_of(pair.client, OKAFOR, "hello") == "fetched"
        await pair.therapist.mark_read(SAM)
        await pair.client.sync()
        assert await state_of(pair.client, OKAFOR, "hello") == "read"
        assert await state_of(pair.therapist, SAM, "hello") == "received"


@pytest.mark.parametrize("reader", [False, True])
@pytest.mark.parametrize("author", [False, True])
async def test_read_is_shown_only_where_both_have_opted_in(
    pair: Two, reader: bool, author: bool
) -> None:
    await pair.therapist.set_read_marks(enabled=reader)
    await pair.client.set_read_marks(enabled=author)
    await pair.client.send(OKAFOR, "hello")
    await pair.therapist.sync()
    await pair.therapist.send(SAM, "answer")
    before = await entries_of(pair.therapist)
    await pair.therapist.mark_read(SAM)
    # Without an opt-in, nothing is even written.
    assert await entries_of(pair.therapist) - before == int(reader)
    await pair.client.sync()
    expected = "read" if reader and author else "fetched"
    assert await state_of(pair.client, OKAFOR, "hello") == expected


async def test_what_was_marked_read_is_not_marked_again(pair: Two) -> None:
    await pair.therapist.set_read_marks(enabled=True)
    await pair.therapist.mark_read(SAM)
    before = await entries_of(pair.therapist)
    await pair.therapist.mark_read(SAM)
    assert await entries_of(pair.therapist) == before


async def test_a_long_message_is_stored_only_when_all_its_envelopes_are(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as pair:
        line.cut(3, after_effect=False)
        report = await pair.client.send(OKAFOR, "x" * 60_000)
        assert report.state == "on_device"
        assert (await pair.client.conversations())[0].waiting == 2
        line.mend()
        await pair.client.sync()
        assert (await pair.client.thread(OKAFOR))[-1].state == "stored"


async def receipt_delay(pair: Two) -> int:
    """Return after how many seconds the therapist's device owes its receipt."""
    db = pair.therapist.device.vault.db
    (row,) = await db.fetch_all("SELECT max(due) FROM receipt_due")
    return int(row[0]) - int(pair.clock().timestamp())


async def test_a_receipt_waits_between_five_minutes_and_six_hours(pair: Two) -> None:
    delays = set()
    for _ in range(20):
        await pair.client.send(OKAFOR, "hello")
        await pair.therapist.sync()
        delays.add(await receipt_delay(pair))
        await pair.therapist.send(SAM, "settles it")
    assert all(5 * 60 <= delay < 6 * 60 * 60 for delay in delays)
    assert len(delays) > 15
    assert max(delays) - min(delays) > 60 * 60


async def test_a_receipt_goes_out_when_its_moment_has_come_and_not_before(pair: Two) -> None:
    await pair.client.send(OKAFOR, "hello")
    await pair.therapist.sync()
    delay = await receipt_delay(pair)
    pair.clock.forward(seconds=delay - 1)
    before = await entries_of(pair.therapist)
    await pair.therapist.sync()
    assert await entries_of(pair.therapist) == before
    pair.clock.forward(seconds=1)
    await pair.therapist.sync()
    assert await entries_of(pair.therapist) == before + 1
    await pair.client.sync()
    assert await state_of(pair.client, OKAFOR, "hello") == "fetched"


async def test_a_receipt_goes_along_with_the_next_message_and_not_again_later(pair: Two) -> None:
    await pair.client.send(OKAFOR, "hello")
    await pair.therapist.sync()
    await pair.therapist.send(SAM, "answer")
    await pair.client.sync()
    assert await state_of(pair.client, OKAFOR, "hello") == "fetched"
    before = await entries_of(pair.therapist)
    pair.clock.forward(hours=7)
    await pair.therapist.sync()
    assert await entries_of(pair.therapist) == before


async def test_receipts_are_not_receipted(pair: Two) -> None:
    """After one message, the two devices fall silent."""
    await pair.client.send(OKAFOR, "hello")
    lengths = []
    for _ in range(6):
        for messenger in (pair.therapist, pair.client):
            await messenger.sync()
        pair.clock.forward(hours=7)
        lengths.append([await entries_of(pair.therapist), await entries_of(pair.client)])
    assert lengths[2] == lengths[-1]


async def test_more_receipts_than_one_carries_go_out_in_the_end(pair: Two) -> None:
    change = await pair.therapist.device.begin_private()
    due = int(pair.clock().timestamp())
    for number in range(300):
        change.owe_receipt(1, number.to_bytes(16, "big"), due)
    await pair.therapist.device.vault.commit(change)
    await pair.therapist.send(SAM, "with the first 256")
    await pair.therapist.sync()
    assert await pair.therapist.device.vault.db.fetch_all("SELECT * FROM receipt_due") == []
    report = await pair.client.sync()
    assert (report.arrived, report.notices) == ({OKAFOR: 1}, [])


async def test_a_turn_without_room_leaves_receipts_due_and_stops_nothing(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratchet, "STANDARD", replace(STANDARD, chain_length=3))
    await pair.therapist.send(SAM, "behind a receipt and a text, the last that fits")
    with pytest.raises(ChainExhausted):
        await pair.therapist.send(SAM, "no answer yet")
    device = pair.therapist.device
    record = await record_of(pair.therapist, SAM)
    change = await device.begin(record)
    change.owe_receipt(record.id, b"i" * 16, due=0)
    await device.vault.commit(change)
    report = await pair.therapist.sync()
    assert (report.problem, report.notices) == (None, [])
    await pair.client.sync()
    await pair.client.send(OKAFOR, "an answer")
    assert (await pair.therapist.sync()).arrived == {SAM: 1}
    assert await device.vault.db.fetch_all("SELECT 1 FROM receipt_due WHERE due = 0") == []


async def test_a_sync_counts_what_had_waited_whole_messages_and_nothing_else(
    tmp_path: Path,
) -> None:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as pair:
        line.down = True
        for text in ("short", "long " * 10_000):
            await pair.client.send(OKAFOR, text)
        await pair.client.send_file(OKAFOR, ("a.bin", "application/octet-stream", bytes(40_000)))
        line.mend()
        assert (await pair.client.sync()).delivered == 3
        assert (await pair.client.sync()).delivered == 0
        await pair.client.send(OKAFOR, "at once")
        assert (await pair.client.sync()).delivered == 0
