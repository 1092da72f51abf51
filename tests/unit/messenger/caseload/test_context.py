"""Before an answer, everything that matters is read, and not the whole thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import NotReady, UnknownConversation, WrongRole
from tests.support.devices import Two, agree, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def test_a_glance_shows_what_was_said_and_done_and_marks_nothing_as_read(pair: Two) -> None:
    await agree(pair)
    await pair.client.take_check_in(OKAFOR, "gad-7", [1] * 7)
    await pair.client.ask_sooner(OKAFOR, "Please call.")
    await pair.therapist.sync()
    await pair.therapist.resolve(SAM, "Called; is safe.")
    pair.clock.now += timedelta(days=1)
    await pair.client.send(OKAFOR, "Are you there?")
    await pair.client.send_file(OKAFOR, ("night.txt", "text/plain", b"a bad night"))
    await pair.client.ask_sooner(OKAFOR, "Again.")
    await pair.therapist.sync()
    view = await pair.therapist.context("sam")
    assert [(one.text, one.unread) for one in view.exchange] == [
        ("turn 2", False),
        ("Are you there?", True),
        ("night.txt", True),
    ]
    (entry,) = await pair.therapist.queue()
    assert (view.name, view.unanswered, view.due) == (SAM, entry.messages, entry.due)
    assert [flag.text for flag in view.open_flags] == ["Again."]
    assert [(flag.text, done.note) for flag, done in view.resolved] == [
        ("Please call.", "Called; is safe.")
    ]
    assert view.agreement is not None
    assert view.scores[0].taken.result is not None
    assert view.scores[0].taken.result.total == 7
    assert await pair.therapist.context(SAM) == view


async def test_who_has_no_context_is_told_so(pair: Two) -> None:
    with pytest.raises(WrongRole):
        await pair.client.context(OKAFOR)
    with pytest.raises(UnknownConversation):
        await pair.therapist.context("Nobody")
    await pair.therapist.invite("Kim")
    with pytest.raises(NotReady):
        await pair.therapist.context("Kim")
