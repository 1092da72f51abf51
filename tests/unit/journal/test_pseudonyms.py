"""Words are replaced where they stand as words, and nothing else is touched."""

from __future__ import annotations

import json

import pytest

from e2etherapy.journal.pseudonyms import Pseudonyms, can_be_found
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
        ("Only _Robin_ knows, **ROBIN**, robin_s@mail", "Only _R._ knows, **R.**, R._s@mail"),
        ("Robin2 and 3robin", "R.2 and 3R."),
        ("Ro\u00adbin, R\u200bobin and \u2066Robin\u2069", "R., R. and \u2066R.\u2069"),
        ("\uff32\uff4f\uff42\uff49\uff4e is wide", "R. is wide"),
        ("robin_smith and Robin\u00a0Smith", "R. S. and R. S."),
        ("Robin Smithson", "R. Smithson"),
        ("Rene\u0323\u0301 is another", "Rene\u0323\u0301 is another"),
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


def test_what_still_stands_in_a_text_is_told_with_the_word_around_it() -> None:
    names = Pseudonyms([("Robin", "R."), ("Robin Smith", "R. S.")])
    assert names.remaining([names.told("Robin has his own words.")]) == frozenset()
    left = names.remaining(
        ["Robins", "rob\u00adinia", "robin.smith", "['Ro\\xadbine']", '{"a":"\\u0052obinson"}']
    )
    assert left == {
        ("Robin", "robins"),
        ("Robin", "robine"),
        ("Robin", "robinia"),
        ("Robin", "robin"),
        ("Robin Smith", "robin.smith"),
        ("Robin", "robinson"),
    }
    assert can_be_found("Robin")
    assert not can_be_found(" \u00ad\u200b ")
