"""What is said of an end, and of what was still to be done, is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2etherapy.cli import wording
from e2etherapy.errors import MailboxGone
from e2etherapy.messenger.reading import standing
from e2etherapy.therapy import holidays
from e2etherapy.therapy.caseload.announcement import Absence
from tests.support.cut_line import Line
from tests.support.devices import Two, agree, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
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
