"""The other person in the conversation, later hostile: what they may not do is refused, alone.

Each attack is sealed with the conversation's own keys. It must end as one sentence for the person
and one entry in the record; items, pieces, files and the other conversations stay as they were,
and the next honest message arrives.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from e2etherapy.journal.record import EventName
from tests.support.devices import texts
from tests.support.hostile_author import HostileAuthor, base64_of, packed
from tests.support.hostile_scene import (
    SAM,
    Scene,
    attachment,
    hostile_scene,
    refused,
)
from tests.support.notation import in_order, written

Attack = Callable[[HostileAuthor], list[bytes]]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with hostile_scene(tmp_path) as made:
        yield made


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def by_hand(author: HostileAuthor, more: str, kind: str = "text") -> bytes:
    """Return an item's JSON with members that no encoder would write."""
    return written(in_order(author.item(kind)))[:-1] + f",{more}}}".encode("latin-1")


REFUSED: dict[str, Attack] = {
    "a time that is not utc": lambda a: [
        packed(a.item("text", text="x", written="2026-01-05T09:00:00+01:00"))
    ],
    "a time without a zone": lambda a: [
        packed(a.item("text", text="x", written="2026-01-05T09:00:00"))
    ],
    "a fraction of a second": lambda a: [
        packed(a.item("text", text="x", written="2026-01-05T09:00:00.5Z"))
    ],
    "a shared entry in local time": lambda a: [
        packed(a.item("journal_share", text="x", entry_written="2026-01-05T09:00:00+01:00"))
    ],
    "a shared entry before the first day": lambda a: [
        packed(a.item("journal_share", text="x", entry_written="0001-01-01T00:00:00+14:00"))
    ],
    "a shared entry with a fraction of a second": lambda a: [
        packed(a.item("journal_share", text="x", entry_written="2026-01-05T09:00:00.5Z"))
    ],
    "an unknown member": lambda a: [packed(a.item("text", text="x", more=1))],
    "an unknown outer member": lambda a: [packed(a.item("text", text="x"), extra={"more": 1})],
    "no text": lambda a: [packed(a.item("text"))],
    "a text that is a number": lambda a: [packed(a.item("text", text=1))],
    "sequence 0": lambda a: [packed(a.item("text", text="x", sequence=0))],
    "sequence 2^53": lambda a: [packed(a.item("text", text="x", sequence=2**53))],
    "a short id": lambda a: [packed(a.item("text", text="x", id=base64_of(b"short")))],
    "no kind": lambda a: [packed(a.item("text", text="x", kind=None))],
    "an unknown kind with an id that is none": lambda a: [packed(a.item("mood", id="x"))],
    "an unknown kind in local time": lambda a: [
        packed(a.item("mood", written="2026-01-05T09:00:00+01:00"))
    ],
    "an empty receipt": lambda a: [packed(a.item("receipt", items=[]))],
    "a receipt for 257": lambda a: [packed(a.item("receipt", items=[base64_of(bytes(16))] * 257))],
    "a name of 201 characters": lambda a: [packed(a.item("profile", name="n" * 201))],
    "bytes with a text": lambda a: [packed(a.item("text", text="x"), b"blob")],
    "bytes with a receipt": lambda a: [
        packed(a.item("receipt", items=[base64_of(bytes(16))]), b"blob")
    ],
    "a file of another hash": lambda a: [
        packed(attachment(a, b"data", sha256=base64_of(bytes(32))), b"data")
    ],
    "a file of another size": lambda a: [packed(attachment(a, b"data", size=5), b"data")],
    "a file of a negative size": lambda a: [packed(attachment(a, b"data", size=-1), b"data")],
    "a file that claims 25 million and one": lambda a: [
        packed(attachment(a, b"data", size=25_000_001), b"data")
    ],
    "another address": lambda a: [
        packed(
            a.item("text", text="x"),
            extra={
                "reply_to": {"mailbox": base64_of(bytes(32)), "deposit_key": base64_of(bytes(32))}
            },
        )
    ],
    "half an address": lambda a: [
        packed(a.item("text", text="x"), extra={"reply_to": {"mailbox": base64_of(bytes(32))}})
    ],
    "no json": lambda _: [b"\x00\x00\x00\x04nope"],
    "no utf-8": lambda a: [packed(by_hand(a, '"text":"\xff"'))],
    "a length behind the end": lambda _: [b"\xff\xff\xff\xff{}"],
    "nothing": lambda _: [b""],
    "padding that is not zero": lambda a: [packed(a.item("text", text="x")) + b"\x01"],
    "deep nesting": lambda a: [packed(by_hand(a, f'"text":{nested(5_000)}'))],
    "deep nesting in an unknown kind": lambda a: [
        packed(by_hand(a, f'"x":{nested(6_000)}', "mood"))
    ],
    "a number of 10,000 digits": lambda a: [packed(by_hand(a, '"answers":' + "9" * 10_000))],
    "the same member twice": lambda a: [
        packed(written(in_order(a.item("text", text="x"))).replace(b"{", b'{"kind":"text",'))
    ],
    "a member of an unknown kind twice": lambda a: [packed(by_hand(a, '"x":1,"x":1', "mood"))],
    "white space": lambda a: [
        packed(written(in_order(a.item("text", text="x"))).replace(b":", b": ", 1))
    ],
    "members in another order": lambda a: [
        packed(written(dict(reversed(in_order(a.item("text", text="x")).items()))))
    ],
    "an offset of nothing": lambda a: [
        packed(a.item("text", text="x", written="2026-01-05T09:00:00+00:00"))
    ],
    "an id with spare bits": lambda a: [
        packed(a.item("text", text="x", id=base64_of(a.draw(16))[:-3] + "B=="))
    ],
    "a part of itself": lambda a: [
        packed(
            a.item("part", id=base64_of(b"w" * 16), whole=base64_of(b"w" * 16), index=0, count=2),
            b"piece",
        )
    ],
    "a part beyond its count": lambda a: [
        packed(a.item("part", whole=base64_of(b"w" * 16), index=2, count=2), b"piece")
    ],
    "a whole of one part": lambda a: [
        packed(a.item("part", whole=base64_of(b"w" * 16), index=0, count=1), b"piece")
    ],
    "a whole of 2,401 parts": lambda a: [
        packed(a.item("part", whole=base64_of(b"w" * 16), index=0, count=2_401), b"piece")
    ],
}


async def test_a_broken_item_is_one_sentence_and_changes_nothing_else(scene: Scene) -> None:
    before = await scene.kept()
    thread = await texts(scene.pair.therapist, SAM)
    for name, attack in REFUSED.items():
        report = await scene.suffer(*attack(scene.author))
        (notice,) = report.notices
        assert (notice.event, notice.conversation) == (EventName.CONTENT_REFUSED, SAM), name
        assert notice.sentence.startswith("Something that arrived for Sam was refused: "), name
        assert not re.search(r"\w(?:Error|Exception)\b|\.\.", notice.sentence), name
        assert len(notice.sentence) < 300, name
        assert report.arrived == {}, name
        assert await scene.kept() == before, name
    assert await texts(scene.pair.therapist, SAM) == thread
    await scene.go_on()


async def test_an_id_or_a_number_is_used_once(scene: Scene) -> None:
    first = scene.author.item("text", text="first")
    assert (await scene.suffer(packed(first))).arrived == {SAM: 1}
    before = await scene.kept()
    same_id = scene.author.item("text", text="same id", id=first["id"])
    same_number = scene.author.item("text", text="same number", sequence=first["sequence"])
    both = first | {"text": "both"}
    unknown = scene.author.item("mood", id=first["id"])
    for item in (same_id, same_number, both, unknown):
        report = await scene.suffer(packed(item))
        assert [notice.event for notice in report.notices] == [EventName.CONTENT_REFUSED]
        assert await scene.kept() == before
    assert (await texts(scene.pair.therapist, SAM))[-1] == "first"
    await scene.go_on()


async def test_an_id_or_a_number_is_used_once_within_one_delivery_too(scene: Scene) -> None:
    first = scene.author.item("text", text="first")
    same_id = scene.author.item("text", text="same id", id=first["id"])
    report = await scene.suffer(packed(first), packed(same_id), packed(first))
    assert report.arrived == {SAM: 1}
    assert refused(report) == 2
    await scene.go_on()


async def test_receipts_for_what_was_never_sent_change_nothing_shown(scene: Scene) -> None:
    await scene.pair.therapist.send(SAM, "unread")
    states = [message.state for message in await scene.pair.therapist.thread(SAM)]
    received = [message.id for message in await scene.pair.therapist.thread(SAM)]
    own = [base64_of(bytes.fromhex(item)) for item in received if item]
    for kind in ("receipt", "read_mark"):
        report = await scene.suffer(
            packed(scene.author.item(kind, items=[base64_of(bytes(16)), *own[:1]]))
        )
        assert (report.notices, report.arrived) == ([], {})
    assert [message.state for message in await scene.pair.therapist.thread(SAM)] == states
    await scene.go_on()


async def test_ten_thousand_receipts_cost_no_more_than_their_room(scene: Scene) -> None:
    await scene.pair.therapist.send(SAM, "receipted often")
    (item,) = [m.id for m in await scene.pair.therapist.thread(SAM) if m.text == "receipted often"]
    ids = [base64_of(bytes.fromhex(item))] * 250
    await scene.author.say(*(packed(scene.author.item("receipt", items=ids)) for _ in range(40)))
    before = await scene.kept()
    report = await scene.pair.therapist.sync()
    assert (report.notices, report.arrived) == ([], {})
    assert (await scene.kept())["receipt_due"] == before["receipt_due"]
    assert (await scene.pair.therapist.thread(SAM))[-1].state == "fetched"
    await scene.go_on()


async def test_an_unknown_kind_is_kept_and_shown_as_what_it_is(scene: Scene) -> None:
    author = scene.author
    raw = by_hand(author, '"level":[1,{"a":null}],"text":"words"', "mood_line")
    report = await scene.suffer(
        packed(raw), packed(author.item("read_marks_of_next_year"), b"bytes of a newer kind")
    )
    assert (report.arrived, report.notices) == ({SAM: 2}, [])
    shown = (await scene.pair.therapist.thread(SAM))[-2:]
    assert [message.kind for message in shown] == ["unknown", "unknown"]
    assert all("newer version" in message.text for message in shown)
    assert "words" not in "".join(message.text for message in shown)
    db = scene.pair.therapist.device.vault.db
    rows = await db.fetch_all("SELECT content FROM journal ORDER BY id DESC LIMIT 2")
    assert raw in rows[1][0]
    chunks = await db.fetch_all("SELECT data FROM chunk")
    assert any(b"bytes of a newer kind" in row[0] for row in chunks)
    await scene.go_on()


async def test_kinds_of_the_reader_s_own_record_are_nothing_but_unknown_kinds(
    scene: Scene,
) -> None:
    """An item that calls itself a private entry, or an event, does not become one."""
    await scene.pair.therapist.journal_write("the therapist's own")
    for kind in ("private", "event", "message", "unknown", "Text", "text ", ""):
        item = scene.author.item(kind, text="forged", event="safety_phrase_matched")
        assert (await scene.suffer(packed(item))).arrived == {SAM: 1}
    shown = (await scene.pair.therapist.thread(SAM))[-7:]
    assert {message.kind for message in shown} == {"unknown"}
    own = [entry.text for entry in await scene.pair.therapist.journal()]
    assert own == ["the therapist's own"]
    assert not await scene.pair.therapist.search("forged")
    await scene.go_on()


async def test_what_was_accepted_can_be_shown_from_deeper_in_the_program(scene: Scene) -> None:
    """Nested arrays take room on the stack, of which there was more when they arrived."""
    accepted = []
    for depth in (10, 20, 29, 30, 31, 32, 33, 300, 900, 980):
        body = packed(by_hand(scene.author, f'"x":{nested(depth)}', "mood"))
        if (await scene.suffer(body)).arrived:
            accepted.append(depth)

    async def from_deep(levels: int) -> None:
        if levels:
            await from_deep(levels - 1)
            return
        await scene.pair.therapist.thread(SAM)
        await scene.pair.therapist.search("turn")

    assert accepted == [10, 20, 29, 30, 31]
    await from_deep(150)
    await scene.go_on()


async def test_times_at_the_end_of_the_calendar_can_be_shown(scene: Scene) -> None:
    for year in (1, 9999):
        item = scene.author.item("text", text="when?", written=f"{year:04}-12-31T23:59:59Z")
        assert (await scene.suffer(packed(item))).arrived == {SAM: 1}
        assert (await scene.pair.therapist.thread(SAM))[-1].written.year == year
    await scene.pair.therapist.search("when")
    await scene.go_on()


async def test_a_number_near_the_largest_is_counted_as_missing_and_stops_nothing(
    scene: Scene,
) -> None:
    report = await scene.suffer(
        packed(scene.author.item("text", text="far ahead", sequence=2**53 - 1))
    )
    assert report.arrived == {SAM: 1}
    assert (await scene.pair.therapist.conversations())[0].missing > 2**52
    await scene.go_on()


async def test_texts_of_the_other_side_do_not_steer_a_search(scene: Scene) -> None:
    for words in ('" OR text:"', "NEAR(", "\x00", "*"):
        await scene.author.say(packed(scene.author.item("text", text=words)))
    await scene.pair.therapist.sync()
    assert await scene.pair.therapist.search("NEAR")
    assert not await scene.pair.therapist.search("anything at all")
