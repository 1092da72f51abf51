"""Threat J4: somebody who gives themselves another client's name is called as before."""

from __future__ import annotations

from pathlib import Path

from e2etherapy.cli import wording
from e2etherapy.messenger.outbound import sending
from e2etherapy.wire.content import Profile
from tests.support.devices import texts, two

SAM, OKAFOR, KIM = "Sam", "Dr. Okafor", "Kim"


async def test_a_name_that_the_other_side_takes_renames_nobody(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        link = (await pair.therapist.invite(KIM)).link
        await pair.client.join(link, f"{OKAFOR} as {KIM}")
        await pair.therapist.sync()
        before = [one.name for one in await pair.therapist.conversations()]
        for name in (KIM, f"{KIM} \x1b[2J", OKAFOR):
            async with sending.composer(pair.client.device, OKAFOR) as composer:
                composer.say(composer.item(Profile, name=name))
        await pair.client.send(OKAFOR, "written as somebody else")
        report = await pair.therapist.sync()
        assert [one.name for one in await pair.therapist.conversations()] == before
        assert [one.name for one in await pair.therapist.queue()] == [SAM]
        assert "written as somebody else" in await texts(pair.therapist, SAM)
        assert "written as somebody else" not in await texts(pair.therapist, KIM)
        assert "\x1b" not in wording.synced(report)
