"""Lines break at spaces, by cells, and no character is lost."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from e2etherapy.cli.inert import inert
from e2etherapy.cli.wrapping import prose, shortened, wrapped

TEXTS = {
    "plain": "I slept better this week, and I walked to the lake on four days of seven.",
    "one long word": "https://relay.example/" + "a" * 90,
    "wide": "夜はよく眠れました。湖まで歩いたことが四回ありました。" * 2,
    "combining": "cafe\u0301 " * 30,
    "accents on one letter": "e\u0301\u0323" * 60,
    "families": "👩\u200d👩\u200d👧 🌱 " * 20,
    "right to left": "ישנתי טוב יותר השבוע והלכתי לאגם בארבעה ימים מתוך שבעה " * 2,
    "several lines": "first\n\n  second, indented, and longer than forty cells are\nthird",
    "tabs": "a\tb\tc " * 12,
}


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(text: str, width: int) -> None:
    lines = wrapped(inert(text), width, "  ")
    assert max(map(cell_len, lines)) <= width
    assert all(line.startswith("  ") for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_line_breaks_at_a_space_where_there_is_one() -> None:
    assert wrapped("one two three four", 20, "") == ["one two three four"]
    assert wrapped("one two three four five", 20, "") == ["one two three four", "five"]


def test_an_accent_stays_with_its_letter() -> None:
    lines = wrapped(TEXTS["accents on one letter"], 20, "")
    assert len(lines) == 3
    assert all(line.startswith("e\u0301\u0323") for line in lines)


def test_without_a_terminal_lines_stay_as_they_are() -> None:
    for text in TEXTS.values():
        assert wrapped(text, None) == text.split("\n")


@pytest.mark.parametrize("width", [20, 40, 80])
def test_in_sentences_a_command_stays_whole_and_the_rest_breaks(width: int) -> None:
    command = "e2etherapy --home /home/robin/vault verify 'Dr. Okafor'"
    quoted = "'e2etherapy settings allowance - < allowance.txt'"
    text = f"This is what you can do now: {quoted} first, and after it has been done: {command}"
    lines = prose(text, width).split("\n")
    assert " ".join(lines) == text
    assert any(command in line for line in lines)
    assert any(quoted in line for line in lines)
    assert all(cell_len(line) <= width or "e2etherapy" in line for line in lines)


def test_a_command_takes_the_room_that_it_takes() -> None:
    text = "It goes out ('e2etherapy sync'). Do not send it again; it cannot be taken back."
    for width in range(30, 80):
        assert max(map(len, prose(text, width).split("\n"))) <= width


def test_what_is_indented_stays_so_when_it_is_broken() -> None:
    command = f"e2etherapy --home {'x' * 50} verify Robin"
    assert prose(f"  {command}", 40) == f"  {command}"
    lines = prose(f"      {'word ' * 20}".rstrip(), 40).split("\n")
    assert len(lines) > 1
    assert all(line.startswith("      w") and len(line) <= 40 for line in lines)
    assert prose("e2etherapy 0.1.0 on Python 3.11.7.", 20).count("\n") == 1, "no command"


def test_what_is_styled_and_what_is_no_terminals_stays_as_it_is() -> None:
    styled = f"\x1b[1m{'Dr. Okafor ' * 9}\x1b[0m"
    assert prose(styled, 40) == styled
    assert prose("one two " * 30, None) == "one two " * 30


def test_a_direction_isolate_ends_with_its_part_of_the_line() -> None:
    lines = wrapped(inert("\u2067" + "אבג " * 20), 20, "")
    assert len(lines) > 1
    assert all(line.count("\u2067") == line.count("\u2069") for line in lines)


def test_the_beginning_of_a_line_fits_and_says_that_there_is_more() -> None:
    assert shortened("short", 10) == "short"
    assert shortened("夜はよく眠れました", 10) == "夜はよく …"
    assert shortened("a" * 11, 10) == "a" * 8 + " …"
