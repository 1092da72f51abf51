"""Ids are unique for each author only: the other side sees mine, and may choose them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.cli import reading
from e2etherapy.errors import UnknownConversation
from e2etherapy.wire.role import Role
from tests.support.hostile_author import HostileAuthor, base64_of, packed
from tests.support.hostile_scene import (
    OKAFOR,
    SAM,
    Scene,
    attachment,
    hostile_scene,
)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with hostile_scene(tmp_path) as made:
        yield made


async def test_a_file_under_the_id_of_ones_own_hides_neither_and_passes_for_neither(
    scene: Scene,
) -> None:
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
    saved = await reading._saved(therapist, SAM, tmp_path / "in", await therapist.thread(SAM))
    assert {author: path.read_bytes() for (author, _), path in saved.items()} == {
        Role.THERAPIST: b"mine",
        Role.CLIENT: b"theirs",
    }


async def test_a_file_under_the_id_of_ones_own_stops_no_copy_of_the_record_and_is_in_none(
    scene: Scene,
) -> None:
    """A copy in which the other one is blank holds mine, and is no broken record."""
    therapist, client = scene.pair.therapist, scene.pair.client
    sent = await therapist.send_file(SAM, ("plan.txt", "text/plain", b"the plan"))
    await client.sync()
    (mine,) = [one.number for one in await therapist.record_entries(SAM) if one.shown.file]
    await therapist.ask_extract(SAM, [mine], "To my supervisor.")
    await client.sync()
    await client.answer_extract(OKAFOR, 1, allowed=True)
    await therapist.sync()
    scene.author = HostileAuthor(client, OKAFOR)
    theirs = attachment(scene.author, b"not it", id=base64_of(bytes.fromhex(sent.id)), name="other")
    assert (await scene.suffer(packed(theirs, b"not it"))).arrived == {SAM: 1}
    (_, other) = [one.number for one in await therapist.record_entries(SAM) if one.shown.file]
    extract, blanked, emptied, whole = (io.BytesIO() for _ in range(4))
    assert (await therapist.write_extract(extract, SAM, 1)).files == 1
    await therapist.export(blanked, SAM, [other])
    await therapist.export(emptied, SAM, [mine, other])
    await therapist.export(whole, SAM)
    assert [files_in(copy) for copy in (extract, blanked, emptied, whole)] == [
        {b"the plan"},
        {b"the plan"},
        set(),
        {b"the plan", b"not it"},
    ]


def files_in(copy: io.BytesIO) -> set[bytes]:
    archive = zipfile.ZipFile(copy)
    return {archive.read(name) for name in archive.namelist() if "/attachments/" in name}
