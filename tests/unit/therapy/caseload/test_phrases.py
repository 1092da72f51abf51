from __future__ import annotations

import pytest

from e2etherapy.therapy.caseload.phrases import Thread, name_words, shortest, words


def numbers(text: str) -> set[int]:
    return set(shortest(words(text)).numbers)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I DON'T know, what - to do.", "i don’t know what to do"),
        ("Straße, Café", "STRASSE CAFE\u0301"),
        ("שלום\u200f, עולם", "שלום עולם"),
        ("so\u200b  it\u00a0goes\n", "So it goes!"),
        ("I ❤️ it", "I ❤ it"),
    ],
)
def test_case_space_punctuation_and_what_is_not_seen_make_no_difference(
    one: str, other: str
) -> None:
    assert words(one) == words(other)


def test_marks_that_belong_to_a_letter_do_not_divide_its_word() -> None:
    assert words("हिन्दी में") == ["हिन्दी", "में"]


def test_an_apostrophe_divides_a_name_and_not_a_phrase() -> None:
    assert words("Anna's mother isn't") == ["annas", "mother", "isnt"]
    assert name_words("Anna's mother isn’t") == ["anna", "s", "mother", "isn", "t"]


def test_five_words_are_a_phrase_and_four_short_ones_are_none() -> None:
    assert numbers("a b c d e")
    assert not numbers("a b c d")


def test_twenty_five_characters_are_a_phrase_and_twenty_four_are_none() -> None:
    assert numbers("abcdefghijkl abcdefghijkl")
    assert not numbers("abcdefghijkl abcdefghijk")
    assert numbers("x" * 25)
    assert not numbers("x" * 24)


def test_each_shortest_phrase_ends_where_it_is_long_enough() -> None:
    said = words("a b c d e extraordinarily uncomfortable f")
    ends = shortest(said).ends
    assert [said[place:end] for place, end in enumerate(ends)] == [
        ["a", "b", "c", "d", "e"],
        ["b", "c", "d", "e", "extraordinarily"],
        ["c", "d", "e", "extraordinarily", "uncomfortable"],
        ["d", "e", "extraordinarily", "uncomfortable"],
        ["e", "extraordinarily", "uncomfortable"],
        ["extraordinarily", "uncomfortable"],
    ]


@pytest.mark.parametrize("count", [1, 5_000])
def test_a_thread_has_what_it_read_however_much_it_is(count: int) -> None:
    thread = Thread()
    for number in range(count):
        thread.read(f"the {number} of {number} words are {number}")
    last = numbers(f"the {count - 1} of {count - 1} words are {count - 1}")
    many = last | {number ^ 1 for number in range(100_000, 200_000)}
    assert thread.common(last) == thread.common(many) == last
    assert thread.has_words(["the", "0"])
    assert not thread.has_words(["the", "absent"])


def test_a_thread_has_a_word_with_and_without_its_ending() -> None:
    thread = Thread()
    thread.read("Tom's brother")
    assert thread.has_words(["tom"])
    assert thread.has_words(["toms"])
