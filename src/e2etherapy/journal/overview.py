"""What stands beside a book: what holds after all of it, in sections, as pages and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from e2etherapy.journal.shown import visible, visible_line

FORMAT = 1


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was said.

    Attributes:
        what: a sentence.
        when: UTC, if it has a moment.
        words: what somebody wrote, as it is.
        data: more of it for a program.
    """

    what: str
    when: datetime | None = None
    words: str = ""
    data: dict[str, str | int | date | datetime | list[int | None] | None] = {}

    def __repr__(self) -> str:
        """Name the type only."""
        return "<Line>"

    @property
    def shown_when(self) -> str:
        """The moment as it is read."""
        return f"{self.when:%Y-%m-%d %H:%M:%S} UTC" if self.when else ""


class Part(msgspec.Struct, frozen=True):
    """Lines under a title."""

    title: str
    lines: tuple[Line, ...]


class _File(msgspec.Struct, frozen=True):
    format: int
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, of one conversation."""

    title: str
    parts: tuple[Part, ...]

    def json(self) -> bytes:
        """Return it for a program."""
        return msgspec.json.format(
            msgspec.json.encode(_File(FORMAT, self.title, self.parts)), indent=1
        )

    def text(self) -> bytes:
        """Return it as plain text."""
        title = visible_line(self.title)
        blocks = [f"{title}\n{'=' * len(title)}"]
        blocks += [block for part in self.parts for block in _blocks(part)]
        return ("\n\n".join(blocks) + "\n").encode()


def _blocks(part: Part) -> Sequence[str]:
    title = visible_line(part.title)
    return [f"{title}\n{'-' * len(title)}", *(_block(line) for line in part.lines)]


def _block(line: Line) -> str:
    head = "  ".join(word for word in (line.shown_when, visible(line.what)) if word)
    words = textwrap.indent(visible(line.words), "    ", lambda _: True) if line.words else ""
    return "\n".join(block for block in (head, words) if block)
