"""Goals and homework that were hidden are in no list that does not ask for them; what holds stays.

Their numbers stay, too: whoever answers by one means the same as before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.messenger.care.assigning import Assignment, Worked
from e2etherapy.messenger.messenger import Messenger
from tests.support.devices import Two, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def hide(messenger: Messenger, name: str, words: str) -> int:
    (number,) = [one.number for one in await messenger.entries(name) if words in one.text]
    await messenger.hide(name, [number])
    return number


async def numbers(messenger: Messenger, name: str, *, hidden: bool) -> list[tuple[int, bool]]:
    """Return those of the goals, which are those of the homework."""
    goals = [(one.number, one.hidden) for one in await messenger.goals(name, hidden=hidden)]
    given = [(one.number, one.hidden) for one in await messenger.homework(name, hidden=hidden)]
    assert goals == given
    return goals


async def test_what_was_hidden_is_listed_only_if_asked_for_and_keeps_its_number(pair: Two) -> None:
    for words in ("alpha", "beta"):
        await pair.therapist.propose_goal(SAM, words)
        await pair.therapist.assign_homework(SAM, Assignment(f"do {words}"))
    await pair.client.sync()
    hidden: list[int] = []
    for messenger, name in ((pair.client, OKAFOR), (pair.therapist, SAM)):
        hidden = [await hide(messenger, name, words) for words in ("text: alpha", "do alpha")]
        assert await numbers(messenger, name, hidden=False) == [(2, False)]
        assert await numbers(messenger, name, hidden=True) == [(1, True), (2, False)]
    for asked, titles in ((False, ["do beta"]), (True, ["do alpha", "do beta"])):
        known = await pair.therapist.context(SAM, hidden=asked)
        assert [one.title for one in known.homework] == titles
        assert [one.number for one in known.goals] == ([1, 2] if asked else [2])
    await pair.client.answer_goal(OKAFOR, 1, "agreed")
    (first, _) = await pair.client.goals(OKAFOR, hidden=True)
    assert (first.text, first.outcome) == ("alpha", "agreed")
    await pair.therapist.unhide(SAM, hidden)
    assert await numbers(pair.therapist, SAM, hidden=False) == [(1, False), (2, False)]


async def test_words_that_were_hidden_are_left_out_and_what_they_went_with_holds(pair: Two) -> None:
    await pair.therapist.propose_goal(SAM, "alpha")
    await pair.therapist.assign_homework(SAM, Assignment("walk"))
    await pair.client.sync()
    await pair.client.answer_goal(OKAFOR, 1, "agreed", "why I agree")
    await pair.client.answer_homework(OKAFOR, 1, accepted=True, note="why I accept")
    await pair.client.log_homework(OKAFOR, 1, Worked(pair.clock.now.date(), note="how it went"))
    await pair.therapist.sync()
    await pair.therapist.review_homework(SAM, 1, "what I think")
    for words in ("why I agree", "why I accept", "how it went", "what I think"):
        await hide(pair.therapist, SAM, words)
    (goal,), (given,) = await pair.therapist.goals(SAM), await pair.therapist.homework(SAM)
    assert goal.answer is not None
    assert (goal.outcome, goal.answer.note) == ("agreed", "")
    assert (given.accepted, given.answer, given.review) == (True, "", "")
    assert [(one.done, one.note) for one in given.days()] == [(True, "")]
    assert given.reviewed is not None
    (goal,) = await pair.therapist.goals(SAM, hidden=True)
    (given,) = await pair.therapist.homework(SAM, hidden=True)
    assert goal.answer is not None
    assert (goal.answer.note, given.answer, given.review) == (
        *("why I agree", "why I accept", "what I think"),
    )
    assert [one.note for one in given.days()] == ["how it went"]
