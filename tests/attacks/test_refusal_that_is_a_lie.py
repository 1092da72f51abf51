"""Threat R9: a relay that refuses once what it could do, or has done, destroys no invitation."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from e2etherapy.errors import InvitationExpired, InvitationUnavailable, NameTaken, RelayRefused
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.meeting.joining import CLAIM_LIFE_DAYS
from tests.support.cut_line import Line
from tests.support.devices import Two, record_of, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
CALLS = {"claim": 1, "mailbox": 2, "opening": 3, "confirmation": 4}


class Denial(Line):
    """A relay that says of one request that there is nothing here for this key."""

    def fail(self) -> BaseException:
        return RelayRefused("The relay has nothing here for this key.")


async def claims(pair: Two) -> int:
    return len(await pair.client.device.vault.db.fetch_all("SELECT 1 FROM claim"))


async def join_as_a_person_would(pair: Two, link: str) -> None:
    """Use the link unless the list of conversations shows that it was used."""
    if not await pair.client.conversations():
        await pair.client.join(link)
    await pair.client.sync()


async def check_that_they_have_met(pair: Two) -> None:
    report = await pair.therapist.sync()
    assert [notice.event for notice in report.notices] == [EventName.CONVERSATION_ESTABLISHED]
    await pair.client.send(OKAFOR, "hello")
    assert (await pair.therapist.sync()).arrived == {SAM: 1}
    await pair.therapist.send(SAM, "welcome")
    assert (await pair.client.sync()).arrived == {OKAFOR: 1}
    assert await texts(pair.client, OKAFOR) == ["hello", "welcome"]
    assert await claims(pair) == 0


@pytest.mark.parametrize("after_effect", [False, True], ids=["not done", "done and denied"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_the_same_link_works_again_after_a_refusal(
    tmp_path: Path, call: int, after_effect: bool
) -> None:
    line = Denial()
    async with two(tmp_path, met=False, client_connect=line.connect) as pair:
        link = (await pair.therapist.invite(SAM)).link
        line.cut(call, after_effect=after_effect)
        with contextlib.suppress(InvitationUnavailable):
            await pair.client.join(link)
        assert line.calls >= call
        line.mend()
        await join_as_a_person_would(pair, link)
        await check_that_they_have_met(pair)


@pytest.mark.parametrize("after_effect", [False, True], ids=["not done", "done and denied"])
async def test_the_same_link_works_again_when_the_relay_has_forgotten_the_claim(
    tmp_path: Path, after_effect: bool
) -> None:
    line = Denial()
    async with two(tmp_path, met=False, client_connect=line.connect) as pair:
        link = (await pair.therapist.invite(SAM)).link
        line.cut(CALLS["mailbox"], after_effect=after_effect)
        with pytest.raises(InvitationUnavailable, match="same link"):
            await pair.client.join(link)
        line.mend()
        pair.clock.forward(days=9)
        await join_as_a_person_would(pair, link)
        await check_that_they_have_met(pair)


async def test_what_the_relay_has_handed_over_once_is_kept_whatever_stops_the_join(
    tmp_path: Path,
) -> None:
    """A name that is taken, say: days later the relay holds the invitation no longer."""
    async with two(tmp_path, met=False) as pair:
        link = (await pair.therapist.invite(SAM)).link
        await pair.client.join((await pair.therapist.invite("Kim")).link)
        with pytest.raises(NameTaken, match="--as"):
            await pair.client.join(link)
        pair.clock.forward(days=9)
        await pair.client.join(link, "Dr. Okafor, again")
        await pair.therapist.sync()
        assert await pair.client.safety_phrase("Dr. Okafor, again") == (
            await pair.therapist.safety_phrase(SAM)
        )


async def test_a_first_message_that_is_refused_waits_and_is_tried_again(tmp_path: Path) -> None:
    line = Denial()
    async with two(tmp_path, met=False, client_connect=line.connect) as pair:
        link = (await pair.therapist.invite(SAM)).link
        line.cut(CALLS["opening"], after_effect=False)
        with pytest.raises(InvitationUnavailable, match="every sync tries again"):
            await pair.client.join(link)
        line.mend()
        assert [line.name for line in await pair.client.conversations()] == [OKAFOR]
        await pair.client.sync()
        await check_that_they_have_met(pair)


async def test_a_link_whose_use_is_not_confirmed_yet_begins_no_second_conversation(
    tmp_path: Path,
) -> None:
    """Two conversations over one mailbox would take each other's envelopes."""
    line = Line()
    async with two(tmp_path, met=False, client_connect=line.connect) as pair:
        link = (await pair.therapist.invite(SAM)).link
        line.cut(CALLS["confirmation"], after_effect=False)
        await pair.client.join(link)
        line.mend()
        before = await record_of(pair.client, OKAFOR)
        for name in (None, "Another name"):
            with pytest.raises(NameTaken, match=OKAFOR):
                await pair.client.join(link, name)
        assert [line.name for line in await pair.client.conversations()] == [OKAFOR]
        assert await record_of(pair.client, OKAFOR) == before
        await pair.client.sync()
        await check_that_they_have_met(pair)


async def test_a_claim_is_forgotten_when_no_invitation_lives_that_long(tmp_path: Path) -> None:
    line = Denial()
    async with two(tmp_path, met=False, client_connect=line.connect) as pair:
        link = (await pair.therapist.invite(SAM, days=30)).link
        line.cut(CALLS["mailbox"], after_effect=False)
        with pytest.raises(InvitationUnavailable):
            await pair.client.join(link)
        line.mend()
        pair.clock.forward(days=CLAIM_LIFE_DAYS)
        await pair.client.sync()
        assert await claims(pair) == 1
        with pytest.raises(InvitationExpired):
            await pair.client.join(link)
        pair.clock.forward(days=1)
        await pair.client.sync()
        assert await claims(pair) == 0
