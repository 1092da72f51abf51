"""At a glance: the last exchange, what is open, what changed, and what was done before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from e2etherapy.therapy import agreement
from e2etherapy.therapy.account import Resolution
from e2etherapy.therapy.caseload.context import Context, Exchanged, Known, context, last_exchange
from e2etherapy.therapy.caseload.exchange import Message
from e2etherapy.wire import care
from tests.support.agreements import terms
from tests.support.talk import CLIENT, MONDAY, THERAPIST, Talk, canonical


def exchanged(*authors: str) -> list[Exchanged]:
    roles = {"c": CLIENT, "t": THERAPIST}
    return [Exchanged(roles[one], f"{n}", MONDAY) for n, one in enumerate(authors)]


def glance(talk: Talk, **known: object) -> Context:
    given: dict[str, object] = {
        "care": talk.care,
        "closed": frozenset(),
        "resolved": {},
        "newest": (),
        "waiting": (),
        "ended": False,
    }
    return context("Sam", Known(**{**given, **known}), talk.now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("authors", "kept"),
    [
        ("", ""),
        ("c", "0"),
        ("ctc", "12"),
        ("ctcc", "123"),
        ("ctt", "012"),
        ("tcccccccc", "045678"),
        ("cccccc", "12345"),
    ],
)
def test_the_last_exchange_is_what_one_wrote_and_the_other_said_then(
    authors: str, kept: str
) -> None:
    assert "".join(one.text for one in last_exchange(exchanged(*authors))) == kept


def test_what_is_open_is_shown_and_what_is_over_is_not() -> None:
    talk = Talk()
    agreed = talk.says(THERAPIST, care.Agreement, terms=canonical())
    digest = agreement.digest_of(terms())
    talk.says(CLIENT, care.AgreementAcceptance, answers=agreed.id, digest=digest)
    for words, outcome in (("Sleep.", "agreed"), ("Fly.", "declined")):
        goal = talk.says(CLIENT, care.Goal, text=words)
        talk.says(THERAPIST, care.GoalAnswer, answers=goal.id, outcome=outcome)
    walk, swim = (talk.says(THERAPIST, care.Homework, title=one) for one in ("Walk", "Swim"))
    talk.says(THERAPIST, care.HomeworkReview, answers=swim.id)
    talk.says(CLIENT, care.HomeworkLog, answers=walk.id, day="2026-03-02", done=True)
    due = MONDAY + timedelta(hours=4)
    waiting = [Message(CLIENT, MONDAY, MONDAY, due), Message(CLIENT, MONDAY, MONDAY, None)]
    view = glance(talk, newest=exchanged("t", "c", "c"), waiting=waiting)
    assert (view.unanswered, view.due) == (2, due)
    assert [one.text for one in view.goals] == ["Sleep."]
    assert [one.title for one in view.homework] == ["Walk"]
    assert view.agreement == terms()
    over = glance(talk, waiting=waiting, ended=True)
    assert (over.ended, over.unanswered, over.due) == (True, 0, None)


def test_each_instruments_last_score_is_shown_with_its_change_the_newest_first() -> None:
    talk = Talk()
    for instrument, answers in (
        ("gad-7", [2] * 7),
        ("phq-2", [1, 1]),
        ("gad-7", [1] * 7),
        ("gad-7", [0] * 7),
        ("k6", [0] * 6),
        ("k6", [0, None, None, None, None, None]),
    ):
        talk.later(days=7)
        given = {"instrument": instrument, "version": "1", "given": answers, "taken": talk.now}
        talk.says(CLIENT, care.CheckIn, **given)
    k6, gad, phq = glance(talk).scores
    assert (k6.taken.instrument, k6.from_previous, k6.from_first) == ("k6", None, None)
    assert (gad.taken.instrument, phq.taken.instrument) == ("gad-7", "phq-2")
    assert gad.from_previous is not None
    assert gad.from_first is not None
    assert (gad.from_previous.points, gad.from_first.points) == (-7, -14)
    assert gad.from_first.verdict == "reliable improvement"
    assert (phq.from_previous, phq.from_first) == (None, None)


def test_open_flags_stand_there_and_how_the_last_ones_were_resolved() -> None:
    talk = Talk()
    flags = [talk.says(CLIENT, care.Priority, text=f"{number}").id for number in range(6)]
    done = {
        flag: Resolution(f"done {n}", MONDAY + timedelta(hours=n))
        for n, flag in enumerate(flags[:4])
    }
    view = glance(talk, closed=frozenset(flags[:5]), resolved=done)
    assert [flag.text for flag in view.open_flags] == ["5"]
    assert [resolution.note for _, resolution in view.resolved] == ["done 3", "done 2", "done 1"]
