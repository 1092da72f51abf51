"""J5: what is meant for one client is on its way to another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import AnotherClient, WrongRole
from e2etherapy.messenger.caseload import guarding
from e2etherapy.therapy.caseload.recipient_guard import Kind
from tests.support.devices import Two, texts, two

SAM, KIM, OKAFOR = "Sam", "Kim Adler", "Dr. Okafor"
SECRET = "My sister found the letters behind the wardrobe and read every one of them."


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        link = (await made.therapist.invite(KIM)).link
        await made.client.join(link, "The other")
        await made.therapist.sync()
        yield made


@pytest.mark.parametrize(
    "text",
    ["Dear Kim, well done.", "dear KIM ADLER", "That is for you and Adler, as agreed."],
)
async def test_the_name_of_another_client_is_found(pair: Two, text: str) -> None:
    (finding,) = await pair.therapist.recipient_findings(SAM, text)
    assert (finding.kind, finding.clients) == (Kind.NAME, (KIM,))
    assert await pair.therapist.recipient_findings(KIM, text) == ()


async def test_words_out_of_another_thread_are_found_whoever_wrote_them(pair: Two) -> None:
    await pair.client.send("The other", SECRET)
    await pair.therapist.sync()
    await pair.therapist.send(KIM, "Let us look at what the letters meant to you then.")
    answer = "You wrote: “my sister FOUND the letters behind the wardrobe” - how was that?"
    (finding,) = await pair.therapist.recipient_findings(SAM, answer)
    assert (finding.kind, finding.clients) == (Kind.PHRASE, (KIM,))
    own = "I meant it: let us look at what the letters meant to you then."
    assert [one.clients for one in await pair.therapist.recipient_findings(SAM, own)] == [(KIM,)]
    assert await pair.therapist.recipient_findings(KIM, answer) == ()


async def test_a_batch_with_such_a_draft_sends_nothing_at_all(pair: Two) -> None:
    await pair.therapist.draft(SAM, "Dear Kim, well done.")
    await pair.therapist.draft(KIM, "A harmless one.")
    reviewed = await pair.therapist.review_batch()
    with pytest.raises(AnotherClient) as refused:
        await pair.therapist.require_sendable(reviewed)
    assert SAM in str(refused.value)
    assert "well done" not in str(refused.value)
    assert len(await pair.therapist.drafts()) == 2
    assert await texts(pair.therapist, KIM) == []


async def test_whom_a_client_writes_to_is_not_looked_at(pair: Two) -> None:
    with pytest.raises(WrongRole):
        await pair.client.recipient_findings(OKAFOR, "Dear Kim")


async def test_what_both_threads_hold_and_what_a_template_says_points_to_nobody(pair: Two) -> None:
    said = "I answer on weekdays between nine and five."
    await pair.therapist.add_template("hours", f"Dear {{name}}, {said}")
    await pair.therapist.send(KIM, said)
    assert await pair.therapist.recipient_findings(SAM, said) == ()
    await pair.client.send("The other", SECRET)
    await pair.client.send(OKAFOR, SECRET)
    await pair.therapist.sync()
    assert await pair.therapist.recipient_findings(SAM, SECRET) == ()


async def test_what_is_older_or_further_back_than_is_said_is_not_found(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits that docs/limitations.md names."""
    await pair.client.send("The other", SECRET)
    await pair.client.send("The other", "and something else")
    await pair.therapist.sync()
    assert await pair.therapist.recipient_findings(SAM, SECRET)
    with monkeypatch.context() as patch:
        patch.setattr(guarding, "MOST", 1)
        assert await pair.therapist.recipient_findings(SAM, SECRET) == ()
    pair.clock.now += guarding.SINCE + timedelta(days=1)
    assert await pair.therapist.recipient_findings(SAM, SECRET) == ()


async def test_a_name_that_stands_in_this_thread_too_is_said_to(pair: Two) -> None:
    await pair.client.send(OKAFOR, "Kim is my neighbour.")
    await pair.therapist.sync()
    (finding,) = await pair.therapist.recipient_findings(SAM, "And how is Kim?")
    assert finding.also_here
