"""The other person in the conversation, later hostile: what they may not do is refused, alone.

Each attack is sealed with the conversation's own keys. It must end as one sentence for the person
and one entry in the record; items, pieces, files and the other conversations stay as they were,
and the next honest message arrives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2etherapy.cli import conversation
from e2etherapy.errors import UnknownConversation
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.long_items import MAX_PARTIALS
from e2etherapy.messenger.views import SyncReport
from e2etherapy.session import conversation as session
from e2etherapy.session import states
from e2etherapy.session.invitation import open_bundle
from e2etherapy.vault.records import Role
from e2etherapy.wire.invitation import Bundle, InvitationLink
from tests.support.devices import Two, record_of, texts, two
from tests.support.hostile_author import HostileAuthor, Json, base64_of, packed

SAM, OKAFOR = "Sam", "Dr. Okafor"
KEPT = ("item", "partial", "chunk", "receipt_due", "outbox", "claim")
Attack = Callable[[HostileAuthor], list[bytes]]


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


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with two(tmp_path, turns=2) as pair:
        author = HostileAuthor(pair.client, OKAFOR)
        yield Scene(pair, author)


def attachment(author: HostileAuthor, blob: bytes, **members: object) -> Json:
    described = {
        "name": "f",
        "media_type": "text/plain",
        "size": len(blob),
        "sha256": base64_of(hashlib.sha256(blob).digest()),
    }
    return author.item("attachment", **(described | members))


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def by_hand(author: HostileAuthor, more: str, kind: str = "text") -> bytes:
    """Return an item's JSON with members that no encoder would write."""
    return (json.dumps(author.item(kind))[:-1] + "," + more + "}").encode("latin-1")


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
    "the same member twice": lambda a: [packed(by_hand(a, '"text":"x","sequence":0'))],
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


def refused(report: SyncReport) -> int:
    """Return how many things were refused, also where one notice tells of several."""
    return sum(
        notice.count for notice in report.notices if notice.event is EventName.CONTENT_REFUSED
    )


async def test_a_broken_item_is_one_sentence_and_changes_nothing_else(scene: Scene) -> None:
    before = await scene.kept()
    thread = await texts(scene.pair.therapist, SAM)
    for name, attack in REFUSED.items():
        report = await scene.suffer(*attack(scene.author))
        (notice,) = report.notices
        assert (notice.event, notice.conversation) == (EventName.CONTENT_REFUSED, SAM), name
        assert notice.sentence.startswith("Something that arrived for Sam was refused: "), name
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


WHOLE = b"w" * 16


def whole_text(author: HostileAuthor, **members: object) -> bytes:
    """Return the packed form of a whole that takes the next sequence, as its first part does."""
    item = author.item("text", **{"id": base64_of(WHOLE), "text": "joined", **members})
    author.sequence -= 1
    return packed(item)


def halves(data: bytes) -> list[bytes]:
    return [data[: len(data) // 2], data[len(data) // 2 :]]


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def differing(author: HostileAuthor, **members: object) -> list[bytes]:
    return author.parts(WHOLE, halves(whole_text(author, **members)))


LYING: dict[str, Attack] = {
    "a whole of another id": lambda a: differing(a, id=base64_of(b"v" * 16)),
    "a whole of another number": lambda a: differing(a, sequence=7_777),
    "a whole that is a receipt": lambda a: differing(
        a, kind="receipt", text=None, items=[base64_of(bytes(16))]
    ),
    "a whole that is a profile": lambda a: differing(a, kind="profile", text=None, name="n"),
    "a whole that is a part": lambda a: differing(
        a, kind="part", text=None, whole=base64_of(b"v" * 16), index=0, count=2
    ),
    "a whole in local time": lambda a: differing(a, written="2026-01-05T09:00:00+05:00"),
    "a whole that is no json": lambda a: a.parts(WHOLE, [b"\x00\x00\x00\x02", b"no"]),
    "a whole with an address": lambda a: a.parts(WHOLE, halves(whole_with_an_address(a))),
    "a whole of nothing": lambda a: a.parts(WHOLE, [b"", b""]),
    "a whole with padding": lambda a: a.parts(WHOLE, [whole_text(a), b"\x00" * 10]),
    "a file of another hash": lambda a: a.parts(WHOLE, halves(lying_file(a))),
    "a text of a million and one bytes": lambda a: a.parts(
        WHOLE, cut(whole_text(a, text="x" * 1_000_001), 13_000)
    ),
}


def whole_with_an_address(author: HostileAuthor) -> bytes:
    item = author.item("text", id=base64_of(WHOLE), text="joined")
    author.sequence -= 1
    address = {"mailbox": base64_of(bytes(32)), "deposit_key": base64_of(bytes(32))}
    return packed(item, extra={"reply_to": address})


def lying_file(author: HostileAuthor) -> bytes:
    item = attachment(author, b"data", id=base64_of(WHOLE), sha256=base64_of(bytes(32)))
    author.sequence -= 1
    return packed(item, b"data")


async def test_pieces_that_do_not_give_what_they_announce_are_refused_as_a_whole(
    scene: Scene,
) -> None:
    for name, attack in LYING.items():
        report = await scene.suffer(*attack(scene.author))
        assert [notice.event for notice in report.notices] == [EventName.CONTENT_REFUSED], name
        assert report.arrived == {}, name
        kept = await scene.kept()
        assert (kept["partial"], kept["chunk"]) == ([], []), name
    await scene.go_on()


async def test_pieces_that_contradict_each_other_are_refused_one_by_one(scene: Scene) -> None:
    author = scene.author
    pieces = halves(whole_text(author))
    first, second = author.parts(WHOLE, pieces)
    assert (await scene.suffer(first)).notices == []
    before = await scene.kept()
    for lie in (
        {"index": 1, "count": 3},
        {"index": 1, "count": 2, "sequence": author.sequence + 50},
        {"index": 0, "count": 2},
    ):
        item = author.item("part", **{"whole": base64_of(WHOLE), **lie})
        report = await scene.suffer(packed(item, b"lie"))
        assert [notice.event for notice in report.notices] == [EventName.CONTENT_REFUSED]
        assert await scene.kept() == before
    assert (await scene.suffer(second)).arrived == {SAM: 1}
    assert (await texts(scene.pair.therapist, SAM))[-1] == "joined"
    await scene.go_on()


async def test_an_item_cannot_take_the_place_of_one_on_its_way(scene: Scene) -> None:
    author = scene.author
    first, second = author.parts(WHOLE, halves(whole_text(author)))
    await scene.suffer(first)
    before = await scene.kept()
    report = await scene.suffer(
        packed(author.item("text", text="usurper", id=base64_of(WHOLE))),
        packed(attachment(author, b"data", id=base64_of(WHOLE)), b"data"),
        packed(
            author.item("part", id=base64_of(WHOLE), whole=base64_of(b"v" * 16), index=0, count=2),
            b"x",
        ),
    )
    assert refused(report) == 3
    assert await scene.kept() == before
    assert (await scene.suffer(second)).arrived == {SAM: 1}
    assert (await texts(scene.pair.therapist, SAM))[-1] == "joined"
    await scene.go_on()


async def test_an_item_cannot_take_the_place_of_one_that_is_being_given_up(scene: Scene) -> None:
    author = scene.author
    for number in range(MAX_PARTIALS):
        await author.say(author.parts(number.to_bytes(16, "big"), [b"x"] * 2)[0])
        author.sequence += 1
    await scene.pair.therapist.sync()
    one_more = author.parts(b"n" * 16, [b"x"] * 2)[0]
    author.sequence += 1
    displaced = base64_of((0).to_bytes(16, "big"))
    report = await scene.suffer(
        one_more,
        packed(attachment(author, b"data", id=displaced), b"data"),
        packed(author.item("mood", id=displaced), b"data"),
    )
    assert {notice.event for notice in report.notices} == {
        EventName.CONTENT_REFUSED,
        EventName.LONG_ITEM_LOST,
    }
    assert refused(report) == 2
    kept = await scene.kept()
    assert (len(kept["partial"]), len(kept["chunk"])) == (MAX_PARTIALS, MAX_PARTIALS)
    await scene.go_on()


async def test_a_file_without_a_byte_can_come_in_pieces(scene: Scene) -> None:
    """No honest program cuts what fits; its packed form was stored a second time."""
    author = scene.author
    item = attachment(author, b"", id=base64_of(WHOLE))
    author.sequence -= 1
    report = await scene.suffer(*author.parts(WHOLE, halves(packed(item))))
    assert (report.arrived, report.notices) == ({SAM: 1}, [])
    (file,) = [m.file for m in await scene.pair.therapist.thread(SAM) if m.file is not None]
    opened = await scene.pair.therapist.attachment(SAM, file.id, author=Role.CLIENT)
    assert opened == ("f", b"")
    await scene.go_on()


@pytest.mark.parametrize("kind", ["text", "attachment"])
async def test_pieces_cannot_be_added_to_an_item_that_is_complete(scene: Scene, kind: str) -> None:
    author = scene.author
    if kind == "text":
        await scene.suffer(packed(author.item("text", text="whole", id=base64_of(WHOLE))))
    else:
        await scene.suffer(packed(attachment(author, b"data", id=base64_of(WHOLE)), b"data"))
    before = await scene.kept()
    report = await scene.suffer(*author.parts(WHOLE, [b"more", b"of it"]))
    assert refused(report) == 2
    assert await scene.kept() == before
    await scene.go_on()


async def test_pieces_come_all_in_one_delivery_with_their_usurpers(scene: Scene) -> None:
    author = scene.author
    first, second = author.parts(WHOLE, halves(whole_text(author)))
    usurper = packed(author.item("text", text="usurper", id=base64_of(WHOLE)))
    again = author.parts(WHOLE, [b"a", b"b"])
    report = await scene.suffer(first, usurper, second, *again, usurper)
    assert report.arrived == {SAM: 1}
    assert refused(report) == 4
    assert (await texts(scene.pair.therapist, SAM))[-1] == "joined"
    await scene.go_on()


async def test_long_items_that_never_end_take_a_bounded_room(scene: Scene) -> None:
    author = scene.author
    for number in range(12):
        whole = number.to_bytes(16, "big")
        item = author.item("part", whole=base64_of(whole), index=0, count=2_400)
        author.sequence += 2_400
        await author.say(packed(item, b"x" * 10_000))
    report = await scene.pair.therapist.sync()
    assert len(report.notices) == 4
    assert len((await scene.kept())["partial"]) == 8
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
    raw = by_hand(author, '"level": [1, {"a": null}], "text": "words"', "check_in")
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


async def test_an_unknown_kind_in_pieces_is_kept_too(scene: Scene) -> None:
    author = scene.author
    item = author.item("drawing", id=base64_of(WHOLE))
    author.sequence -= 1
    report = await scene.suffer(*author.parts(WHOLE, halves(packed(item, b"strokes" * 100))))
    assert (report.arrived, report.notices) == ({SAM: 1}, [])
    chunks = await scene.pair.therapist.device.vault.db.fetch_all("SELECT data FROM chunk")
    assert b"strokes" * 100 in b"".join(row[0] for row in chunks)
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


@pytest.mark.parametrize("what", ["random", "damaged", "foreign", "to its author"])
async def test_an_envelope_that_was_not_made_here_changes_no_byte_of_the_state(
    tmp_path: Path, what: str
) -> None:
    async with two(tmp_path / "one", turns=3) as pair, two(tmp_path / "other", turns=3) as other:
        author = HostileAuthor(pair.client, OKAFOR)
        body = packed(author.item("text", text="x"))
        record = await record_of(pair.client, OKAFOR)
        if what == "foreign":
            record = await record_of(other.client, OKAFOR)
        elif what == "to its author":
            record = await record_of(pair.therapist, SAM)
        _, envelope = author.seal(record.state, body)
        if what == "random":
            envelope = author.draw(16_384)
        elif what == "damaged":
            envelope = envelope[:9_000] + bytes([envelope[9_000] ^ 1]) + envelope[9_001:]
        before = states.dump((await record_of(pair.therapist, SAM)).state)
        mine = await record_of(pair.client, OKAFOR)
        assert mine.peer is not None
        await (await pair.client.device.relay(mine.relay)).deposit(mine.peer, envelope)
        report = await pair.therapist.sync()
        assert states.dump((await record_of(pair.therapist, SAM)).state) == before
        assert [notice.event for notice in report.notices] == [EventName.ENVELOPE_REFUSED]
        assert report.arrived == {}
        await pair.client.send(OKAFOR, "honest")
        assert (await pair.therapist.sync()).arrived == {SAM: 1}


async def test_a_second_claimant_is_told_of_and_changes_nothing(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        link = (await pair.therapist.invite(SAM)).link
        bundle = await the_bundle(pair, link)
        await pair.client.join(link)
        await pair.therapist.sync()
        before = await record_of(pair.therapist, SAM)
        thief = HostileAuthor(pair.client, OKAFOR)
        joined = session.join(bundle, pair.clock.today(), pair.clock.today(), thief.draw)
        _, envelope = thief.seal(joined, packed(thief.item("text", text="it is me")))
        mine = await record_of(pair.client, OKAFOR)
        assert mine.peer is not None
        await (await pair.client.device.relay(mine.relay)).deposit(mine.peer, envelope)
        report = await pair.therapist.sync()
        (notice,) = report.notices
        assert notice.event is EventName.INVITATION_USED_BY_SOMEBODY_ELSE
        assert "link has leaked" in notice.sentence
        after = await record_of(pair.therapist, SAM)
        assert (after.state, after.peer) == (before.state, before.peer)
        await pair.client.send(OKAFOR, "it is really me")
        assert (await pair.therapist.sync()).arrived == {SAM: 1}


async def the_bundle(pair: Two, link: str) -> Bundle:
    state = (await record_of(pair.therapist, SAM)).state
    assert isinstance(state, states.Invited)
    bundle = Bundle.unpack(state.bundle)
    assert bundle.secret() == InvitationLink.parse(link).secret
    assert open_bundle is not None
    return bundle


async def test_an_opening_without_an_address_leaves_a_conversation_that_waits(
    tmp_path: Path,
) -> None:
    """Nobody can be answered without it; what is written meanwhile is kept, and goes out."""
    async with two(tmp_path, met=False) as pair:
        bundle = await the_bundle(pair, (await pair.therapist.invite(SAM)).link)
        author = HostileAuthor(pair.client, OKAFOR)
        state = session.join(bundle, pair.clock.today(), pair.clock.today(), author.draw)
        state, silent = author.seal(state, packed(author.item("text", text="no address")))
        record = await record_of(pair.therapist, SAM)
        relay_of = await pair.client.device.relay(record.relay)
        await relay_of.deposit(record.mailbox.address(), silent)
        assert (await pair.therapist.sync()).arrived == {SAM: 1}
        report = await pair.therapist.send(SAM, "an answer")
        assert report.state == "on_device"
        assert report.problem is not None
        again = await pair.therapist.sync()
        assert [notice.event for notice in again.notices] == [EventName.DELIVERY_REFUSED]
        assert again.unsent > 0
        _, speaking = author.seal(
            state,
            packed(
                author.item("text", text="here I am"),
                extra={
                    "reply_to": {
                        "mailbox": base64_of(record.mailbox.address().mailbox),
                        "deposit_key": base64_of(bytes(record.mailbox.address().key)),
                    }
                },
            ),
        )
        await relay_of.deposit(record.mailbox.address(), speaking)
        await pair.therapist.sync()
        await pair.therapist.sync()
        assert (await pair.therapist.conversations())[0].waiting == 0


async def test_a_name_that_cannot_be_shown_is_replaced_when_joining(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.therapist.device.vault.db.write(
            [("UPDATE setting SET value = ? WHERE key = 'name'", ((b"Dr.\x1b[31m\n\x00",),))]
        )
        joined = await pair.client.join((await pair.therapist.invite(SAM)).link)
        assert joined.name == "Therapist"


async def test_a_file_under_the_id_of_ones_own_hides_neither_and_passes_for_neither(
    scene: Scene,
) -> None:
    """Ids are unique for each author only: the other side sees mine, and may choose them."""
    therapist = scene.pair.therapist
    sent = await therapist.send_file(SAM, ("plan.txt", "text/plain", b"the plan"))
    mine = base64_of(bytes.fromhex(sent.id))
    theirs = attachment(scene.author, b"not the plan", id=mine, name="plan.txt")
    assert (await scene.suffer(packed(theirs, b"not the plan"))).arrived == {SAM: 1}
    found = {
        author: await therapist.attachment(SAM, sent.id, author=author)
        for author in (Role.THERAPIST, Role.CLIENT)
    }
    assert found == {
        Role.THERAPIST: ("plan.txt", b"the plan"),
        Role.CLIENT: ("plan.txt", b"not the plan"),
    }
    files = [(view.author, view.file.id) for view in await therapist.thread(SAM) if view.file]
    assert files == [(Role.THERAPIST, sent.id), (Role.CLIENT, sent.id)]
    await scene.go_on()


async def test_pieces_under_the_id_of_ones_own_file_do_not_make_it_unreadable(
    scene: Scene,
) -> None:
    therapist = scene.pair.therapist
    sent = await therapist.send_file(SAM, ("plan.txt", "text/plain", b"the plan"))
    await scene.suffer(*scene.author.parts(bytes.fromhex(sent.id), [b"a", b"b", b"c"])[:2])
    own = await therapist.attachment(SAM, sent.id, author=Role.THERAPIST)
    assert own == ("plan.txt", b"the plan")
    with pytest.raises(UnknownConversation, match="no such file"):
        await therapist.attachment(SAM, sent.id, author=Role.CLIENT)
    await scene.go_on()


async def test_a_file_under_the_id_of_ones_own_is_saved_beside_it(
    scene: Scene, tmp_path: Path
) -> None:
    therapist = scene.pair.therapist
    sent = await therapist.send_file(SAM, ("mine.txt", "text/plain", b"mine"))
    theirs = attachment(
        scene.author, b"theirs", id=base64_of(bytes.fromhex(sent.id)), name="theirs.txt"
    )
    await scene.suffer(packed(theirs, b"theirs"))
    saved = await conversation._saved(therapist, SAM, tmp_path / "in", await therapist.thread(SAM))
    assert {author: path.read_bytes() for (author, _), path in saved.items()} == {
        Role.THERAPIST: b"mine",
        Role.CLIENT: b"theirs",
    }
