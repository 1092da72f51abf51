"""Informed consent: numbered texts, questions on each, and an acceptance that names one exactly.

A text is a file of Markdown. Its first line is a title; after a line "## Questions" follow the
questions, each as

    ### What is asked?
    - [ ] a choice
    - [x] the right one
    > Why, for everybody who chose otherwise.

with an empty line wherever one is wanted. A published text is never changed: what differs, were it
by a comma, is the next version. An acceptance names it by H("consent", the bytes of the file).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated

import msgspec

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import InvalidConsent, InvalidMoment, NotUnderstood, UnknownConsent
from e2etherapy.primitives import digest
from e2etherapy.therapy.due import require_moment
from e2etherapy.therapy.plain_text import wrapped
from e2etherapy.wire import notation

MAX_BYTES = 200_000
MAX_QUESTIONS = 30
FEWEST_CHOICES = 2

_FOLDER = "consent_texts"
_ENDING = ".md"
_NAME = re.compile(r"([a-z]{2,3})-([1-9][0-9]{0,3})", re.ASCII)
_QUESTIONS = "\n## Questions\n"
_ASKED = "### "
_CHOICE = re.compile(r"- \[([ x])\] (\S.*)")
_BECAUSE = "> "


@dataclass(frozen=True, slots=True)
class Question:
    """One question on a text.

    Attributes:
        asked: the question.
        choices: at least two answers.
        right: the place of the right one, from 0.
        explanation: why, for who chose otherwise.
    """

    asked: str
    choices: tuple[str, ...]
    right: int
    explanation: str


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What somebody agrees to.

    Attributes:
        name: language and version, like en-1.
        title: its first line.
        text: all of it before the questions, as Markdown.
        questions: on it; all must be answered rightly.
        digest: 32 bytes that name the exact file.
    """

    name: str
    title: str
    text: str
    questions: tuple[Question, ...]
    digest: bytes


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That somebody accepted a text; both sides keep it.

    Attributes:
        consent: the name of the text.
        digest: of the exact file.
        accepted: when, UTC, whole seconds.
    """

    consent: Annotated[str, msgspec.Meta(pattern=rf"\A{_NAME.pattern}\Z")]
    digest: Annotated[bytes, msgspec.Meta(min_length=digest.SIZE, max_length=digest.SIZE)]
    accepted: Annotated[datetime, msgspec.Meta(tz=True)]


_decoder = msgspec.json.Decoder(Acceptance)


def names() -> tuple[str, ...]:
    """Return the names of all texts, by language and version."""
    files = (file.name for file in _folder().iterdir() if file.name.endswith(_ENDING))
    return tuple(sorted((file.removesuffix(_ENDING) for file in files), key=_order))


def newest(language: str) -> ConsentText:
    """Return the newest text of a language.

    Raises:
        UnknownConsent: there is none.
    """
    of_language = [name for name in names() if name.partition("-")[0] == language]
    if not of_language:
        raise UnknownConsent("There is no consent text in this language.")
    return named(of_language[-1])


@cache
def named(name: str) -> ConsentText:
    """Return a text by its name, like en-1.

    Raises:
        UnknownConsent: there is none.
    """
    if name not in names():
        raise UnknownConsent("There is no consent text of this name.")
    return parse(name, _folder().joinpath(name + _ENDING).read_bytes())


def _folder() -> Traversable:
    return resources.files(__package__).joinpath(_FOLDER)


def _order(name: str) -> tuple[str, int]:
    language, _, version = name.partition("-")
    return language, int(version)


def parse(name: str, data: bytes) -> ConsentText:
    """Read a text.

    Args:
        name: language and version.
        data: the bytes of its file, 200,000 at most.

    Raises:
        InvalidConsent: the name, the title or the questions do not have their form.
    """
    if not _NAME.fullmatch(name):
        raise InvalidConsent("A consent text is named by language and version, like en-1.")
    if len(data) > MAX_BYTES:
        raise InvalidConsent(f"A consent text has more than {MAX_BYTES:,} bytes.")
    try:
        words = data.decode()
    except UnicodeDecodeError:
        raise InvalidConsent("A consent text is not valid UTF-8.") from None
    text, heading, asked = words.partition(_QUESTIONS)
    title, _, body = text.partition("\n")
    if not title.startswith("# ") or not title[2:].strip() or not body.strip() or not heading:
        raise InvalidConsent("A consent text has a title, a text and questions.")
    return ConsentText(
        name=name,
        title=title[2:].strip(),
        text=text.strip(),
        questions=_questions(asked),
        digest=digest.labelled("consent", data),
    )


def _questions(words: str) -> tuple[Question, ...]:
    before, *asked = f"\n{words}".split(f"\n{_ASKED}")
    if before.strip() or not 1 <= len(asked) <= MAX_QUESTIONS:
        raise InvalidConsent(f"A consent text has from 1 to {MAX_QUESTIONS} questions.")
    return tuple(_question(part.split("\n")) for part in asked)


def _question(lines: Sequence[str]) -> Question:
    asked, *rest = [line.strip() for line in lines if line.strip()] or [""]
    choices = [found for line in rest if (found := _CHOICE.fullmatch(line))]
    because = [line[len(_BECAUSE) :] for line in rest if line.startswith(_BECAUSE)]
    right = [place for place, choice in enumerate(choices) if choice[1] == "x"]
    if not asked or len(choices) < FEWEST_CHOICES or len(right) != 1 or not because:
        raise InvalidConsent("A question has two choices or more, one right, and says why.")
    if len(choices) + len(because) != len(rest):
        raise InvalidConsent("A question holds a line that is no choice and does not say why.")
    return Question(asked, tuple(choice[2] for choice in choices), right[0], " ".join(because))


def accept(text: ConsentText, answers: Sequence[int], now: datetime) -> Acceptance:
    """Accept a text once all questions on it are answered rightly.

    Args:
        text: what was shown.
        answers: the place of the chosen answer, for each question.
        now: UTC, whole seconds.

    Raises:
        NotUnderstood: with the places of the questions whose explanation is to be read.
        InvalidMoment: `now` is not such a moment.
    """
    given = dict(enumerate(answers))
    wrong = tuple(
        place for place, asked in enumerate(text.questions) if given.get(place) != asked.right
    )
    if wrong:
        raise NotUnderstood(
            f"{len(wrong)} of {len(text.questions)} answers are not what the text says. Read why, "
            "and answer again as often as you like.",
            wrong,
        )
    return Acceptance(consent=text.name, digest=text.digest, accepted=require_moment(now))


def accepted_text(acceptance: Acceptance) -> ConsentText:
    """Return the very text that was accepted.

    Raises:
        UnknownConsent: this version of the package does not have it.
        InvalidConsent: it has another one under this name.
    """
    text = named(acceptance.consent)
    if text.digest != acceptance.digest:
        raise InvalidConsent("What was accepted under this name is another text.")
    return text


def encode(acceptance: Acceptance) -> bytes:
    """Return an acceptance's JSON in the one notation."""
    return notation.write(acceptance)


def decode(data: bytes) -> Acceptance:
    """Read an acceptance's JSON.

    Raises:
        MalformedData: it breaks its form, or is written in another way than `encode` would.
    """
    try:
        decoded = _decoder.decode(data)
        require_moment(decoded.accepted)
    except notation.BROKEN as error:
        raise MalformedData(f"An acceptance breaks its form: {notation.problem(error)}.") from None
    except InvalidMoment as error:
        raise MalformedData(f"An acceptance breaks its form. {error}") from None
    notation.require(decoded, data)
    return decoded


def render(text: ConsentText, width: int) -> str:
    """Return a text as plain text, without its questions."""
    return "\n\n".join("\n".join(_block(block, width)) for block in _blocks(text.text)) + "\n"


def _blocks(text: str) -> Iterator[str]:
    return (block.strip("\n") for block in re.split(r"\n\s*\n", text) if block.strip())


def _block(block: str, width: int) -> Iterator[str]:
    """Yield the lines of a heading, a list or a paragraph."""
    if block.startswith("#"):
        yield from wrapped(block.lstrip("# "), width)
        return
    for item in re.split(r"\n(?=- )", block):
        mark = "- " if item.startswith("- ") else ""
        yield from wrapped(" ".join(item.removeprefix(mark).split()), width, mark)
