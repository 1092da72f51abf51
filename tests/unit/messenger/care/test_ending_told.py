"""What is said of an end, and of what was still to be done, is true."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from e2etherapy.cli import later, wording
from e2etherapy.cli.therapy.ending import left_told
from e2etherapy.cli.therapy.ending_answers import Left
from e2etherapy.errors import MailboxGone
from e2etherapy.messenger.reading import standing
from e2etherapy.therapy import holidays
from e2etherapy.therapy.caseload.announcement import Absence
from tests.support.cut_line import Line
from tests.support.devices import Two, agree, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
HOUR = timedelta(hours=1)
LETTER = "We have come a long way. Thank you, and farewell."


async def test_an_end_whose_letter_was_erased_is_an_end_all_the_same(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        await _ended_and_erased(pair)


async def _ended_and_erased(pair: Two) -> None:
    await agree(pair)
    await pair.client.send(OKAFOR, "Will you answer?")
    await pair.therapist.sync()
    absence = Absence(holidays.parse("2026-01-12..2026-01-16 Skiing"), None)
    assert len(await pair.therapist.review_absence(absence)) == 1
    await pair.therapist.end_therapy(SAM, LETTER)
    (*_, letter) = [one.number for one in await pair.therapist.entries(SAM) if LETTER in one.text]
    await pair.therapist.erase(SAM, [letter], "not meant for anybody else")
    assert await pair.therapist.review_absence(absence) == ()
    assert await pair.therapist.agreements_in_force() == ()
    assert (await pair.therapist.context(SAM)).ended
    assert (await pair.therapist.caseload()).replies.waiting == 0
    await pair.therapist.journal_write("and on")
    assert [one.ended for one in await pair.therapist.queue()] == [True]


async def test_a_letter_that_came_too_late_is_not_said_to_have_left(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as pair:
        line.down = True
        await pair.client.end_therapy(OKAFOR, LETTER)
        await pair.therapist.end_therapy(SAM, "Farewell.")
        await pair.therapist.sync()
        line.mend()
        report = await pair.client.sync()
        assert "(1) reached nobody" in report.notices[-1].sentence
        assert (report.delivered, report.unsent) == (0, 0)
        shown = await standing(pair.client.device.vault, OKAFOR)
        words = wording.thread(shown, await pair.client.thread(OKAFOR), "")
        assert f"The therapy ends: {LETTER}\n  [On this device only; it reached nobody]" in words


async def test_a_letter_that_reaches_nobody_is_not_promised_to_go_out(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        await pair.therapist.end_therapy(SAM, "Farewell.")
        await pair.therapist.sync()
        with pytest.raises(MailboxGone, match=r"reaches nobody.*ended here, with your letter\.$"):
            await pair.client.end_therapy(OKAFOR, LETTER)
        assert (await pair.client.ending(OKAFOR)).ended
        await pair.client.sync()
        assert {one.letter for one in (await pair.client.ending(OKAFOR)).letters} == {
            LETTER,
            "Farewell.",
        }


async def test_after_the_end_nothing_is_to_be_answered_any_more(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        await agree(pair)
        await pair.client.send(OKAFOR, "Will you answer?")
        await pair.therapist.sync()
        for messenger, name in ((pair.client, OKAFOR), (pair.therapist, SAM)):
            (asked,) = [one for one in await messenger.thread(name) if "answer?" in one.text]
            assert asked.due is not None
        await pair.therapist.end_therapy(SAM, LETTER)
        await pair.client.sync()
        for messenger, name in ((pair.client, OKAFOR), (pair.therapist, SAM)):
            thread = await messenger.thread(name)
            (asked,) = [one for one in thread if "answer?" in one.text]
            assert asked.agreement == 1
            assert [one.due for one in thread if one.due is not None] == []


async def test_after_the_end_what_was_to_go_out_later_is_told_never_to(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        await pair.client.send_later(OKAFOR, "good morning", pair.clock.now + HOUR)
        assert [one.ended for one in await pair.client.delayed()] == [False]
        await pair.therapist.end_therapy(SAM, LETTER)
        (notice,) = (await pair.client.sync()).notices
        assert "What was to go to Dr. Okafor later (1) never goes out" in notice.sentence
        (kept,) = await pair.client.delayed()
        assert kept.ended
        pair.clock.now += HOUR
        assert (await pair.client.sync()).notices == []
        assert "It never goes" in later.line(kept)
        assert (await pair.client.cancel_delayed(kept.number)).ended
        assert await pair.client.delayed() == []


def test_who_leaves_is_told_of_what_was_to_go_out_later() -> None:
    told = left_told(Left(name=OKAFOR, undelivered=0, delayed=2))
    assert "never left" not in told
    assert "to go out later, and never do: 2 ('e2etherapy later list')." in told
    assert "later" not in left_told(Left(name=OKAFOR, undelivered=1, delayed=0))
