"""Threat J4: what the other side may not say about the therapy changes nothing, and is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from e2etherapy.messenger import caring, sending
from e2etherapy.messenger.caring import care_of
from e2etherapy.therapy import agreement
from e2etherapy.therapy.care.state import Care
from e2etherapy.wire import care
from tests.support.devices import WISH, Two, agree, texts, two
from tests.support.dishonest import from_client, holds, refused, say

SAM, OKAFOR = "Sam", "Dr. Okafor"
FUTURE = datetime(2099, 1, 1, tzinfo=UTC)
ESCAPES = "\x1b[2J\x1b]0;owned\x07 <script>alert(1)</script> \u202e"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (care.Agreement, {"terms": "{}"}),
        (care.CheckInSchedule, {"instrument": "gad-7", "schedule": "", "begins": "2026-01-05"}),
        (care.Homework, {"title": "Write to me every hour"}),
        (care.HomeworkReview, {"answers": bytes(16)}),
        (care.Summary, {"text": "We agreed on everything."}),
    ],
)
async def test_a_kind_of_the_other_role_is_refused(
    pair: Two, kind: type[care.CareItem], members: dict[str, Any]
) -> None:
    before = await holds(pair.therapist, SAM)
    report = await from_client(pair, kind, **members)
    assert refused(report, "a client does not say this")
    assert await holds(pair.therapist, SAM) == before
    assert await texts(pair.therapist, SAM) == ["turn 1", "turn 2"]
    await pair.therapist.journal_verify()


async def test_an_acceptance_of_another_text_is_no_acceptance(pair: Two) -> None:
    """Even one character apart."""
    await pair.therapist.propose_agreement(SAM, WISH)
    await pair.client.sync()
    (proposal,) = (await holds(pair.client, OKAFOR)).agreements.proposals
    changed = agreement.encode(proposal.terms).replace(b"112", b"113")
    digest = agreement.digest_of(agreement.decode(changed))
    report = await from_client(pair, care.AgreementAcceptance, answers=proposal.id, digest=digest)
    assert refused(report, "another text than the one that was proposed")
    (view,) = await pair.therapist.agreements(SAM)
    assert view.accepted is None


async def test_an_acceptance_of_what_was_never_proposed_is_refused(pair: Two) -> None:
    report = await from_client(pair, care.AgreementAcceptance, answers=bytes(16), digest=bytes(32))
    assert refused(report, "nobody proposed")
    assert await pair.therapist.agreements(SAM) == []


async def test_an_agreement_cannot_be_accepted_twice(pair: Two) -> None:
    await agree(pair)
    (proposal,) = (await holds(pair.client, OKAFOR)).agreements.proposals
    report = await from_client(
        pair, care.AgreementAcceptance, answers=proposal.id, digest=proposal.digest
    )
    assert refused(report, "accepted before")


async def test_answers_that_their_questionnaire_does_not_offer_are_refused(pair: Two) -> None:
    now = pair.clock()
    for given in ([9] * 7, [0] * 6, [0] * 8):
        report = await from_client(
            pair, care.CheckIn, instrument="gad-7", version="1", given=given, taken=now
        )
        assert refused(report, "answers that their questionnaire does not offer")
    assert (await holds(pair.therapist, SAM)).check_ins.taken == ()


async def test_a_check_in_of_the_future_counts_as_taken_now(pair: Two) -> None:
    """An answer that must be seen is not refused for a clock that is wrong."""
    await from_client(
        pair, care.CheckIn, instrument="gad-7", version="1", given=[0] * 7, taken=FUTURE
    )
    (taken,) = (await holds(pair.therapist, SAM)).check_ins.taken
    assert taken.taken == pair.clock()


async def test_a_flood_of_check_ins_is_cut_off_and_a_priority_still_gets_through(pair: Two) -> None:
    now = pair.clock()
    async with sending.composer(pair.client.device, OKAFOR) as composer:
        for _ in range(600):
            composer.say(
                composer.item(
                    care.CheckIn, instrument="gad-2", version="1", given=[0, 0], taken=now
                )
            )
        composer.say(composer.item(care.Priority, text="help"))
    await pair.client.sync()
    report = await pair.therapist.sync()
    assert refused(report, "more check-ins than anybody fills in")
    assert [notice.count for notice in report.notices] == [100]
    state = await holds(pair.therapist, SAM)
    assert len(state.check_ins.taken) == 500
    assert [flag.text for flag in state.flags.raised] == ["help"]
    pair.clock.now += timedelta(days=2)
    await pair.client.take_check_in(OKAFOR, "gad-2", [1, 1])
    await pair.therapist.sync()
    assert len((await holds(pair.therapist, SAM)).check_ins.taken) == 501


async def test_a_flood_of_flagged_check_ins_is_all_seen_and_reads_the_record_once(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None may be refused; so each page may cost only what is in it, however long the record."""
    now, flood = pair.clock(), 3 * 64
    async with sending.composer(pair.client.device, OKAFOR) as composer:
        for _ in range(flood):
            composer.say(
                composer.item(
                    care.CheckIn,
                    instrument="phq-9",
                    version="1",
                    given=[0] * 8 + [1, None],
                    taken=now,
                )
            )
    await pair.client.sync()
    reads = []

    async def counted(*of: Any) -> Care:  # noqa: ANN401
        reads.append(of)
        return await care_of(*of)

    monkeypatch.setattr(caring, "care_of", counted)
    report = await pair.therapist.sync()
    assert (report.arrived, report.notices) == ({SAM: flood}, [])
    assert len(reads) == 1
    state = await holds(pair.therapist, SAM)
    assert len(state.check_ins.taken) == len(state.flags.raised) == flood
    (waiting,) = await pair.therapist.queue()
    assert waiting.flagged is not None


async def test_what_a_newer_version_asks_is_kept_and_not_scored(pair: Two) -> None:
    now = pair.clock()
    await from_client(pair, care.CheckIn, instrument="gad-7", version="9", given=[1], taken=now)
    await from_client(pair, care.CheckIn, instrument="new-1", version="1", given=[1], taken=now)
    taken = (await holds(pair.therapist, SAM)).check_ins.taken
    assert [one.result for one in taken] == [None, None]
    assert "scored by another version" in (await texts(pair.therapist, SAM))[-1]


async def test_an_agreement_that_cannot_be_read_is_refused_by_the_client(pair: Two) -> None:
    for terms in ("{}", "not JSON", ESCAPES):
        await say(pair.therapist, SAM, care.Agreement, terms=terms)
        await pair.therapist.sync()
        assert refused(await pair.client.sync(), "cannot read")
    assert await pair.client.agreements(OKAFOR) == []


async def test_words_in_any_field_are_kept_as_they_are(pair: Two) -> None:
    """Front ends show them inert; here nothing is lost or changed."""
    await from_client(pair, care.Priority, text=ESCAPES)
    assert ESCAPES in (await texts(pair.therapist, SAM))[-1]
