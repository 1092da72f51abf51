"""A file goes out piece by piece: what is said meanwhile passes it, and any cut is made good."""

from __future__ import annotations

import contextlib
import random
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from e2etherapy.errors import RelayUnreachable, UnknownConversation, VaultBusy
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.outbound import uploading
from e2etherapy.messenger.outbound.composing import MOST_BEGUN
from e2etherapy.vault import outbox
from e2etherapy.vault.database import Row
from e2etherapy.vault.lock import VaultLock
from e2etherapy.wire.role import Role
from tests.support.cut_line import Line
from tests.support.devices import Two, record_of, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
BINARY = "application/octet-stream"
LONG = random.Random(7).randbytes(2_000_000)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
async def pair(tmp_path: Path, line: Line) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2, client_connect=line.connect) as made:
        yield made


async def rows(messenger: Messenger, table: str) -> list[Row]:
    return await messenger.device.vault.db.fetch_all(f"SELECT * FROM {table}")  # noqa: S608


async def last_file(messenger: Messenger, name: str) -> bytes:
    view = (await messenger.attachments(name))[-1]
    return (await messenger.attachment(name, view.file.id, author=view.author))[1]


async def test_what_is_said_meanwhile_passes_a_file(pair: Two, line: Line) -> None:
    cut = line.cut_behind(32, after_effect=True)
    sent = await pair.client.send_file(OKAFOR, ("lake.mov", BINARY, LONG), cut)
    assert (sent.state, await outbox.count(pair.client.device.vault.db) > 50) == (
        "on_device",
        True,
    )
    line.mend()
    before = line.calls
    assert (await pair.client.send(OKAFOR, "Are you there?")).state == "stored"
    assert line.calls - before <= 3
    assert (await pair.therapist.sync()).arrived == {SAM: 1}
    assert (await texts(pair.therapist, SAM))[-1] == "Are you there?"
    (shown,) = [one for one in await pair.therapist.conversations() if one.name == SAM]
    assert shown.missing == 0
    assert all(view.missing_before == 0 for view in await pair.therapist.thread(SAM))
    assert await pair.therapist.attachments(SAM) == []
    report = await pair.client.sync()
    assert (report.delivered, report.unsent) == (1, 0)
    assert (await pair.therapist.sync()).arrived == {SAM: 1}
    assert await last_file(pair.therapist, SAM) == await last_file(pair.client, OKAFOR) == LONG
    assert (await rows(pair.client, "outgoing"), await rows(pair.therapist, "partial")) == ([], [])


async def test_a_file_said_before_a_text_is_no_gap_in_front_of_it(pair: Two, line: Line) -> None:
    line.down = True
    assert (await pair.client.send_file(OKAFOR, ("a", BINARY, LONG[:60_000]))).state == "on_device"
    line.mend()
    await pair.client.send(OKAFOR, "behind it")
    await pair.therapist.sync()
    assert (await pair.therapist.thread(SAM))[-1].missing_before == 0


@pytest.mark.parametrize("after_effect", [False, True], ids=["never heard", "answer lost"])
async def test_a_file_goes_on_where_it_was_cut_off(
    pair: Two, line: Line, *, after_effect: bool
) -> None:
    """Four times, and each time the sender's program is gone as well as the line."""
    cut = line.cut_behind(1, after_effect=after_effect)
    assert (await pair.client.send_file(OKAFOR, ("note", BINARY, LONG), cut)).state == "on_device"
    left = [await outbox.count(pair.client.device.vault.db)]
    for _ in range(3):
        await pair.client.__aexit__()
        pair.client = await pair.client_home.open()
        line.mend()
        with pytest.raises(RelayUnreachable):
            await pair.client.sync(cut)
        left.append(await outbox.count(pair.client.device.vault.db))
        assert (await pair.therapist.sync()).notices == []
    assert left == sorted(set(left), reverse=True)
    line.mend()
    await pair.client.sync()
    assert (await pair.therapist.sync()).arrived == {SAM: 1}
    assert await last_file(pair.therapist, SAM) == LONG
    (shown,) = await pair.therapist.conversations()
    assert (shown.missing, (await pair.therapist.sync()).arrived) == (0, {})


async def test_other_programs_may_use_the_vault_while_a_file_waits_for_the_relay(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = await pair.client.device.relay(pair.relay.url)
    folder, plain, let_in = pair.client_home.place.folder, relay._call, []

    async def call(*given: object, **named: object) -> bytes:
        lock = VaultLock(folder)
        try:
            await lock.acquire(0.05)
        except VaultBusy:
            let_in.append(False)
        else:
            let_in.append(True)
            lock.release()
        return await plain(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(relay, "_call", call)
    await pair.client.send_file(OKAFOR, ("a", BINARY, LONG))
    assert (let_in, len(let_in) > 4) == ([True] * len(let_in), True)
    let_in.clear()
    await pair.client.send(OKAFOR, "a text is short, and keeps it")
    assert let_in == [False]


async def test_files_leave_room_for_messages_in_a_mailbox_that_nobody_empties(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "ROOM_FOR_FILES", 20)
    await pair.client.send_file(OKAFOR, ("first", BINARY, LONG[:150_000]))
    report = await pair.client.send_file(OKAFOR, ("second", BINARY, LONG[:150_000]))
    assert report.state == "on_device"
    assert report.problem is not None
    assert "has room for messages" in report.problem
    assert (await pair.client.send(OKAFOR, "passes it")).state == "stored"
    (notice,) = (await pair.client.sync()).notices
    assert "Do not send it again" in notice.sentence
    assert (await pair.therapist.sync()).arrived == {SAM: 2}
    pair.clock.forward(hours=7)  # receipts are on their way by then
    await pair.therapist.sync()
    assert ((await pair.client.sync()).unsent, (await pair.therapist.sync()).arrived) == (
        0,
        {SAM: 1},
    )


async def test_a_receipt_that_never_comes_keeps_a_file_back_for_a_month_only(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "ROOM_FOR_FILES", 20)
    for name in ("first", "second"):
        await pair.client.send_file(OKAFOR, (name, BINARY, LONG[:150_000]))
    pair.clock.forward(days=31)
    assert (await pair.client.sync()).unsent == 0


async def test_many_files_that_wait_do_not_push_each_other_out(pair: Two, line: Line) -> None:
    line.down = True
    for number in range(MOST_BEGUN + 5):
        await pair.client.send_file(OKAFOR, (f"{number}.jpg", BINARY, LONG[: 500_000 + number]))
    line.mend()
    await pair.client.send(OKAFOR, "long " * 10_000)
    report = await pair.therapist.sync()
    assert (report.arrived, report.notices) == ({SAM: 1}, [])
    await pair.client.sync()
    report = await pair.therapist.sync()
    assert (report.arrived, report.notices) == ({SAM: MOST_BEGUN + 5}, [])
    names = [view.file.name for view in await pair.therapist.attachments(SAM)]
    assert names == [f"{number}.jpg" for number in range(MOST_BEGUN + 5)]


async def test_a_file_is_never_in_memory_as_a_whole_but_where_it_is_read(pair: Two) -> None:
    """Its pieces are sealed a few at a time, and read a few at a time by whoever gets it."""
    blob = LONG * 6
    await pair.client.send_file(OKAFOR, ("warm", BINARY, LONG[:600_000]))
    await pair.therapist.sync()
    tracemalloc.start()
    try:
        await pair.client.send_file(OKAFOR, ("large", BINARY, blob))
        _, peak = tracemalloc.get_traced_memory()
        assert peak < len(blob) / 2, peak
        tracemalloc.reset_peak()
        await pair.therapist.sync()
        _, peak = tracemalloc.get_traced_memory()
        assert peak < len(blob), peak
    finally:
        tracemalloc.stop()
    assert await last_file(pair.therapist, SAM) == blob


async def test_a_file_whose_pieces_are_gone_here_ends_and_stops_nothing(
    pair: Two, line: Line
) -> None:
    line.down = True
    await pair.client.send_file(OKAFOR, ("erased", BINARY, LONG))
    await pair.client.send_file(OKAFOR, ("other", BINARY, LONG[:90_000]))
    line.mend()
    db = pair.client.device.vault.db
    await db.write([("DELETE FROM chunk WHERE whole = (SELECT item FROM outgoing LIMIT 1)", [()])])
    first = await pair.client.sync()
    assert [notice.sentence for notice in first.notices if "not sent to its end" in notice.sentence]
    await pair.client.sync()
    assert (await pair.therapist.sync()).arrived == {SAM: 1}
    assert (await pair.therapist.attachments(SAM))[-1].file.name == "other"


async def test_a_file_that_is_erased_on_its_way_stops_there_and_never_counts_as_sent(
    pair: Two, line: Line
) -> None:
    await pair.client.send_file(OKAFOR, ("erased", BINARY, LONG), line.cut_behind(32))
    last = (await pair.client.entries(OKAFOR))[-1].number
    await pair.client.erase(OKAFOR, [last], "Not for them.")
    assert await rows(pair.client, "outgoing") == []
    await pair.client.require_endable(OKAFOR)
    line.mend()
    assert [one.sentence for one in (await pair.client.sync()).notices] == []
    assert await outbox.count(pair.client.device.vault.db) == 0
    assert (await pair.client.thread(OKAFOR))[-1].state == "on_device"
    await pair.therapist.sync()
    assert await pair.therapist.attachments(SAM) == []


async def test_files_are_listed_by_numbers_that_stay(pair: Two) -> None:
    await pair.client.send_file(OKAFOR, ("one.txt", "text/plain", b"1"))
    await pair.therapist.sync()
    await pair.therapist.send_file(SAM, ("two.ogg", "audio/ogg; voice=42", b"22"))
    await pair.client.sync()
    for messenger, name in ((pair.client, OKAFOR), (pair.therapist, SAM)):
        listed = await messenger.attachments(name)
        assert [(one.number, one.author, one.file.name) for one in listed] == [
            (1, Role.CLIENT, "one.txt"),
            (2, Role.THERAPIST, "two.ogg"),
        ]
        assert [one.file.voice for one in listed] == [None, 42]
        assert (await messenger.numbered_attachment(name, 2)).own is (name == SAM)
        with pytest.raises(Exception, match="no file 3"):
            await messenger.numbered_attachment(name, 3)
        pieces = messenger.attachment_pieces(name, listed[1].file.id, author=Role.THERAPIST)
        assert [piece async for piece in pieces] == [b"22"]
        with pytest.raises(UnknownConversation):
            [piece async for piece in messenger.attachment_pieces(name, "00", author=Role.CLIENT)]
    found = await pair.client.search("two ogg")
    assert [hit.text for hit in found] == ["two.ogg"]


async def test_a_reader_on_a_slow_line_that_is_cut_goes_on_where_it_was(
    tmp_path: Path, line: Line
) -> None:
    """Each time three pages come, and then nothing: what came before is not fetched again."""
    async with two(tmp_path, turns=2, therapist_connect=line.connect) as pair:
        await pair.client.send_file(OKAFOR, ("note", BINARY, LONG * 3))
        relay = await pair.therapist.device.relay(pair.relay.url)
        plain, pages = relay.collect, 0

        async def slow_page(*given: Any, **named: Any) -> list[StoredEnvelope]:  # noqa: ANN401
            nonlocal pages
            pages += 1
            line.down = pages > 3
            page = await plain(*given, **named)
            pair.clock.forward(seconds=8)
            return page

        relay.collect = slow_page  # type: ignore[method-assign]
        deleted = [0]
        while not (await pair.therapist.attachments(SAM)):
            line.mend()
            pages = 0
            with contextlib.suppress(RelayUnreachable):
                await pair.therapist.sync()
            deleted.append((await record_of(pair.therapist, SAM)).acknowledged)
            assert len(deleted) < 10
        assert len(set(deleted)) == len(deleted) > 3
        assert await last_file(pair.therapist, SAM) == LONG * 3
