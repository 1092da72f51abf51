"""Threat J4: homework, goals, marks, consent and plans that the other side may not say so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from e2etherapy.cli.therapy import work_views
from e2etherapy.messenger.care.assigning import Assignment
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.views import SyncReport
from e2etherapy.therapy import consent
from e2etherapy.wire import care
from tests.support.devices import Two, two
from tests.support.dishonest import from_client, holds, refused, say

SAM, OKAFOR = "Sam", "Dr. Okafor"
ESCAPES = "\x1b[2J\x1b]0;owned\x07 \u202e"
NOBODYS = bytes(16)
EN_1 = consent.named("en-1")


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def from_therapist(pair: Two, kind: type[care.CareItem], **members: Any) -> SyncReport:  # noqa: ANN401
    await say(pair.therapist, SAM, kind, **members)
    await pair.therapist.sync()
    return await pair.client.sync()


async def given(pair: Two, title: str = "Walk to the lake") -> bytes:
    """Give homework, and return its id."""
    await pair.therapist.assign_homework(SAM, Assignment(title))
    await pair.client.sync()
    return (await pair.client.homework(OKAFOR))[-1].id


async def test_homework_that_nobody_gave_is_neither_answered_nor_logged(pair: Two) -> None:
    mine = await given(pair)
    for answers in (NOBODYS, None, mine[:-1] + b"\xff"):
        report = await from_client(pair, care.HomeworkAnswer, answers=answers, accepted=True)
        assert refused(report, "nobody gave")
        log = {"day": "2026-01-05", "done": True}
        assert refused(await from_client(pair, care.HomeworkLog, answers=answers, **log), "nobody")
    (one,) = await pair.therapist.homework(SAM)
    assert (one.accepted, one.days()) == (None, ())


async def test_an_answer_to_homework_is_not_turned_round(pair: Two) -> None:
    mine = await given(pair)
    await pair.client.answer_homework(OKAFOR, 1, accepted=False)
    report = await from_client(pair, care.HomeworkAnswer, answers=mine, accepted=True)
    assert refused(report, "answered before")
    log = {"day": "2026-01-05", "done": True}
    assert refused(await from_client(pair, care.HomeworkLog, answers=mine, **log), "declined")
    (one,) = await pair.therapist.homework(SAM)
    assert (one.accepted, one.days()) == (False, ())


async def test_a_log_of_no_day_or_of_one_that_has_not_come_is_refused(pair: Two) -> None:
    mine = await given(pair)
    for day, why in (("2026-02-30", "no calendar"), ("2099-01-01", "has not come")):
        report = await from_client(pair, care.HomeworkLog, answers=mine, day=day, done=True)
        assert refused(report, why)
    assert (await pair.therapist.homework(SAM))[0].days() == ()


async def test_a_flood_of_homework_leaves_the_numbers_and_a_call_for_help_as_they_are(
    pair: Two,
) -> None:
    await given(pair, "the first one")
    async with sending.composer(pair.therapist.device, SAM) as composer:
        for number in range(150):
            composer.say(composer.item(care.Homework, title=f"more {number}"))
    await pair.therapist.sync()
    assert refused(await pair.client.sync(), "one more than 100 open homeworks")
    listed = await pair.client.homework(OKAFOR)
    assert (len(listed), listed[0].title) == (100, "the first one")
    await pair.client.answer_homework(OKAFOR, 1, accepted=True)
    await pair.client.ask_sooner(OKAFOR, "Please call me.")
    await pair.therapist.sync()
    assert [flag.text for flag in (await holds(pair.therapist, SAM)).flags.raised] == [
        "Please call me."
    ]


async def test_nobody_agrees_to_a_goal_for_the_other_side(pair: Two) -> None:
    own = await say(pair.client, OKAFOR, care.Goal, text="See me every day")
    await pair.client.sync()
    await pair.therapist.sync()
    for outcome, why in (
        ("agreed", "from the side that proposed it"),
        ("reached", "was not agreed"),
        ("dropped", "was not agreed"),
    ):
        report = await from_client(pair, care.GoalAnswer, answers=own, outcome=outcome)
        assert refused(report, why)
    report = await from_client(pair, care.GoalAnswer, answers=NOBODYS, outcome="agreed")
    assert refused(report, "nobody proposed")
    (goal,) = await pair.therapist.goals(SAM)
    assert goal.outcome == "proposed"


async def test_a_goal_under_the_id_of_the_other_sides_is_refused(pair: Two) -> None:
    await pair.therapist.propose_goal(SAM, "Call one friend a week")
    await pair.client.sync()
    (goal,) = await pair.client.goals(OKAFOR)
    async with sending.composer(pair.client.device, OKAFOR) as composer:
        taken = composer.item(care.Goal, text="See me every day")
        composer.say(
            type(taken)(id=goal.id, sequence=taken.sequence, written=taken.written, text="x")
        )
    await pair.client.sync()
    assert refused(await pair.therapist.sync(), "the id of another one")
    assert await pair.therapist.goals(SAM) == (goal,)


async def test_a_mark_on_what_is_no_text_of_the_therapist_is_shown_nowhere(pair: Two) -> None:
    await pair.therapist.send_file(SAM, ("a.txt", "text/plain", b"words"))
    await given(pair)
    thread = await pair.client.thread(OKAFOR)
    others = [bytes.fromhex(view.id) for view in thread if view.own or view.kind != "text"]
    for answers in (*others, NOBODYS):
        await from_client(pair, care.Landing, answers=answers, mark="hurt")
    assert refused(await from_client(pair, care.Landing, mark="hurt"), "a mark on no message")
    shown = await pair.therapist.thread(SAM)
    assert {view.landed for view in shown} == {None}
    assert len(shown) == len(thread) + len(others) + 1


async def test_a_text_that_only_has_the_name_of_the_published_one_is_not_asked_about(
    pair: Two,
) -> None:
    """A client must never consent to what this device does not show."""
    report = await from_therapist(pair, care.ConsentRequest, text="en-1", digest=bytes(32))
    assert refused(report, "another text than the one of this name")
    report = await from_therapist(pair, care.ConsentRequest, text="../en-1", digest=EN_1.digest)
    assert refused(report, "does not have")
    assert await pair.client.consents(OKAFOR) == ()


async def test_consent_is_not_given_to_another_text_or_to_nothing(pair: Two) -> None:
    digest = EN_1.digest
    report = await from_client(pair, care.Consent, answers=NOBODYS, text="en-1", digest=digest)
    assert refused(report, "nobody asked for")
    await pair.therapist.ask_consent(SAM, "en-1")
    await pair.client.sync()
    (asked,) = await pair.client.consents(OKAFOR)
    report = await from_client(pair, care.Consent, answers=asked.id, text="en-1", digest=bytes(32))
    assert refused(report, "another text than the one that was asked about")
    report = await from_client(pair, care.ConsentWithdrawal, answers=asked.id)
    assert refused(report, "what is no consent")
    assert not (await pair.therapist.consents(SAM))[0].in_force


@pytest.mark.parametrize("document", ["{}", "not JSON", ESCAPES, '{"written":"2026-01-05"}'])
async def test_a_plan_or_card_that_cannot_be_read_leaves_the_one_before(
    pair: Two, document: str
) -> None:
    await pair.client.write_safety_plan({"worst": "I call Anna."}, pair.clock().date())
    await pair.client.share_safety_plan(OKAFOR)
    await pair.therapist.sync()
    before = await pair.therapist.shared_plans(SAM)
    assert refused(await from_client(pair, care.SafetyPlanShare, plan=document), "cannot read")
    assert refused(await from_client(pair, care.EmergencyCardShare, card=document), "cannot read")
    assert await pair.therapist.shared_plans(SAM) == before


async def test_words_in_homework_and_goals_are_kept_and_shown_inert(pair: Two) -> None:
    hostile = f"{ESCAPES}\n2. Forged: reviewed"
    await from_therapist(pair, care.Homework, title=hostile[:200], text=hostile)
    await from_therapist(pair, care.Goal, text=hostile)
    (homework,), (goal,) = await pair.client.homework(OKAFOR), await pair.client.goals(OKAFOR)
    assert (homework.text, goal.text) == (hostile, hostile)
    for shown in (work_views.homework(homework), work_views.goal(goal)):
        assert not set(shown) & set("\x1b\x07\u202e")
        assert not any(line.startswith("2.") for line in shown.splitlines())
