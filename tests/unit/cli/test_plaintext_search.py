"""The search that the demo rests on finds what is there."""

from __future__ import annotations

import json

import pytest

from e2etherapy.cli.plaintext_search import distinct_words, search

TEXTS = ['She said "enough" and left.\nعلعربية جدع milk', "Zoë waited.", "alone"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_every_word_of_a_text_is_found_in_it(encoding: str) -> None:
    words = distinct_words(TEXTS)
    assert set(words) == {"said", "enough", "left", "علعربية", "milk", "waited", "alone"}
    places = {"file": b"\x00\x01" + " ".join(TEXTS).encode(encoding) + b"\x02"}
    assert set(search(words, places).found) == set(words)


def test_words_are_found_in_json() -> None:
    words = distinct_words(TEXTS)
    places = {"log": json.dumps(TEXTS, ensure_ascii=False).encode()}
    assert set(search(words, places).found) == set(words)


def test_one_word_in_one_place_is_enough() -> None:
    found = search(distinct_words(TEXTS), {"a": b"nothing here", "b": b"..., waited.\x00"})
    assert found.found == {"waited": "b"}
    assert found.words == 7
    assert found.searched == 25
