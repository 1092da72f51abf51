"""Threat E13: what was used stays used, however the relay cuts deliveries into pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.journal.record import EventName
from e2etherapy.messenger.inbound.long_items import MAX_PARTIALS
from tests.support.devices import texts
from tests.support.hostile_author import base64_of, packed
from tests.support.hostile_scene import (
    SAM,
    WHOLE,
    Scene,
    halves,
    hostile_scene,
    refused,
    whole_text,
)

FIRST = base64_of(b"f" * 16)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with hostile_scene(tmp_path) as made:
        yield made


def in_two_pieces(scene: Scene) -> list[bytes]:
    """Return the bodies of a long text; the id of its first piece is `FIRST`."""
    author = scene.author
    first, second = halves(whole_text(author))
    said = author.item("part", id=FIRST, whole=base64_of(WHOLE), index=0, count=2)
    rest = author.item("part", whole=base64_of(WHOLE), index=1, count=2)
    return [packed(said, first), packed(rest, second)]


async def are_refused(scene: Scene, *bodies: bytes) -> bool:
    """Say whether all of these are refused, and change nothing."""
    before = await scene.kept()
    report = await scene.suffer(*bodies)
    unchanged = await scene.kept() == before and report.arrived == {}
    return unchanged and refused(report) == len(bodies)


async def test_the_id_of_a_first_piece_stays_used_when_its_item_is_complete(scene: Scene) -> None:
    assert (await scene.suffer(*in_two_pieces(scene))).arrived == {SAM: 1}
    author = scene.author
    piece = author.item("part", id=FIRST, whole=base64_of(b"v" * 16), index=0, count=2)
    for item in (author.item("text", text="x", id=FIRST), author.item("mood", id=FIRST)):
        assert await are_refused(scene, packed(item))
    assert await are_refused(scene, packed(piece, b"piece"))
    await scene.go_on()


async def test_no_long_item_begins_under_the_id_of_a_joined_piece(scene: Scene) -> None:
    await scene.suffer(*in_two_pieces(scene))
    assert await are_refused(scene, *scene.author.parts(b"f" * 16, [b"a", b"b"]))
    await scene.go_on()


async def test_the_id_of_a_long_item_that_was_refused_as_a_whole_stays_used(scene: Scene) -> None:
    author = scene.author
    report = await scene.suffer(*author.parts(WHOLE, [b"\0\0\0\2", b"no"]))
    assert [notice.event for notice in report.notices] == [EventName.CONTENT_REFUSED]
    assert await are_refused(scene, packed(author.item("text", text="x", id=base64_of(WHOLE))))
    assert await are_refused(scene, *author.parts(WHOLE, halves(whole_text(author))))
    await scene.go_on()


async def test_the_id_of_a_long_item_that_was_given_up_stays_used(scene: Scene) -> None:
    author = scene.author
    for number in range(MAX_PARTIALS + 1):
        await author.say(author.parts(number.to_bytes(16, "big"), [b"x"] * 2)[0])
    report = await scene.pair.therapist.sync()
    assert [notice.event for notice in report.notices] == [EventName.LONG_ITEM_LOST]
    lost = bytes(16)
    assert await are_refused(scene, packed(author.item("text", text="x", id=base64_of(lost))))
    assert await are_refused(scene, *author.parts(lost, [b"a", b"b"]))
    await scene.go_on()


@pytest.mark.parametrize("pages", [1, 2])
async def test_a_long_item_cannot_begin_over_a_number_that_was_used(
    scene: Scene, pages: int
) -> None:
    """In one page with what used it as well: it took a place among those on their way."""
    author = scene.author
    within = packed(author.item("text", text="within"))
    around = author.item(
        "part", whole=base64_of(WHOLE), index=0, count=9, sequence=author.sequence - 4
    )
    bodies = [within, packed(around, b"piece")]
    reports = (
        [await scene.suffer(*bodies)]
        if pages == 1
        else [await scene.suffer(body) for body in bodies]
    )
    assert [report.arrived for report in reports if report.arrived] == [{SAM: 1}]
    assert [notice.event for report in reports for notice in report.notices] == [
        EventName.CONTENT_REFUSED
    ]
    assert (await scene.kept())["partial"] == []
    assert (await texts(scene.pair.therapist, SAM))[-1] == "within"
    await scene.go_on()


@pytest.mark.parametrize("pages", [1, 2])
async def test_a_lie_about_a_long_item_does_not_stop_its_true_pieces(
    scene: Scene, pages: int
) -> None:
    """The lie covers a number that was used: in one page, the true pieces were refused with it."""
    author = scene.author
    await scene.suffer(packed(author.item("text", text="before")))
    used = author.sequence
    true = in_two_pieces(scene)
    lie = author.item("part", whole=base64_of(WHOLE), index=1, count=9, sequence=used + 1)
    bodies = [true[0], packed(lie | {"sequence": used + 50, "index": 50, "count": 60}, b"lie")]
    if pages == 1:
        await author.say(*bodies)
        report = await scene.suffer(true[1])
    else:
        for body in bodies:
            await scene.suffer(body)
        report = await scene.suffer(true[1])
    assert report.arrived == {SAM: 1}
    assert (await texts(scene.pair.therapist, SAM))[-1] == "joined"
    await scene.go_on()
