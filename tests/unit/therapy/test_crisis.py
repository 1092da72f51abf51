from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta

import pytest

from e2etherapy.errors.therapy import InvalidWords, UnknownCountry
from e2etherapy.therapy import crisis
from e2etherapy.therapy.crisis import NOBODY_WATCHES, CrisisCard, OwnLine, card, render
from e2etherapy.therapy.plain_text import cells

CHECKED = date(2026, 11, 27)
SOON = CHECKED + timedelta(days=30)
EU = [
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
]


def numbers(shown: CrisisCard) -> list[str]:
    return [line.number for line in shown.lines]


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("US", ["911", "988"]),
        ("CA", ["911", "988"]),
        ("GB", ["999 or 112", "116 123", "85258"]),
        ("IE", ["999 or 112", "116 123"]),
        ("AU", ["000", "13 11 14"]),
        ("NZ", ["111", "1737"]),
        ("FR", ["112"]),
    ],
)
def test_a_card_has_the_numbers_of_its_country_with_the_emergency_first(
    country: str, expected: list[str]
) -> None:
    assert numbers(card(country, SOON)) == expected


def test_112_is_shown_in_every_country_of_the_european_union() -> None:
    assert len(EU) == 27
    assert all("112" in numbers(card(country, SOON))[0] for country in EU)


def test_every_number_says_when_it_was_checked_and_against_what() -> None:
    for country in crisis.countries():
        for line in card(country, SOON).lines:
            assert line.checked >= CHECKED
            assert "." in line.source


@pytest.mark.parametrize("country", ["US", "FR", "JP", None])
def test_every_card_says_that_nobody_is_watching(country: str | None) -> None:
    shown = card(country, SOON)
    assert shown.statements[0] == NOBODY_WATCHES
    assert "Nobody here is watching." in render(shown, 200)


def test_a_card_says_its_date_and_that_numbers_can_change() -> None:
    text = render(card("IE", SOON), 200)
    assert "Numbers can change." in text
    assert "last checked on 27 November 2026" in text


@pytest.mark.parametrize(
    ("today", "warned"),
    [
        (CHECKED, False),
        (date(2027, 11, 27), False),
        (date(2027, 11, 28), True),
        (date(2040, 1, 1), True),
    ],
)
def test_numbers_older_than_a_year_are_said_to_be_old_before_anything_else(
    today: date, *, warned: bool
) -> None:
    shown = card("US", today)
    assert bool(shown.warnings) == warned
    text = render(shown, 80)
    assert ("THESE NUMBERS ARE OLD" in text) == warned
    if warned:
        assert text.index("THESE NUMBERS ARE OLD") < text.index("911")


def test_a_clock_before_the_check_does_not_make_numbers_fresh() -> None:
    assert "THE DATE OF THIS DEVICE IS WRONG" in card("US", date(2020, 1, 1)).warnings[0]


@pytest.mark.parametrize("country", ["JP", "XX", "Atlantis", "\x1b[2J", "", "x" * 10_000, None])
def test_of_a_country_that_is_not_known_nothing_is_guessed(country: str | None) -> None:
    shown = card(country, SOON)
    assert not shown.lines
    assert shown.to_fill_in
    text = render(shown, 80)
    assert "\x1b" not in text
    assert "Emergency number where I am: ____" in text
    assert not any(character.isdigit() for character in text)


def test_own_entries_stand_behind_the_numbers_or_instead_of_what_is_not_known() -> None:
    own = [OwnLine("Anna, my sister", "+44 20 7946 0000")]
    text = render(card("GB", SOON, own), 80)
    assert text.index("999") < text.index("Anna, my sister: +44 20 7946 0000")
    shown = card("JP", SOON, own)
    assert not shown.to_fill_in
    assert "Anna, my sister: +44 20 7946 0000" in render(shown, 80)
    assert repr(own[0]) == "<OwnLine>"


def test_only_so_many_own_entries_are_shown_that_a_card_stays_one() -> None:
    assert len(card("GB", SOON, [OwnLine("A", "1")] * 100).own) == 20


@pytest.mark.parametrize(("name", "number"), [("", "1"), ("A", ""), ("A\nB", "1"), ("A", "1\x1b")])
def test_an_own_entry_that_could_not_be_read_is_refused(name: str, number: str) -> None:
    with pytest.raises(InvalidWords):
        OwnLine(name, number)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("ie", "IE"),
        (" NZ ", "NZ"),
        ("UK", "GB"),
        ("el", "GR"),
        ("new  zealand", "NZ"),
        ("jp", "JP"),
    ],
)
def test_a_country_is_chosen_by_its_letters_or_its_name(words: str, code: str) -> None:
    assert crisis.country_code(words) == code
    assert card(words, SOON).country == code


@pytest.mark.parametrize("words", ["", "E", "USA", "Atlantis", "1E", "ÖÖ"])
def test_what_is_no_country_is_refused_where_one_is_set(words: str) -> None:
    with pytest.raises(UnknownCountry):
        crisis.country_code(words)


@pytest.mark.parametrize(
    ("locale", "country"),
    [
        ("en_IE.UTF-8", "IE"),
        ("de_DE@euro", "DE"),
        ("pt-BR", "BR"),
        ("zh_Hant_TW.UTF-8", "TW"),
        ("en_GB", "GB"),
        ("C", None),
        ("C.UTF-8", None),
        ("POSIX", None),
        ("en", None),
        ("", None),
        ("en_001", None),
        ("nonsense of any kind", None),
    ],
)
def test_a_locale_names_a_country_or_none(locale: str, country: str | None) -> None:
    assert crisis.country_of_locale(locale) == country
    assert card(None, SOON, locale=locale).country == country


def test_a_country_that_was_taken_from_the_locale_is_said_to_be_that_first() -> None:
    guessed = card(None, SOON, locale="en_US.UTF-8")
    assert guessed.from_locale
    text = render(guessed, 200)
    assert text.index("CHECK THE COUNTRY: United States was taken") < text.index("911")
    chosen = card("IE", SOON, locale="en_US.UTF-8")
    assert not chosen.from_locale
    assert numbers(chosen) == numbers(card("IE", SOON))


@pytest.mark.parametrize("country", [*crisis.countries(), "JP", None])
@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_of_a_card_is_wider_than_the_screen(country: str | None, width: int) -> None:
    lines = render(card(country, date(2030, 1, 1)), width).split("\n")
    assert max(cells(line) for line in lines) <= width


def test_a_number_stays_in_one_piece_on_the_smallest_screen() -> None:
    own = OwnLine("Anna", "+44 20 7946 0000 0000 0000")
    text = render(card("AU", SOON, [own]), 20)
    assert "13 11 14" in text
    assert own.number in text


def test_known_countries_are_listed_by_name() -> None:
    names = list(crisis.countries().values())
    assert names == sorted(names)
    assert crisis.countries()["NZ"] == "New Zealand"


PROGRAM = """
import sys, json
before = set(sys.modules)
from datetime import date
from e2etherapy.therapy import crisis
crisis.render(crisis.card("IE", date(2027, 1, 1)), 60)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_a_card_needs_nothing_but_the_standard_library() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    loaded = json.loads(run.stdout)
    assert "e2etherapy.therapy.crisis" in loaded
    others = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert others == {"e2etherapy"}
    own = {name for name in loaded if name.startswith("e2etherapy.")}
    assert own == {
        "e2etherapy.errors",
        "e2etherapy.errors.therapy",
        "e2etherapy.therapy",
        "e2etherapy.therapy.crisis",
        "e2etherapy.therapy.plain_text",
    }
    assert not {"socket", "asyncio", "ssl", "sqlite3"} & set(loaded)
