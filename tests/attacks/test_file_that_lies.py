"""The other person's files have names and kinds that are lies (threats E15, E18)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from e2etherapy.cli import wording
from e2etherapy.cli.saving import save_file
from e2etherapy.wire.role import Role
from tests.support.hostile_author import packed
from tests.support.hostile_scene import SAM, Scene, attachment, hostile_scene

NAMES = {
    "../../.ssh/authorized_keys": "authorized_keys",
    "/etc/cron.d/x": "x",
    "holiday\u202egpj.exe": "holiday_gpj.exe",
    "a\x1b]0;title\x07\nb.txt": "a_]0;title__b.txt",
    "..": "file",
    ".profile": "profile",
}


async def saved(scene: Scene, number: int, folder: Path) -> tuple[Path, bool]:
    view = await scene.pair.therapist.numbered_attachment(SAM, number)
    pieces = partial(scene.pair.therapist.attachment_pieces, SAM, view.file.id, author=Role.CLIENT)
    return await save_file(folder, view.file.name, pieces)


async def test_no_name_leads_anywhere_or_acts_on_a_screen(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "here"
    async with hostile_scene(tmp_path / "scene") as scene:
        for name in NAMES:
            item = attachment(scene.author, b"#!/bin/sh", name=name, media_type="text/html")
            await scene.suffer(packed(item, b"#!/bin/sh"))
        listed = await scene.pair.therapist.attachments(SAM)
        assert [view.file.name for view in listed] == list(NAMES)
        for view, harmless in zip(listed, NAMES.values(), strict=True):
            assert wording.file(view.file).isprintable()
            place, new = await saved(scene, view.number, folder)
            assert (place, new) == (folder / harmless, True)
            assert place.stat().st_mode & 0o777 == 0o600
        await scene.go_on()
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES.values())


async def test_a_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    async with hostile_scene(tmp_path / "scene") as scene:
        for blob in (b"theirs", b"theirs", b"other"):
            item = attachment(scene.author, blob, name="letter.txt")
            await scene.suffer(packed(item, blob))
        told = [await saved(scene, number, tmp_path) for number in (1, 2, 3)]
    second, third = tmp_path / "letter (2).txt", tmp_path / "letter (3).txt"
    assert told == [(second, True), (second, False), (third, True)]
    assert (tmp_path / "letter.txt").read_text() == "mine"


async def test_a_voice_note_that_lies_about_its_length_is_a_file_all_the_same(
    tmp_path: Path,
) -> None:
    lies = (
        "audio/ogg; voice=99999",
        "x" * 180 + "; voice=0",
        "audio/ogg; voice=-1",
        "\x1b; voice=1",
    )
    async with hostile_scene(tmp_path / "scene") as scene:
        for lie in lies:
            await scene.suffer(packed(attachment(scene.author, b"x", media_type=lie), b"x"))
        listed = await scene.pair.therapist.attachments(SAM)
        assert [view.file.voice for view in listed] == [86_400, 0, None, 1]
        assert wording.file(listed[0].file) == "Voice note, 1440:00: f (1 byte)"
        await scene.go_on()
