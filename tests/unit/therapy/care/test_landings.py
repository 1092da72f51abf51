"""A client says how a message landed, and may think again."""

from __future__ import annotations

import pytest

from e2etherapy.wire.care import Landing
from tests.support.talk import CLIENT, Talk

MESSAGE, OTHER = bytes(16), b"\x01" * 16


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_a_message_landed_as_the_client_says(talk: Talk) -> None:
    talk.says(CLIENT, Landing, answers=MESSAGE, mark="hurt")
    mark = talk.care.landings.on(MESSAGE)
    assert mark is not None
    assert (mark.mark, mark.marked) == ("hurt", talk.now)
    assert talk.care.landings.on(OTHER) is None


def test_the_last_mark_counts_whichever_comes_first(talk: Talk) -> None:
    first = talk.item(Landing, answers=MESSAGE, mark="hurt")
    second = talk.item(Landing, answers=MESSAGE, mark="helped")
    for items in ((first, second), (second, first)):
        for item in items:
            talk.hears(CLIENT, item)
        mark = talk.care.landings.on(MESSAGE)
        assert mark is not None
        assert mark.mark == "helped"
    assert len(talk.care.landings.marks) == 1


def test_a_mark_is_on_a_message(talk: Talk) -> None:
    talk.refuses("no message", CLIENT, Landing, mark="helped")
