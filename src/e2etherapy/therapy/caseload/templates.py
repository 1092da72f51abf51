"""Texts that are written once and filled in for somebody.

A *placeholder* stands in braces, as in "Dear {name}, I answer by {day}."; its name has letters,
digits, spaces, "_" and "-", and its case does not matter. A brace that is meant is written twice.

No text comes out of a template until each of its placeholders has words. What is filled in has no
braces, so that a text never holds a placeholder that somebody would read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from e2etherapy.errors.therapy import InvalidTemplate, UnfilledTemplate, UnknownPlaceholder
from e2etherapy.therapy.plain_text import quoted

MAX_TEMPLATE: Final = 40_000
MAX_PLACEHOLDER: Final = 40
"""Characters."""
HOW: Final = "A placeholder is written like {name}; for a brace that is meant, write {{ or }}."
_MARKS: Final = re.compile(r"\{\{|\}\}|\{([^{}\n]{1,100})\}|[{}]")
_LEFT: Final = re.compile(r"\{([^{}\n]{1,100})\}")
_ESCAPED: Final = {"{{": "{", "}}": "}"}
_JOINING: Final = frozenset(" _-")


@dataclass(frozen=True, slots=True)
class Template:
    """What was parsed.

    Attributes:
        text: as it was written.
        pieces: its words in order, and in between the names of placeholders.
    """

    text: str = field(repr=False)
    pieces: tuple[tuple[str, str | None], ...] = field(repr=False)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names of the placeholders, each once, in the order in which they first stand."""
        return tuple(dict.fromkeys(name for _, name in self.pieces if name is not None))


def parse(text: str, offered: Collection[str] | None = None) -> Template:
    """Read a template.

    Args:
        text: at least one character that is not a space.
        offered: the names that its placeholders may have; None for any.

    Raises:
        InvalidTemplate: it is empty or too long, or a brace in it belongs to no placeholder.
        UnknownPlaceholder: one is not offered.
    """
    if not text.strip():
        raise InvalidTemplate("This template is empty.")
    if len(text) > MAX_TEMPLATE:
        raise InvalidTemplate(f"A template has at most {MAX_TEMPLATE:,} characters.")
    template = Template(text, tuple(_pieces(text)))
    if offered is not None:
        known = {_folded(name) for name in offered}
        _require_none(
            (name for name in template.placeholders if name not in known),
            f"not offered here. There are: {', '.join(sorted(known)) or 'none'}",
        )
    return template


def _pieces(text: str) -> list[tuple[str, str | None]]:
    """Return pairs of words and the placeholder after them; after the last there is none."""
    pieces: list[tuple[str, str | None]] = []
    words, done = "", 0
    for mark in _MARKS.finditer(text):
        words, done = words + text[done : mark.start()], mark.end()
        if mark[0] in _ESCAPED:
            words += _ESCAPED[mark[0]]
        else:
            pieces.append((words, _name(mark[1], mark[0])))
            words = ""
    return [*pieces, (words + text[done:], None)]


def _name(inside: str | None, mark: str) -> str:
    if inside is None:
        raise InvalidTemplate(f"A “{mark}” in this template belongs to no placeholder. {HOW}")
    name = _folded(inside)
    if not _is_name(name):
        raise InvalidTemplate(f"{quoted(inside, MAX_PLACEHOLDER)} cannot be a placeholder. {HOW}")
    return name


def _folded(name: str) -> str:
    return unicodedata.normalize(
        "NFC", " ".join(unicodedata.normalize("NFC", name).split()).casefold()
    )


def _is_name(name: str) -> bool:
    kinds = [unicodedata.category(character)[0] for character in name]
    every = all(
        kind in "LMN" or character in _JOINING for kind, character in zip(kinds, name, strict=True)
    )
    return every and kinds[:1] == ["L"] and len(name) <= MAX_PLACEHOLDER


def fill(template: Template, values: Mapping[str, str]) -> str:
    """Return the text.

    Args:
        template: a parsed one.
        values: the words for each of its placeholders, and for no other.

    Raises:
        UnknownPlaceholder: there are words for a placeholder that the template has not.
        UnfilledTemplate: there are none for one that it has, or they hold a brace.
    """
    words = {_folded(name): value for name, value in values.items()}
    _require_none((name for name in words if name not in template.placeholders), "not in it")
    _require_words(template, words)
    return "".join(
        before if name is None else before + words[name] for before, name in template.pieces
    )


def _require_none(names: Iterable[str], wrong: str) -> None:
    unknown = tuple(names)
    if unknown:
        shown = ", ".join(quoted(name, MAX_PLACEHOLDER) for name in unknown)
        raise UnknownPlaceholder(f"This template is asked for what is {wrong}: {shown}.", unknown)


def _require_words(template: Template, words: Mapping[str, str]) -> None:
    empty = tuple(name for name in template.placeholders if not words.get(name, "").strip())
    if empty:
        shown = ", ".join(quoted(name, MAX_PLACEHOLDER) for name in empty)
        raise UnfilledTemplate(f"There are no words yet for {shown}.", empty)
    braced = tuple(name for name in template.placeholders if set("{}") & set(words[name]))
    if braced:
        shown = ", ".join(quoted(name, MAX_PLACEHOLDER) for name in braced)
        raise UnfilledTemplate(f"There is a brace in the words for {shown}; leave it out.", braced)


def left_in(text: str) -> tuple[str, ...]:
    """Return what in any text looks like a placeholder that nobody filled, each once, in order."""
    found = (_folded(inside) for inside in _LEFT.findall(text))
    return tuple(dict.fromkeys(name for name in found if _is_name(name)))
