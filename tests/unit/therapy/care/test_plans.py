"""The plan and the card that were shared last are the ones that count."""

from __future__ import annotations

from datetime import date

import pytest

from e2etherapy.therapy import safety_plan
from e2etherapy.therapy.safety_plan import Part
from e2etherapy.wire.care import EmergencyCardShare, SafetyPlanShare
from tests.support.talk import CARD, CLIENT, PLAN, Talk


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_nothing_is_shared_at_first(talk: Talk) -> None:
    assert talk.care.plans.plan is None
    assert talk.care.plans.card is None


def test_a_plan_and_a_card_are_there_as_they_were_shared(talk: Talk) -> None:
    talk.says(CLIENT, SafetyPlanShare, plan=PLAN)
    talk.says(CLIENT, EmergencyCardShare, card=CARD)
    plan, card = talk.care.plans.plan, talk.care.plans.card
    assert plan is not None
    assert card is not None
    assert plan.content.words(Part.WORST) == "I call Anna."
    assert (card.content.contact, card.shared) == ("Anna", talk.now)


def test_the_last_plan_counts_whichever_comes_first(talk: Talk) -> None:
    written = safety_plan.plan(date(2026, 3, 2), {"worst": "I call 112."})
    first = talk.item(SafetyPlanShare, plan=PLAN)
    second = talk.item(SafetyPlanShare, plan=safety_plan.encode(written).decode())
    for items in ((first, second), (second, first)):
        for item in items:
            talk.hears(CLIENT, item)
        assert talk.care.plans.plan is not None
        assert talk.care.plans.plan.content == written


def test_the_last_card_counts_whichever_comes_first(talk: Talk) -> None:
    first = talk.item(EmergencyCardShare, card=CARD)
    second = talk.item(EmergencyCardShare, card=CARD.replace("Anna", "Ben"))
    for item in (second, first):
        talk.hears(CLIENT, item)
    assert talk.care.plans.card is not None
    assert talk.care.plans.card.content.contact == "Ben"


@pytest.mark.parametrize("text", [CARD, PLAN + " ", "{}", "null", "I call Anna.", "\ud800"])
def test_a_plan_that_cannot_be_read_is_refused(talk: Talk, text: str) -> None:
    talk.refuses("a safety plan that", CLIENT, SafetyPlanShare, plan=text)


@pytest.mark.parametrize(
    "text", [PLAN, CARD.replace("112", "call me"), CARD.replace("Anna", "\\u202e"), "\ud800"]
)
def test_a_card_that_cannot_be_read_is_refused(talk: Talk, text: str) -> None:
    talk.refuses("an emergency card that", CLIENT, EmergencyCardShare, card=text)


def test_one_that_cannot_be_read_leaves_the_last_one(talk: Talk) -> None:
    talk.says(CLIENT, SafetyPlanShare, plan=PLAN)
    talk.refuses("a safety plan that", CLIENT, SafetyPlanShare, plan="{}")
    assert talk.care.plans.plan is not None
