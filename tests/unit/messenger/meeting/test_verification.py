"""Comparing the six words: until a difference is resolved, nothing more leaves this device."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import IdentityUnconfirmed, NotReady, UnknownConversation
from e2etherapy.journal.record import EventName
from e2etherapy.vault.records import Verification
from tests.support.cut_line import Line
from tests.support.devices import Two, record_of, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def test_both_see_the_same_six_words_and_another_pair_sees_others(
    pair: Two,
) -> None:
    words = await pair.client.safety_phrase(OKAFOR)
    assert len(words) == 6
    assert words == await pair.therapist.safety_phrase("  SAM ")
    invitation = await pair.therapist.invite("Sam again")
    await pair.client.join(invitation.link, "second")
    assert await pair.client.safety_phrase("second") != words


async def test_a_difference_stops_everything_that_would_be_written(pair: Two) -> None:
    await pair.client.journal_write("private")
    await pair.client.set_read_marks(enabled=True)
    await pair.client.record_verification(OKAFOR, matched=False)
    before = await record_of(pair.client, OKAFOR)
    for attempt in (
        pair.client.send(OKAFOR, "hello"),
        pair.client.send_file(OKAFOR, ("a", "text/plain", b"a")),
        pair.client.journal_share(1, OKAFOR),
        pair.client.mark_read(OKAFOR),
    ):
        with pytest.raises(IdentityUnconfirmed, match="six words were different"):
            await attempt
    pair.clock.forward(hours=7)
    await pair.client.sync()
    assert await record_of(pair.client, OKAFOR) == before
    assert (await pair.therapist.sync()).arrived == {}


async def test_what_was_written_before_the_difference_stays_here_until_it_is_resolved(
    tmp_path: Path,
) -> None:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as pair:
        line.down = True
        await pair.client.send(OKAFOR, "written before the call")
        line.mend()
        await pair.client.record_verification(OKAFOR, matched=False)
        for _ in range(2):
            report = await pair.client.sync()
            (notice,) = report.notices
            assert notice.event is EventName.DELIVERY_REFUSED
            assert "six words were different" in notice.sentence
            assert report.unsent > 0
        assert (await pair.therapist.sync()).arrived == {}
        await pair.client.record_verification(OKAFOR, matched=True)
        assert (await pair.client.sync()).unsent == 0
        assert (await pair.therapist.sync()).arrived == {SAM: 1}


async def test_what_arrives_is_still_kept_and_shown(pair: Two) -> None:
    await pair.client.record_verification(OKAFOR, matched=False)
    await pair.therapist.send(SAM, "is something wrong?")
    assert (await pair.client.sync()).arrived == {OKAFOR: 1}
    assert (await texts(pair.client, OKAFOR))[-1] == "is something wrong?"
    (line,) = await pair.client.conversations()
    assert line.verification is Verification.DIFFERED


async def test_a_match_after_a_difference_lets_everything_go_on(pair: Two) -> None:
    await pair.client.record_verification(OKAFOR, matched=False)
    await pair.client.record_verification(OKAFOR, matched=True)
    assert (await pair.client.send(OKAFOR, "it was a bad line")).state == "stored"
    (line,) = await pair.client.conversations()
    assert line.verification is Verification.MATCHED


async def test_a_difference_in_one_conversation_does_not_stop_another(pair: Two) -> None:
    await pair.client.join((await pair.therapist.invite("Sam two")).link, "second")
    await pair.client.record_verification(OKAFOR, matched=False)
    assert (await pair.client.send("second", "hello")).state == "stored"


async def test_there_is_nothing_to_compare_before_the_invitation_is_used(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.therapist.invite(SAM)
        with pytest.raises(NotReady):
            await pair.therapist.safety_phrase(SAM)
        with pytest.raises(NotReady):
            await pair.therapist.record_verification(SAM, matched=True)
        with pytest.raises(NotReady):
            await pair.therapist.send(SAM, "too early")
        for name in ("nobody", "", "\udc80", "Sam\x00"):
            with pytest.raises(UnknownConversation):
                await pair.therapist.safety_phrase(name)
