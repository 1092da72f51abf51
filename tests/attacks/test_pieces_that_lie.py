"""The other person sends a long item in pieces that do not belong together.

They are refused alone; what is complete, on its way or given up keeps its place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from e2etherapy.journal.record import EventName
from e2etherapy.messenger.inbound.long_items import MAX_PARTIALS
from e2etherapy.wire.role import Role
from tests.support.devices import texts
from tests.support.hostile_author import HostileAuthor, base64_of, packed
from tests.support.hostile_scene import (
    SAM,
    WHOLE,
    Scene,
    attachment,
    halves,
    hostile_scene,
    refused,
    whole_text,
)

Attack = Callable[[HostileAuthor], list[bytes]]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with hostile_scene(tmp_path) as made:
        yield made


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


@pytest.mark.parametrize("lie", LYING)
async def test_pieces_that_do_not_give_what_they_announce_are_refused_as_a_whole(
    scene: Scene, lie: str
) -> None:
    report = await scene.suffer(*LYING[lie](scene.author))
    assert [notice.event for notice in report.notices] == [EventName.CONTENT_REFUSED]
    assert report.arrived == {}
    kept = await scene.kept()
    assert (kept["partial"], kept["chunk"]) == ([], [])
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


async def test_an_unknown_kind_in_pieces_is_kept_too(scene: Scene) -> None:
    author = scene.author
    item = author.item("drawing", id=base64_of(WHOLE))
    author.sequence -= 1
    report = await scene.suffer(*author.parts(WHOLE, halves(packed(item, b"strokes" * 100))))
    assert (report.arrived, report.notices) == ({SAM: 1}, [])
    chunks = await scene.pair.therapist.device.vault.db.fetch_all("SELECT data FROM chunk")
    assert b"strokes" * 100 in b"".join(row[0] for row in chunks)
    await scene.go_on()
