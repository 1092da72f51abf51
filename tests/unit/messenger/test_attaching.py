"""Two people who speak of a file can mean the same one."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2etherapy.errors import MessengerError
from tests.support.devices import two

SAM, OKAFOR = "Sam", "Dr. Okafor"
TEXT = "text/plain"


async def test_files_that_crossed_have_other_numbers_and_the_same_tags(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        client, therapist = pair.client, pair.therapist
        await client.send_file(OKAFOR, ("long.txt", TEXT, bytes(range(256)) * 200))
        await client.send_file(OKAFOR, ("hers.txt", TEXT, b"1"))
        await therapist.send_file(SAM, ("his.txt", TEXT, b"22"))
        await therapist.sync()
        await client.sync()
        ours, theirs = await client.attachments(OKAFOR), await therapist.attachments(SAM)
        by_number = [{one.number: one.file.name for one in side} for side in (ours, theirs)]
        assert by_number[0] != by_number[1]
        by_tag = [{one.tag: one.file.name for one in side} for side in (ours, theirs)]
        assert by_tag[0] == by_tag[1]
        assert len(by_tag[0]) == 3
        for view in ours:
            assert view.tag.startswith("C" if view.own else "T")
            meant = await therapist.numbered_attachment(SAM, view.tag)
            assert (meant.file.name, meant.own) == (view.file.name, not view.own)
        for unknown in ("C99", ours[0].tag[1:], "c", ""):
            with pytest.raises(MessengerError, match="There is no file"):
                await therapist.numbered_attachment(SAM, unknown)
