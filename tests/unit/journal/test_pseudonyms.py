"""Words are replaced where they stand as words, and nothing else is touched."""

from __future__ import annotations

import json

import pytest

from e2etherapy.journal.pseudonyms import Pseudonyms
from e2etherapy.journal.shown import Shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Robin called Robin's brother.", "R. called R.'s brother."),
        ("ROBIN, robin", "R., R."),
        ("Robins and robinia stay.", "Robins and robinia stay."),
        ("Robin  Smith\nand Robin\nSmith", "R. S.\nand R. S."),
        ("Rene\u0301 and Ren\u00e9", "E. and E."),
        ("nothing\u0301 changes", "nothing\u0301 changes"),
        ('{"worst":"I call\\nRobin"}', '{"worst":"I call\\nR."}'),
    ],
)
def test_words_are_replaced_as_words(text: str, told: str) -> None:
    names = Pseudonyms([("Robin", "R."), ("robin smith", "R. S."), ("Ren\u00e9", "E.")])
    assert names.told(text) == told
    content = json.dumps({"item": {"text": text}}).encode()
    assert names.stand_in(content) is (told != text)
    assert not Pseudonyms([]).stand_in(content)
    assert Pseudonyms([]).told(text) == text


def test_it_is_counted_how_often_and_an_escape_in_the_words_means_nothing() -> None:
    names = Pseudonyms([("R.", "\\1"), ("never", "there")])
    shown = names.retold(Shown(3, "R.", "Written.", "R. and R. and RX", "message", ("id", "hash")))
    assert (shown.heading, shown.text, shown.file) == ("\\1", "\\1 and \\1 and RX", None)
    assert "does not verify" in shown.when
    assert names.counts == {"R.": 2, "never": 0}
