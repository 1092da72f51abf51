"""Threat J4: what the other side may not say about the therapy changes nothing, and is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from e2etherapy.messenger import caring
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.views import SyncReport
from e2etherapy.therapy import agreement
from e2etherapy.therapy.care.state import Care
from e2etherapy.wire import care
from e2etherapy.wire.role import Role
from tests.support.agreements import terms as terms_of
from tests.support.devices import WISH, Two, agree, texts, two
from tests.support.dishonest import from_client, holds, refused, say
from tests.support.homes import MORNING
from tests.support.hostile_author import HostileAuthor, base64_of, packed
from tests.support.talk import CARD, EN_1, canonical

SAM, OKAFOR = "Sam", "Dr. Okafor"
LONG_AGO = datetime(1980, 1, 1, tzinfo=UTC)
FUTURE = datetime(2099, 1, 1, tzinfo=UTC)
ESCAPES = "\x1b[2J\x1b]0;owned\x07 <script>alert(1)</script> \u202e"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


OF_A_THERAPIST: dict[type[care.CareItem], dict[str, Any]] = {
    care.Agreement: {"terms": "{}"},
    care.ConsentRequest: {"text": "en-1", "digest": EN_1.digest},
    care.CheckInSchedule: {"instrument": "gad-7", "schedule": "", "begins": "2026-01-05"},
    care.Homework: {"title": "Write to me every hour"},
    care.HomeworkReview: {"answers": bytes(16)},
    care.Summary: {"text": "We agreed on everything."},
    care.ExtractRequest: {"text": "Show it to my lawyer.", "entries": [bytes(32)]},
}
OF_A_CLIENT: dict[type[care.CareItem], dict[str, Any]] = {
    care.AgreementAcceptance: {"answers": bytes(16), "digest": bytes(32)},
    care.Consent: {"answers": bytes(16), "text": "en-1", "digest": EN_1.digest},
    care.ConsentWithdrawal: {"answers": bytes(16)},
    care.CheckIn: {"instrument": "gad-2", "version": "1", "given": [0, 0], "taken": MORNING},
    care.Priority: {"text": "I need nothing."},
    care.HomeworkAnswer: {"answers": bytes(16), "accepted": True},
    care.HomeworkLog: {"answers": bytes(16), "day": "2026-01-05", "done": True},
    care.Landing: {"answers": bytes(16), "mark": "helped"},
    care.SafetyPlanShare: {"plan": '{"written":"2026-01-05","worst":"I call nobody."}'},
    care.EmergencyCardShare: {"card": CARD},
    care.ExtractAnswer: {"answers": bytes(16), "allowed": True},
}
OF_BOTH = {care.Goal, care.GoalAnswer, care.Ending}


def test_every_kind_belongs_to_somebody() -> None:
    assert OF_A_THERAPIST.keys() | OF_A_CLIENT.keys() | OF_BOTH == set(care.CARE)


async def test_what_a_therapist_says_is_refused_from_a_client(pair: Two) -> None:
    before = await holds(pair.therapist, SAM)
    await say_all(pair.client, OKAFOR, OF_A_THERAPIST)
    report = await pair.therapist.sync()
    assert notices(report) == {"a client does not say this": len(OF_A_THERAPIST)}
    assert await holds(pair.therapist, SAM) == before
    assert await texts(pair.therapist, SAM) == ["turn 1", "turn 2"]
    await pair.therapist.journal_verify()


async def test_what_a_client_says_is_refused_from_a_therapist(pair: Two) -> None:
    before = await holds(pair.client, OKAFOR)
    await say_all(pair.therapist, SAM, OF_A_CLIENT)
    report = await pair.client.sync()
    assert notices(report) == {"a therapist does not say this": len(OF_A_CLIENT)}
    assert await holds(pair.client, OKAFOR) == before
    assert await texts(pair.client, OKAFOR) == ["turn 1", "turn 2"]
    await pair.client.journal_verify()


async def say_all(by: Messenger, to: str, every: dict[type[care.CareItem], dict[str, Any]]) -> None:
    for kind, members in every.items():
        await say(by, to, kind, **members)
    await by.sync()


def notices(report: SyncReport) -> dict[str, int]:
    """Return how often something was refused, by the reason."""
    return {notice.reason: notice.count for notice in report.notices}


async def test_a_due_time_is_nobodys_to_say(pair: Two) -> None:
    """It follows from the agreement, and from clocks as far as they are believed."""
    await agree(pair)
    author = HostileAuthor(pair.client, OKAFOR)
    for forged in ({"due": "2026-01-05T09:00:01Z"}, {"agreement": 7}, {"late": 1}):
        await author.say(packed(author.item("text", text="Answer me now", **forged)))
    report = await pair.therapist.sync()
    assert (report.arrived, sum(notice.count for notice in report.notices)) == ({}, 3)
    honest = await pair.client.send(OKAFOR, "when you can")
    await author.say(packed(author.item("text", text="of 1999", written="1999-01-01T00:00:00Z")))
    await author.say(packed(author.item("text", text="of 2099", written="2099-01-01T00:00:00Z")))
    await pair.therapist.sync()
    shown = {view.text: view for view in await pair.therapist.thread(SAM)}
    assert honest.id == shown["when you can"].id
    due = shown["when you can"].due
    assert due is not None
    assert (shown["of 1999"].due, shown["of 1999"].agreement) == (None, None)
    assert (shown["of 2099"].due, shown["of 2099"].agreement) == (due, 1)
    (waiting,) = await pair.therapist.queue()
    assert waiting.due == due


async def test_an_agreement_is_never_dated_back_over_what_was_written(pair: Two) -> None:
    """Neither a therapist nor a client makes another one apply to an earlier message."""
    await agree(pair)
    await pair.client.send(OKAFOR, "before")
    await pair.therapist.sync()
    due = (await pair.therapist.thread(SAM))[-1].due
    pair.clock.now += timedelta(hours=1)
    terms = canonical(terms_of("30 days", version=2, valid_from=LONG_AGO))
    await say(pair.therapist, SAM, care.Agreement, terms=terms)
    await pair.therapist.sync()
    await pair.client.sync()
    proposal = (await holds(pair.client, OKAFOR)).agreements.proposals[-1]
    early = HostileAuthor(pair.client, OKAFOR)
    await early.say(
        packed(
            early.item(
                "agreement_acceptance",
                answers=base64_of(proposal.id),
                digest=base64_of(proposal.digest),
                written="2026-01-01T00:00:00Z",
            )
        )
    )
    await pair.therapist.sync()
    assert (await pair.therapist.agreements(SAM))[-1].accepted is not None
    (before,) = [view for view in await pair.therapist.thread(SAM) if view.text == "before"]
    assert (before.due, before.agreement) == (due, 1)


async def test_a_share_of_somebody_elses_entry_is_only_its_authors_words(pair: Two) -> None:
    """A therapist cannot put words into a client's journal, nor pass for having them from it."""
    entry = await pair.client.journal_write("Slept well.", 7)
    before = await pair.client.journal()
    author = HostileAuthor(pair.therapist, SAM)
    share = {"text": "I want to die.", "entry_written": "2026-01-01T00:00:00Z"}
    await author.say(
        packed(author.item("journal_share", id=base64_of(bytes.fromhex(entry.id)), **share))
    )
    await pair.client.sync()
    assert await pair.client.journal() == before
    shared = (await pair.client.thread(OKAFOR))[-1]
    assert (shared.author, shared.own, shared.text) == (Role.THERAPIST, False, share["text"])
    await pair.client.journal_verify()


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
        flagged = {"instrument": "phq-9", "version": "1", "given": [0] * 8 + [1, None]}
        composer.say(composer.item(care.CheckIn, taken=now, **flagged))
        composer.say(composer.item(care.Priority, text="help"))
    await pair.client.sync()
    report = await pair.therapist.sync()
    assert refused(report, "more check-ins than anybody fills in")
    assert [notice.count for notice in report.notices] == [100]
    state = await holds(pair.therapist, SAM)
    assert len(state.check_ins.taken) == 501
    assert [flag.reason for flag in state.flags.raised] == ["check_in", "asked"]
    pair.clock.now += timedelta(days=2)
    await pair.client.take_check_in(OKAFOR, "gad-2", [1, 1])
    await pair.therapist.sync()
    assert len((await holds(pair.therapist, SAM)).check_ins.taken) == 502


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
