"""Breaking lines at spaces for a terminal, by the cells that characters take there.

Never where standard output is no terminal: whoever reads it there wants a text as it is.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

from e2etherapy.cli.inert import inert

_NARROWEST = 20
_TAB = 4
_ESCAPE = "\x1b"
_JOINED = "\ue000"  # takes one cell, as the space does that it stands for
_COMMAND = re.compile(r"'e2etherapy [^']*'|e2etherapy [a-z-].*")
_WORD_STARTS = re.compile(r"(?<=\s)(?=\S)")


def terminal_width(stream: TextIO | None = None) -> int | None:
    """Return how many cells a line of standard output has; None where it is no terminal.

    Args:
        stream: another one than standard output.
    """
    stream = stream or sys.stdout
    if not stream.isatty():
        return None
    columns = os.get_terminal_size(stream.fileno()).columns
    return max(columns, _NARROWEST) if columns else None


def prose(text: str, width: int | None) -> str:
    """Return sentences with their lines broken at spaces.

    A command in them stays on one line, however long: it must be possible to copy it. So does a
    line that is styled, and a word that is longer than a line. What is indented stays so.
    """
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _filled(line, width))


def _filled(line: str, width: int) -> list[str]:
    from rich.cells import cell_len

    if _ESCAPE in line or cell_len(line) <= width:
        return [line]
    text = line.lstrip(" ")
    indent = " " * (len(line) - len(text))
    whole = _COMMAND.sub(lambda found: found[0].replace(" ", _JOINED), text)
    parts = [""]
    for word in whole.split(" "):
        longer = f"{parts[-1]} {word}" if parts[-1] else word
        if parts[-1] and cell_len(indent + longer) > width:
            parts.append(word)
        else:
            parts[-1] = longer
    return [indent + part.replace(_JOINED, " ") for part in parts]


def wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    """Return the lines of an inert text, each behind an indent.

    Args:
        text: what `inert` returned.
        width: of the terminal in cells; None leaves lines as long as they are.
        indent: stands before each line.
    """
    lines = text.split("\n")
    if width is not None:
        room = max(width - len(indent), _NARROWEST - len(indent))
        lines = [part for line in lines for part in _broken(line.expandtabs(_TAB), room)]
    return [f"{indent}{line}" for line in lines]


def shortened(text: str, width: int) -> str:
    """Return the beginning of a line that takes at most so many cells, with a sign if more."""
    from rich.cells import cell_len, chop_cells

    if cell_len(text) <= width:
        return text
    return inert(f"{chop_cells(text, max(width - 2, 1))[0]} …")


def _broken(line: str, room: int) -> list[str]:
    """Break a line; direction isolates end with each part, as they do with a line."""
    from rich.cells import cell_len, chop_cells

    parts: list[str] = []
    current = ""
    for word in _WORD_STARTS.split(line):
        if current.strip() and cell_len(current + word.rstrip()) > room:
            parts.append(current.rstrip())
            current = ""
        current += word
        if cell_len(current.rstrip()) > room:
            # A word that is longer than a line: an address, or a language without spaces.
            *whole, current = chop_cells(current, room)
            parts += whole
    return [inert(part) for part in [*parts, current.rstrip()]]
