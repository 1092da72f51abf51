from __future__ import annotations

from e2etherapy.wire.care import Summary
from tests.support.talk import THERAPIST, Talk


def test_summaries_stand_in_the_order_in_which_they_were_said() -> None:
    talk = Talk()
    assert talk.care.summaries.latest is None
    for words in ("We began.", "We went on."):
        talk.says(THERAPIST, Summary, text=words)
    assert [one.text for one in talk.care.summaries.sessions] == ["We began.", "We went on."]
    assert talk.care.summaries.latest is talk.care.summaries.sessions[-1]
