"""An agreement is what both sides hold to be agreed: exactly these terms, from the same moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy import agreement
from e2etherapy.therapy.care import agreements
from e2etherapy.therapy.care.agreements import Proposal
from e2etherapy.wire.care import Agreement, AgreementAcceptance
from tests.support.agreements import at, terms
from tests.support.talk import CLIENT, MONDAY, THERAPIST, Talk, canonical

DAY = timedelta(days=1)


def propose(talk: Talk, version: int = 1, reply: str = "1 working day") -> Proposal:
    talk.says(THERAPIST, Agreement, terms=canonical(terms(reply, version=version)))
    proposal = talk.care.agreements.latest
    assert proposal is not None
    return proposal


def accept(talk: Talk, proposal: Proposal, **members: datetime) -> None:
    talk.says(CLIENT, AgreementAcceptance, answers=proposal.id, digest=proposal.digest, **members)


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_a_proposal_applies_once_it_is_accepted(talk: Talk) -> None:
    proposal = propose(talk)
    assert talk.care.agreements.due(MONDAY) is None
    assert not talk.care.agreements.accepted
    talk.later(hours=1)
    accept(talk, proposal)
    (accepted,) = talk.care.agreements.accepted
    assert (accepted.version, accepted.accepted) == (1, talk.now)
    assert talk.care.agreements.due(MONDAY) is None
    assert talk.care.agreements.due(talk.now) == at("2026-03-03T17:00")


@pytest.mark.parametrize(
    "text",
    [
        canonical() + " ",
        canonical().replace("Nobody", "nobody", 1).replace('"version":1', '"version":01'),
        canonical().replace("{", '{"surprise":1,'),
        canonical()[:-1],
        "{}",
        "Nobody here is watching.",
        "\ud800",
    ],
)
def test_terms_that_are_not_canonical_are_refused(talk: Talk, text: str) -> None:
    talk.refuses("cannot read", THERAPIST, Agreement, terms=text)


def test_an_acceptance_of_a_text_that_differs_by_one_character_is_refused(talk: Talk) -> None:
    proposal = propose(talk)
    other = replace(proposal.terms, crisis=proposal.terms.crisis[:-1])
    digests = [agreement.digest_of(other), bytes(32), proposal.digest[::-1]]
    for digest in digests:
        talk.refuses(
            "another text", CLIENT, AgreementAcceptance, answers=proposal.id, digest=digest
        )
    assert talk.care.agreements.accepted == ()


def test_an_acceptance_names_a_proposal(talk: Talk) -> None:
    proposal = propose(talk)
    for answers in (None, bytes(16), proposal.digest[:16]):
        talk.refuses(
            "nobody proposed",
            CLIENT,
            AgreementAcceptance,
            answers=answers,
            digest=proposal.digest,
        )


def test_an_agreement_is_accepted_once(talk: Talk) -> None:
    proposal = propose(talk)
    accept(talk, proposal)
    with talk.refusal("accepted before"):
        accept(talk, proposal)


def test_numbers_rise(talk: Talk) -> None:
    propose(talk)
    propose(talk, 2)
    assert talk.care.agreements.next_number == 3
    for version in (1, 2):
        with talk.refusal("does not follow"):
            propose(talk, version)


def test_a_proposal_that_was_lost_does_not_stop_the_next(talk: Talk) -> None:
    propose(talk, 2)
    accept(talk, propose(talk, 4))
    assert [one.version for one in talk.care.agreements.proposals] == [2, 4]


def test_an_acceptance_that_crossed_the_next_proposal_holds_on_both_devices() -> None:
    at_client, at_therapist = Talk(), Talk()
    first = propose(at_client)
    propose(at_therapist)
    acceptance = at_client.says(CLIENT, AgreementAcceptance, answers=first.id, digest=first.digest)
    second = at_therapist.says(THERAPIST, Agreement, terms=canonical(terms(version=2)))
    at_therapist.hears(CLIENT, acceptance)
    at_client.hears(THERAPIST, second)
    assert at_client.care == at_therapist.care
    agreed = at_client.care.agreements.at(MONDAY)
    assert agreed is not None
    assert agreed.version == 1


def test_the_highest_number_applies_in_whatever_order_they_were_accepted(talk: Talk) -> None:
    first, second = propose(talk), propose(talk, 2, "3 days")
    accept(talk, second)
    accept(talk, first)
    applies = talk.care.agreements.at(MONDAY)
    assert applies is not None
    assert applies.version == 2


def test_two_proposals_with_one_id_are_not_taken(talk: Talk) -> None:
    first = propose(talk)
    talk.refuses(
        "id of another", THERAPIST, Agreement, id=first.id, terms=canonical(terms(version=2))
    )


def test_an_acceptance_that_claims_to_be_older_than_the_proposal_gains_nothing(talk: Talk) -> None:
    proposal = propose(talk)
    accept(talk, proposal, written=at("1971-01-01T00:00"))
    assert talk.care.agreements.due(MONDAY - timedelta(seconds=1)) is None
    assert talk.care.agreements.due(MONDAY) == at("2026-03-03T17:00")


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(days=2_900_000)])
def test_a_clock_far_ahead_does_not_put_an_agreement_off(talk: Talk, ahead: timedelta) -> None:
    talk.says(THERAPIST, Agreement, written=MONDAY + ahead, terms=canonical())
    proposal = talk.care.agreements.latest
    assert proposal is not None
    accept(talk, proposal, written=MONDAY + ahead)
    assert talk.care.agreements.due(MONDAY) == at("2026-03-03T17:00")


def test_a_clock_that_is_a_day_ahead_is_believed(talk: Talk) -> None:
    accept(talk, propose(talk), written=MONDAY + DAY)
    assert talk.care.agreements.due(MONDAY) is None
    assert talk.care.agreements.due(MONDAY + DAY) == at("2026-03-04T17:00")


@pytest.mark.parametrize(
    "written", ["0001-01-01T00:00:00", "1969-12-31T23:59:59", "9999-12-31T23:59:59"]
)
def test_a_message_from_no_time_of_ours_is_due_at_no_time(talk: Talk, written: str) -> None:
    accept(talk, propose(talk))
    moment = at(written)
    assert talk.care.agreements.at(moment) is None
    assert talk.care.agreements.due(moment) is None


def test_a_message_from_the_future_is_due_as_if_it_was_written_when_it_came(talk: Talk) -> None:
    accept(talk, propose(talk))
    agreed = talk.care.agreements
    forged = MONDAY + timedelta(days=300)
    assert agreed.due(forged, recorded=MONDAY) == agreed.due(MONDAY)
    assert agreed.due(MONDAY + DAY, recorded=MONDAY) == agreed.due(MONDAY + DAY)


def test_a_message_that_waited_is_due_from_when_it_was_written(talk: Talk) -> None:
    accept(talk, propose(talk))
    late = MONDAY + timedelta(days=40)
    assert talk.care.agreements.due(MONDAY, recorded=late) == at("2026-03-03T17:00")


def test_both_devices_compute_the_same_receipt_and_none_for_what_is_only_proposed(
    talk: Talk,
) -> None:
    proposal = propose(talk)
    with pytest.raises(OutOfPlace, match="not accepted"):
        proposal.receipt(bytes(32))
    accept(talk, proposal)
    (accepted,) = talk.care.agreements.accepted
    assert accepted.receipt(bytes(32)) == accepted.receipt(bytes(32))
    assert len(accepted.receipt(bytes(32))) == 32
    assert accepted.receipt(bytes(32)) != accepted.receipt(b"\x01" * 32)
    assert accepted.receipt(bytes(32)) != replace(accepted, acceptance=bytes(16)).receipt(bytes(32))


def test_a_conversation_has_a_thousand_agreements_at_most(talk: Talk) -> None:
    first = propose(talk)
    many = tuple(
        replace(first, id=number.to_bytes(16, "big"), terms=replace(first.terms, version=number))
        for number in range(1, agreements.MOST + 1)
    )
    talk.care = replace(talk.care, agreements=agreements.Agreements(many))
    with talk.refusal("more than 1,000"):
        propose(talk, 1_001)
