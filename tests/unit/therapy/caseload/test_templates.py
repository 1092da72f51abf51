from __future__ import annotations

import pytest

from e2etherapy.errors.therapy import InvalidTemplate, UnfilledTemplate, UnknownPlaceholder
from e2etherapy.therapy.caseload.templates import fill, left_in, parse

DEAR = "Dear {name},\n\nI answer by {day}, {name}."


def test_a_template_lists_its_placeholders_once_and_in_order() -> None:
    assert parse(DEAR).placeholders == ("name", "day")
    assert parse("Thank you.").placeholders == ()


def test_a_filled_template_has_the_words_in_every_place() -> None:
    filled = fill(parse(DEAR), {"name": "Anna", "day": "Friday"})
    assert filled == "Dear Anna,\n\nI answer by Friday, Anna."


def test_the_case_and_the_spaces_of_a_placeholder_do_not_matter() -> None:
    template = parse("{ First  Name } {first name}")
    assert template.placeholders == ("first name",)
    assert fill(template, {"FIRST NAME": "Zoë"}) == "Zoë Zoë"


@pytest.mark.parametrize("name", ["naïve", "שם", "नाम", "day_2", "due-day"])
def test_a_placeholder_may_be_named_in_any_language(name: str) -> None:
    assert fill(parse(f"<{{{name}}}>"), {name: "x"}) == "<x>"


@pytest.mark.parametrize(
    ("text", "filled"),
    [("{{name}}", "{name}"), ("{{{name}}}", "{Anna}"), ("}}{{", "}{"), ("{{}}{name}", "{}Anna")],
)
def test_a_brace_that_is_meant_is_written_twice(text: str, filled: str) -> None:
    template = parse(text)
    assert fill(template, dict.fromkeys(template.placeholders, "Anna")) == filled


@pytest.mark.parametrize(
    "text",
    [
        *("", " \n", "{", "a } b", "{}", "{ }", "{name", "{na{me}", "{2}", "{a.b}", "{a!r}"),
        *("{a\nb}", "{" + "x" * 41 + "}", "x" * 40_001, "{name}}", "{0.__class__}", "{🦊}"),
        "{\u202ea}",
    ],
)
def test_a_brace_that_belongs_to_no_placeholder_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InvalidTemplate, match=r"\.$"):
        parse(text)


def test_a_placeholder_that_is_not_offered_is_refused_by_name() -> None:
    assert parse(DEAR, ["Name", "day"]).placeholders == ("name", "day")
    with pytest.raises(UnknownPlaceholder, match="“day”") as refusal:
        parse(DEAR, ["name"])
    assert refusal.value.placeholders == ("day",)


@pytest.mark.parametrize("day", [None, "", "  \n", "\u2003"])
def test_no_text_comes_out_until_every_placeholder_has_words(day: str | None) -> None:
    values = {"name": "Anna"} if day is None else {"name": "Anna", "day": day}
    with pytest.raises(UnfilledTemplate, match="“day”") as refusal:
        fill(parse(DEAR), values)
    assert refusal.value.placeholders == ("day",)


def test_words_for_a_placeholder_that_is_not_there_are_refused() -> None:
    with pytest.raises(UnknownPlaceholder, match="“time”"):
        fill(parse(DEAR), {"name": "Anna", "day": "Friday", "time": "noon"})


@pytest.mark.parametrize("words", ["{day}", "a { b", "}"])
def test_words_cannot_bring_a_placeholder_with_them(words: str) -> None:
    with pytest.raises(UnfilledTemplate, match="brace") as refusal:
        fill(parse(DEAR), {"name": words, "day": "Friday"})
    assert refusal.value.placeholders == ("name",)


def test_a_placeholder_that_was_left_in_a_text_is_named() -> None:
    assert left_in("Dear {Name}, by {day} or {name}. {2} {} {a\nb}") == ("name", "day")
    assert left_in("{" * 1_000_000) == ()
    assert left_in("Dear Anna.") == ()
