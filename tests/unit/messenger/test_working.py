"""Homework, goals, marks and summaries: both devices hold the same, and each side says its part."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import InvalidText, MessengerError, WrongRole
from e2etherapy.messenger.care.assigning import Assignment, Worked
from e2etherapy.messenger.messenger import Messenger
from tests.support.devices import Two, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
WALK = Assignment("Walk to the lake", "Before breakfast, if you can.")


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def everything(messenger: Messenger, name: str) -> object:
    return await messenger.conversations(), await messenger.thread(name)


async def test_homework_is_the_same_on_both_devices_from_giving_it_to_its_review(
    pair: Two,
) -> None:
    today = pair.clock().date()
    until = today + timedelta(days=7)
    await pair.therapist.assign_homework(SAM, WALK)
    await pair.therapist.assign_homework(SAM, Assignment("Write down three things", until=until))
    await pair.client.sync()
    await pair.client.answer_homework(OKAFOR, 1, accepted=False, note="I have no boots.")
    await pair.client.answer_homework(OKAFOR, 2, accepted=True)
    await pair.client.log_homework(OKAFOR, 2, Worked(today, done=False))
    await pair.client.log_homework(OKAFOR, 2, Worked(today, note="In the end I did."))
    await pair.therapist.sync()
    await pair.therapist.review_homework(SAM, 2, "Well done.")
    await pair.client.sync()
    declined, done = await pair.client.homework(OKAFOR)
    assert (declined, done) == await pair.therapist.homework(SAM)
    assert (declined.accepted, declined.answer, declined.is_open) == (
        False,
        "I have no boots.",
        False,
    )
    (log,) = done.days()
    assert (log.done, log.note, done.until, done.review) == (
        True,
        "In the end I did.",
        until,
        "Well done.",
    )


async def test_a_number_is_that_of_the_list_and_stays(pair: Two) -> None:
    for title in ("one", "two", "three"):
        await pair.therapist.assign_homework(SAM, Assignment(title))
    await pair.therapist.review_homework(SAM, 1)
    assert [one.title for one in await pair.therapist.homework(SAM)] == ["one", "two", "three"]
    for number in (0, 4, -1):
        with pytest.raises(MessengerError, match=f"no homework {number}.*Nothing was sent"):
            await pair.therapist.review_homework(SAM, number)


async def test_what_cannot_be_said_of_homework_sends_nothing(pair: Two) -> None:
    today = pair.clock().date()
    await pair.therapist.assign_homework(SAM, WALK)
    await pair.client.sync()
    await pair.therapist.review_homework(SAM, 1)
    await pair.client.sync()
    before = await everything(pair.client, OKAFOR), await everything(pair.therapist, SAM)
    client, therapist = pair.client, pair.therapist
    refused = [
        (WrongRole, client.assign_homework(OKAFOR, WALK)),
        (WrongRole, client.review_homework(OKAFOR, 1)),
        (WrongRole, therapist.answer_homework(SAM, 1, accepted=True)),
        (WrongRole, therapist.log_homework(SAM, 1, Worked(today))),
        (InvalidText, therapist.assign_homework(SAM, Assignment(" "))),
        (InvalidText, therapist.assign_homework(SAM, Assignment("a" * 201))),
        (InvalidText, therapist.assign_homework(SAM, Assignment("a", "b" * 4_001))),
        (InvalidText, therapist.assign_homework(SAM, Assignment("a\ud800"))),
        (MessengerError, therapist.assign_homework(SAM, Assignment("a", until=date(2020, 1, 1)))),
        (MessengerError, therapist.review_homework(SAM, 1)),
        (MessengerError, client.answer_homework(OKAFOR, 1, accepted=True)),
        (MessengerError, client.log_homework(OKAFOR, 1, Worked(today))),
        (MessengerError, client.log_homework(OKAFOR, 2, Worked(today))),
    ]
    for error, attempt in refused:
        with pytest.raises(error, match="Nothing was sent"):
            await attempt
    assert (await everything(client, OKAFOR), await everything(therapist, SAM)) == before


async def test_a_day_that_has_not_come_is_not_logged(pair: Two) -> None:
    await pair.therapist.assign_homework(SAM, WALK)
    await pair.client.sync()
    with pytest.raises(MessengerError, match="has not come"):
        await pair.client.log_homework(OKAFOR, 1, Worked(date(2099, 1, 1)))


async def test_a_goal_is_one_when_the_other_side_agrees(pair: Two) -> None:
    await pair.client.propose_goal(OKAFOR, "Sleep through the night")
    await pair.therapist.sync()
    await pair.therapist.propose_goal(SAM, "Call one friend a week")
    await pair.therapist.answer_goal(SAM, 1, "agreed")
    await pair.client.sync()
    await pair.client.answer_goal(OKAFOR, 2, "declined", "Not yet.")
    with pytest.raises(MessengerError, match="not agreed"):
        await pair.client.answer_goal(OKAFOR, 2, "reached")
    await pair.client.answer_goal(OKAFOR, 1, "reached")
    await pair.therapist.sync()
    goals = await pair.therapist.goals(SAM)
    assert goals == await pair.client.goals(OKAFOR)
    assert [goal.outcome for goal in goals] == ["reached", "declined"]


async def test_nobody_agrees_to_a_goal_of_their_own(pair: Two) -> None:
    await pair.client.propose_goal(OKAFOR, "Sleep through the night")
    with pytest.raises(MessengerError, match="the side that proposed it"):
        await pair.client.answer_goal(OKAFOR, 1, "agreed")
    with pytest.raises(MessengerError, match="no goal 2"):
        await pair.client.answer_goal(OKAFOR, 2, "agreed")
    with pytest.raises(InvalidText):
        await pair.client.propose_goal(OKAFOR, "\n")
    with pytest.raises(InvalidText):
        await pair.client.propose_goal(OKAFOR, "a" * 1_001)


async def test_the_last_mark_on_a_message_stands_beside_it_on_both_devices(pair: Two) -> None:
    await pair.client.mark_landed(OKAFOR, "hurt")
    await pair.client.mark_landed(OKAFOR, "helped")
    await pair.therapist.sync()
    for messenger, name in ((pair.therapist, SAM), (pair.client, OKAFOR)):
        landed = [(view.text, view.landed) for view in await messenger.thread(name)]
        assert landed[:2] == [("turn 1", None), ("turn 2", "helped")]
        assert {mark for _, mark in landed[2:]} == {None}


async def test_an_earlier_message_is_marked_by_its_id(pair: Two) -> None:
    first = next(view for view in await pair.client.thread(OKAFOR) if not view.own)
    await pair.therapist.send(SAM, "and another thing")
    await pair.client.sync()
    await pair.client.mark_landed(OKAFOR, "missed", first.id)
    assert [view.landed for view in await pair.client.thread(OKAFOR) if view.kind == "text"] == [
        None,
        "missed",
        None,
    ]


async def test_only_a_text_of_the_therapist_can_be_marked(pair: Two) -> None:
    await pair.therapist.assign_homework(SAM, WALK)
    await pair.therapist.send_file(SAM, ("a.txt", "text/plain", b"words"))
    await pair.client.sync()
    thread = await pair.client.thread(OKAFOR)
    others = [view.id for view in thread if view.own or view.kind != "text"]
    assert len(others) == 3
    for message in [*others, "", "zz", "00" * 16]:
        with pytest.raises(MessengerError, match=r"no message.*Nothing was sent"):
            await pair.client.mark_landed(OKAFOR, "helped", message)
    with pytest.raises(WrongRole):
        await pair.therapist.mark_landed(SAM, "helped")
    assert await pair.client.thread(OKAFOR) == thread


async def test_before_the_therapist_has_written_nothing_can_be_marked(tmp_path: Path) -> None:
    async with two(tmp_path) as pair:
        with pytest.raises(MessengerError, match="is here"):
            await pair.client.mark_landed(OKAFOR, "helped")


async def test_a_summary_is_the_therapists_and_can_be_searched(pair: Two) -> None:
    await pair.therapist.summarise(SAM, "We spoke about sleep.")
    await pair.client.sync()
    assert (await texts(pair.client, OKAFOR))[-1] == "Summary: We spoke about sleep."
    assert len(await pair.client.search("sleep")) == 1
    with pytest.raises(WrongRole):
        await pair.client.summarise(OKAFOR, "We agreed.")
    for text in ("", "a" * 40_001):
        with pytest.raises(InvalidText, match="Nothing was sent"):
            await pair.therapist.summarise(SAM, text)
