"""A goal is one once the other side agrees, until one side says that it is reached or dropped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from e2etherapy.therapy.care.goals import SharedGoal
from e2etherapy.wire.care import Goal, GoalAnswer
from e2etherapy.wire.role import Role
from tests.support.talk import CLIENT, MONDAY, THERAPIST, Talk


@pytest.fixture
def talk() -> Talk:
    return Talk()


def propose(talk: Talk, author: Role = CLIENT) -> bytes:
    return talk.says(author, Goal, text="Sleep before midnight.").id


def only(talk: Talk) -> SharedGoal:
    (one,) = talk.care.goals.all()
    return one


@pytest.mark.parametrize("author", Role)
@pytest.mark.parametrize("ender", Role)
@pytest.mark.parametrize("end", ["reached", "dropped"])
def test_either_side_proposes_the_other_agrees_and_either_ends(
    talk: Talk, author: Role, ender: Role, end: str
) -> None:
    goal = propose(talk, author)
    assert only(talk).outcome == "proposed"
    talk.says(author.other(), GoalAnswer, answers=goal, outcome="agreed", note="Yes.")
    assert only(talk).outcome == "agreed"
    assert talk.care.goals.under_way() == (only(talk),)
    talk.says(ender, GoalAnswer, answers=goal, outcome=end)
    assert only(talk).outcome == end
    assert talk.care.goals.under_way() == ()


def test_a_declined_goal_is_none(talk: Talk) -> None:
    goal = propose(talk)
    talk.says(THERAPIST, GoalAnswer, answers=goal, outcome="declined")
    assert only(talk).outcome == "declined"
    assert talk.care.goals.under_way() == ()
    talk.refuses("not agreed", CLIENT, GoalAnswer, answers=goal, outcome="reached")


@pytest.mark.parametrize("outcome", ["agreed", "declined"])
def test_nobody_answers_their_own_goal(talk: Talk, outcome: str) -> None:
    goal = propose(talk)
    talk.refuses("side that proposed", CLIENT, GoalAnswer, answers=goal, outcome=outcome)


@pytest.mark.parametrize("outcome", ["agreed", "declined"])
def test_a_goal_is_answered_once(talk: Talk, outcome: str) -> None:
    goal = propose(talk)
    talk.says(THERAPIST, GoalAnswer, answers=goal, outcome="agreed")
    talk.refuses("answered before", THERAPIST, GoalAnswer, answers=goal, outcome=outcome)
    talk.says(CLIENT, GoalAnswer, answers=goal, outcome="reached")
    talk.refuses("answered before", THERAPIST, GoalAnswer, answers=goal, outcome=outcome)


@pytest.mark.parametrize("outcome", ["reached", "dropped"])
def test_what_is_not_agreed_does_not_end(talk: Talk, outcome: str) -> None:
    goal = propose(talk)
    for author in Role:
        talk.refuses("not agreed", author, GoalAnswer, answers=goal, outcome=outcome)


def test_each_side_ends_a_goal_once(talk: Talk) -> None:
    goal = propose(talk)
    talk.says(THERAPIST, GoalAnswer, answers=goal, outcome="agreed")
    talk.says(CLIENT, GoalAnswer, answers=goal, outcome="reached")
    talk.refuses("same side", CLIENT, GoalAnswer, answers=goal, outcome="dropped")


@pytest.mark.parametrize("minutes", [-1, 0, 1])
def test_ends_that_crossed_are_the_same_on_both_devices(minutes: int) -> None:
    at_client, at_therapist = Talk(), Talk()
    for talk in (at_client, at_therapist):
        talk.says(THERAPIST, GoalAnswer, answers=propose(talk), outcome="agreed")
    goal = only(at_client).id
    reached = at_client.says(CLIENT, GoalAnswer, answers=goal, outcome="reached")
    written = MONDAY + timedelta(minutes=minutes)
    dropped = at_therapist.says(
        THERAPIST, GoalAnswer, answers=goal, outcome="dropped", written=written
    )
    at_client.hears(THERAPIST, dropped)
    at_therapist.hears(CLIENT, reached)
    assert only(at_client).outcome == only(at_therapist).outcome
    assert only(at_client).outcome == ("dropped" if minutes < 0 else "reached")


@pytest.mark.parametrize("outcome", ["agreed", "declined"])
def test_a_goal_that_nobody_proposed_is_not_answered(talk: Talk, outcome: str) -> None:
    for answers in (None, bytes(16)):
        talk.refuses("nobody proposed", CLIENT, GoalAnswer, answers=answers, outcome=outcome)


def test_the_end_of_a_goal_that_was_lost_has_no_effect(talk: Talk) -> None:
    before = talk.care
    talk.says(CLIENT, GoalAnswer, answers=bytes(16), outcome="reached")
    assert talk.care == before
    talk.refuses("nobody proposed", CLIENT, GoalAnswer, outcome="reached")


def test_nobody_takes_over_a_goal_of_the_other_side_by_its_id(talk: Talk) -> None:
    goal = propose(talk)
    talk.refuses("id of another", THERAPIST, Goal, id=goal, text="Sleep at all.")


def test_a_hundred_goals_are_under_way_at_most(talk: Talk) -> None:
    first = propose(talk)
    for _ in range(99):
        propose(talk)
    with talk.refusal("more than 100 open goals"):
        propose(talk, THERAPIST)
    talk.says(THERAPIST, GoalAnswer, answers=first, outcome="declined")
    propose(talk, THERAPIST)
    assert len(talk.care.goals.under_way()) == 100
