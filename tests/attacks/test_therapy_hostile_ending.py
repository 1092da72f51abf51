"""Threat J6: an end, or a permission to pass on, that the other side may not say so."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.cli.therapy import ending, extract_views
from e2etherapy.errors import MessengerError
from e2etherapy.messenger.outbound import sending
from e2etherapy.wire import care
from tests.support.devices import Two, texts, two
from tests.support.dishonest import from_client, holds, refused, say

SAM, OKAFOR, KIM = "Sam", "Dr. Okafor", "Kim"
ESCAPES = "\x1b[2J\x1b]0;owned\x07 \u202e"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def asked(pair: Two, *, claimed: str = "Your first letter, to Dr. Byrne.") -> None:
    numbers = [one.number for one in await pair.therapist.record_entries(SAM)]
    await pair.therapist.ask_extract(SAM, numbers, claimed)
    await pair.client.sync()


async def test_a_therapist_does_not_allow_what_the_client_has_not(pair: Two) -> None:
    await asked(pair)
    (request,) = (await holds(pair.client, OKAFOR)).extracts.all()
    before = await holds(pair.client, OKAFOR)
    await say(pair.therapist, SAM, care.ExtractAnswer, answers=request.id, allowed=True)
    await pair.therapist.sync()
    assert refused(await pair.client.sync(), "a therapist does not say this")
    assert await holds(pair.client, OKAFOR) == before
    with pytest.raises(MessengerError, match="Nothing was written"):
        await pair.therapist.write_extract(io.BytesIO(), SAM, 1)


async def test_a_request_that_says_less_than_it_names_is_shown_with_all_of_it(pair: Two) -> None:
    await asked(pair, claimed=f"One sentence only. {ESCAPES}")
    (view,) = await pair.client.extracts(OKAFOR)
    shown = extract_views.preview(view)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    for words in ("turn 1", "turn 2", "1. 2 entries"):
        assert words in shown


@pytest.mark.parametrize("entries", [[bytes(32)], [bytes(32)] * 2])
async def test_a_request_for_what_nobody_wrote_cannot_be_allowed(
    pair: Two, entries: list[bytes]
) -> None:
    await say(pair.therapist, SAM, care.ExtractRequest, text="All of it.", entries=entries)
    await pair.therapist.sync()
    report = await pair.client.sync()
    if len(entries) > 1:
        assert refused(report, "names an entry twice")
        return
    with pytest.raises(MessengerError, match="cannot see all that would be passed on"):
        await pair.client.answer_extract(OKAFOR, 1, allowed=True)


async def test_a_permission_of_one_request_opens_no_other(pair: Two) -> None:
    await asked(pair)
    await asked(pair, claimed="Something else.")
    first, second = (await holds(pair.client, OKAFOR)).extracts.all()
    assert refused(
        await from_client(pair, care.ExtractAnswer, answers=bytes(16), allowed=True), "nobody asked"
    )
    await pair.client.answer_extract(OKAFOR, 1, allowed=True)
    await pair.therapist.sync()
    assert [one.in_force for one in (await holds(pair.therapist, SAM)).extracts.all()] == [
        True,
        False,
    ]
    assert first.id != second.id
    with pytest.raises(MessengerError, match="not answered"):
        await pair.therapist.write_extract(io.BytesIO(), SAM, 2)


async def test_whoever_goes_on_after_their_own_end_is_not_heard_on_the_therapy(pair: Two) -> None:
    async with sending.composer(pair.client.device, OKAFOR) as composer:
        for letter in (f"Farewell. {ESCAPES}", "And farewell once more."):
            composer.say(composer.item(care.Ending, letter=letter))
        composer.say(composer.item(care.Goal, text="Sleep."))
    await pair.client.sync()
    report = await pair.therapist.sync()
    assert refused(report, "something said after the therapy has ended")
    view = await pair.therapist.ending(SAM)
    assert len(view.letters) == 1
    shown = ending._shown(view)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    await pair.therapist.journal_verify()


async def test_an_end_closes_its_own_conversation_and_no_other(pair: Two) -> None:
    link = (await pair.therapist.invite(KIM)).link
    await pair.client.join(link, f"{OKAFOR} as {KIM}")
    await pair.therapist.sync()
    await pair.client.end_therapy(OKAFOR, "Farewell.")
    await pair.client.sync()
    await pair.therapist.sync()
    await pair.therapist.send(KIM, "How was your week?")
    await pair.client.sync()
    assert (await texts(pair.client, f"{OKAFOR} as {KIM}"))[-1] == "How was your week?"
    assert [one.name for one in await pair.therapist.conversations() if not one.ended] == [KIM]
