"""Whoever floods a mailbox with what nobody can open does not flood the record."""

from __future__ import annotations

from pathlib import Path

from e2etherapy.journal import record
from e2etherapy.journal.record import EventName
from e2etherapy.vault import journal_store
from tests.support.devices import record_of, texts, two
from tests.support.people import seeded

SAM, OKAFOR = "Sam", "Dr. Okafor"
JUNK = 200


async def test_junk_is_one_entry_for_each_page_and_one_notice(tmp_path: Path) -> None:
    draw = seeded("junk")
    async with two(tmp_path, turns=1) as pair:
        mine = await record_of(pair.client, OKAFOR)
        assert mine.peer is not None
        relay = await pair.client.device.relay(mine.relay)
        for _ in range(JUNK):
            await relay.deposit(mine.peer, draw(16_384))
        await pair.client.send(OKAFOR, "honest")
        report = await pair.therapist.sync()
        assert report.arrived == {SAM: 1}
        assert (await texts(pair.therapist, SAM))[-1] == "honest"
        (notice,) = report.notices
        assert (notice.event, notice.count) == (EventName.ENVELOPE_REFUSED, JUNK)
        assert f"{JUNK} things that arrived for {SAM} were refused" in notice.sentence
        vault = pair.therapist.device.vault
        book = (await record_of(pair.therapist, SAM)).book
        entries = [
            record.decode(entry.content or b"")
            async for entry in journal_store.entries(vault.db, book)
        ]
        refused = [
            entry.details["count"]
            for entry in entries
            if isinstance(entry, record.Event) and entry.event == EventName.ENVELOPE_REFUSED
        ]
        assert 1 <= len(refused) <= -(-(JUNK + 1) // 64)
        assert sum(int(count) for count in refused) == JUNK
