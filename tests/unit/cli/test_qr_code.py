"""What is drawn is the code of the link, with a margin, in lines that fit."""

from __future__ import annotations

import re

import pytest
import segno

from e2etherapy.cli import qr_code

LINK = f"e2etherapy://relay.example/#{'A' * 43}"
LONGER = f"e2etherapy://relay.of-a-practice.example/#{'A' * 43}"
BLACK_ON_WHITE, RESET = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def seen(text: str, *, foreground_is_dark: bool) -> list[list[bool]]:
    """Return the dark modules that a camera sees, row by row, without the margin."""
    rows: list[list[bool]] = []
    for line in text.split("\n"):
        halves = [HALVES[sign] for sign in line]
        rows += [[bool(half[at]) == foreground_is_dark for half in halves] for at in (0, 1)]
    dark = [row for row in rows if any(row)]
    first = min(row.index(True) for row in dark)
    last = max(len(row) - row[::-1].index(True) for row in dark)
    return [row[first:last] for row in dark]


def expected(link: str) -> list[list[bool]]:
    return [[bool(module) for module in row] for row in segno.make_qr(link).matrix]


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("link", [LINK, LONGER.replace("of-a-practice.", "")])
def test_a_camera_sees_the_code_dark_on_light(link: str, columns: int) -> None:
    lines = qr_code.drawn(link, columns, colours=True).split("\n")
    assert all(line.startswith(BLACK_ON_WHITE) and line.endswith(RESET) for line in lines)
    plain = [line.removeprefix(BLACK_ON_WHITE).removesuffix(RESET) for line in lines]
    assert {len(line) for line in plain} == {min(41, columns - 1)}
    assert seen("\n".join(plain), foreground_is_dark=True) == expected(link)
    assert all(line.startswith("  ") and line.endswith("  ") for line in plain)


def test_without_colours_it_is_drawn_for_a_dark_terminal() -> None:
    text = qr_code.drawn(LINK, 80, colours=False)
    assert "\x1b" not in text
    assert seen(text, foreground_is_dark=False) == expected(LINK)


@pytest.mark.parametrize(("link", "columns"), [(LINK, 36), (LONGER, 40)])
def test_a_terminal_that_is_too_narrow_gets_a_sentence(link: str, columns: int) -> None:
    said = qr_code.drawn(link, columns, colours=True)
    assert re.fullmatch(r"The QR code needs \d\d columns, and this terminal has \d\d\. .*", said)
    assert link not in said
