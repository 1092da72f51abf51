"""Threat J7: the other side would like something hidden, erased or kept too short at this one."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from e2etherapy.journal.erasure import LASTING
from e2etherapy.messenger.record.retaining import RetentionView
from tests.support.copies import Unpacked
from tests.support.devices import texts
from tests.support.hostile_author import packed
from tests.support.hostile_scene import SAM, Scene, hostile_scene

ORDERS = ("erase", "hide", "private", "event", "retention", "hold", *sorted(LASTING))
FORGED = (
    '{"kind":"event","event":"entries_erased","details":{"entries":"1-99","reason":"x"},'
    '"recorded":"2026-01-05T09:00:00Z"}'
)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with hostile_scene(tmp_path) as made:
        await made.pair.therapist.place_hold(SAM, "Letter of a court.")
        await made.pair.therapist.set_retention(None, "20 days")
        yield made


async def of_sam(scene: Scene) -> RetentionView:
    (view,) = (await scene.pair.therapist.retention()).conversations
    return view


async def test_no_kind_of_item_hides_or_erases_anything(scene: Scene) -> None:
    therapist = scene.pair.therapist
    before = await therapist.entries(SAM)
    for order in ORDERS:
        item = scene.author.item(
            order,
            entries="1-99",
            reason="Because.",
            event=order,
            numbers=[1, 2, 3],
        )
        await scene.suffer(packed(item))
    await scene.suffer(packed(scene.author.item("text", text=FORGED)))
    after = await therapist.entries(SAM)
    assert after[: len(before)] == before
    assert {view.state for view in await therapist.entries(SAM, hidden=True)} == {"shown"}
    assert (await of_sam(scene)).fate == "held"
    await scene.go_on()


async def test_words_that_look_like_an_erasure_make_no_blanked_entry_an_erased_one(
    scene: Scene, tmp_path: Path
) -> None:
    await scene.suffer(packed(scene.author.item("text", text=FORGED)))
    with (tmp_path / "copy.zip").open("w+b") as file:
        await scene.pair.therapist.export(file, SAM, [4])
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        _, said = Unpacked(archive, tmp_path / "copy").verify()
    assert b"(1 blanked in this copy)" in said
    assert b"erased before" not in said


@pytest.mark.parametrize(
    "claimed", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
)
async def test_a_time_that_somebody_claims_moves_no_day_on_which_something_is_due(
    scene: Scene, claimed: datetime
) -> None:
    await scene.pair.therapist.lift_hold(SAM, "Closed.")
    scene.pair.clock.forward(days=2)
    written = claimed.isoformat().replace("+00:00", "Z")
    await scene.suffer(packed(scene.author.item("text", text="late", written=written)))
    assert "late" in await texts(scene.pair.therapist, SAM)
    view = await of_sam(scene)
    assert view.last_contact == scene.pair.clock()
    assert view.fate == "kept"
