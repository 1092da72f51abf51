"""What an instrument is: its words, its options, its scoring, and who said so.

An instrument is data. Each figure that a person may be told carries its source; a figure without
a published source is left out, never guessed. `reading` checks what these types do not rule out.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

MAX_ITEMS = 100
MAX_OPTIONS = 20
MAX_POINTS = 1_000

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000, pattern=r"\S")]
Identifier = Annotated[str, msgspec.Meta(max_length=40, pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z")]
Language = Annotated[
    str, msgspec.Meta(max_length=20, pattern=r"\A[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
]
Points = Annotated[int, msgspec.Meta(ge=0, le=MAX_POINTS)]
Code = Annotated[str, msgspec.Meta(max_length=9, pattern=r"\A[0-9]{1,7}-[0-9]\Z")]
AnswerCode = Annotated[str, msgspec.Meta(max_length=11, pattern=r"\ALA[0-9]{1,7}-[0-9]\Z")]
Sex = Literal["female", "male"]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of an instrument: every member is known, none may be misspelt."""


class Option(_Part, frozen=True, kw_only=True):
    """One answer that a person can give: its words, and the points that it counts.

    Attributes:
        loinc: its LOINC answer code, where that was verified.
    """

    label: Text
    value: Points
    loinc: AnswerCode | None = None


class Item(_Part, frozen=True, kw_only=True):
    """One question.

    Attributes:
        wording: exactly as in the developer's own form.
        options: the name of its list of options.
        role: `scored` items make the total. A `gate` decides whether the others are asked, a
            `functional` item asks what the problems keep a person from; neither counts.
        loinc: its LOINC code, where that was verified.
    """

    id: Identifier
    wording: Text
    options: Identifier
    role: Literal["scored", "gate", "functional"] = "scored"
    loinc: Code | None = None


class Gate(_Part, frozen=True, kw_only=True):
    """An answer with which the instrument is complete, with a total of `total`."""

    item: Identifier
    value: Points
    total: Points = 0


class Missing(_Part, frozen=True, kw_only=True):
    """How many scored items may be unanswered.

    With up to `most` missing, each is taken as the mean of those answered; the sum is rounded to
    the nearest whole number, halves up. With more there is no total. `most` is 0 where no rule is
    published.
    """

    most: Annotated[int, msgspec.Meta(ge=0, le=MAX_ITEMS)]
    source: Text


class Subscale(_Part, frozen=True, kw_only=True):
    """A sum of some of the scored items, which needs an answer to each of them."""

    id: Identifier
    title: Text
    items: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


class Scoring(_Part, frozen=True, kw_only=True):
    """How answers become a total: the sum of the scored items, from `lowest` to `highest`."""

    rule: Literal["sum"]
    lowest: Points
    highest: Points
    missing: Missing
    gate: Gate | None = None
    subscales: tuple[Subscale, ...] = ()


class Band(_Part, frozen=True, kw_only=True):
    """A range of totals that has a name. The bands of an instrument cover all of its range."""

    lowest: Points = msgspec.field(name="from")
    highest: Points = msgspec.field(name="to")
    label: Text
    source: Text


class Cut(_Part, frozen=True, kw_only=True):
    """A total, or a subscale's score, from which a published study counts a screen as positive.

    Attributes:
        of: the subscale; None means the total.
        sex: whom the figure is for; None means everybody.
    """

    id: Identifier
    label: Text
    at_least: Points
    source: Text
    of: Identifier | None = None
    sex: Sex | None = None


class Need(_Part, frozen=True, kw_only=True):
    """So many of these items, each answered with at least so many points."""

    items: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    at_least: Points
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_ITEMS)]


class Pattern(_Part, frozen=True, kw_only=True):
    """Answers that a published rule names, whatever the total: all of its `needs` are met."""

    id: Identifier
    label: Text
    needs: Annotated[tuple[Need, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    source: Text


class SecondLook(_Part, frozen=True, kw_only=True):
    """What to say when every point of a total comes from one item."""

    item: Identifier
    sentence: Text
    source: Text


class Priority(_Part, frozen=True, kw_only=True):
    """An answer that a therapist has to see first, whether or not there is a total."""

    item: Identifier
    at_least: Points
    about: Text


class ReliableChange(_Part, frozen=True, kw_only=True):
    """The least change of the total that is more than the instrument's own error."""

    points: Annotated[int, msgspec.Meta(ge=1, le=MAX_POINTS)]
    source: Text


class Caseness(_Part, frozen=True, kw_only=True):
    """The total from which a service counts a person as a clinical case."""

    at_least: Points
    source: Text


class Source(_Part, frozen=True, kw_only=True):
    """Where something in the file was taken from or checked against.

    Attributes:
        of: what it says.
        text: an address or a citation.
        remark: where it differs, or how well it supports what is here.
    """

    of: Literal["wording", "scoring", "notice", "codes"]
    text: Text
    remark: Text | None = None


class Codes(_Part, frozen=True, kw_only=True):
    """LOINC codes of the whole instrument and of its total, where they were verified."""

    panel: Code | None = None
    total: Code | None = None


class Instrument(_Part, frozen=True, kw_only=True):
    """A self-report instrument.

    Attributes:
        version: of this file; results name it.
        form: which form of the developer's the words are of.
        period: the time that is asked about, in the form's words; None where it names none.
        instructions: what the form says before its questions, if anything.
        stem: the words that each scored item continues.
        wording_status: whether two independent copies of the wording agreed; else `one copy only`;
            `own words` where they were written for this package, and nothing is validated.
        notes: what a therapist should know about these figures.
        notice: the copyright or permission notice, shown wherever the wording is shown.
        verified: the day on which the sources were compared.
    """

    id: Identifier
    title: Text
    version: Identifier
    language: Language
    form: Text
    period: Text | None = None
    instructions: Text | None = None
    stem: Text | None = None
    option_lists: Annotated[
        dict[
            Identifier,
            Annotated[tuple[Option, ...], msgspec.Meta(min_length=2, max_length=MAX_OPTIONS)],
        ],
        msgspec.Meta(min_length=1, max_length=MAX_ITEMS),
    ]
    items: Annotated[tuple[Item, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    scoring: Scoring
    bands: tuple[Band, ...] = ()
    cuts: tuple[Cut, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    second_look: SecondLook | None = None
    priority: Priority | None = None
    reliable_change: ReliableChange | None = None
    caseness: Caseness | None = None
    notes: tuple[Text, ...] = ()
    notice: Text
    wording_status: Literal["two copies agree", "one copy only", "own words"]
    sources: Annotated[tuple[Source, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    loinc: Codes = Codes()
    verified: date

    def options_of(self, item: Item) -> tuple[Option, ...]:
        """Return the options of one of this instrument's items, in the order of the form."""
        return self.option_lists[item.options]

    @property
    def is_in_house(self) -> bool:
        """Whether it was written for this package: its total has no published meaning."""
        return self.wording_status == "own words"

    @property
    def scored(self) -> tuple[Item, ...]:
        """The items that make the total."""
        return tuple(item for item in self.items if item.role == "scored")

    def item(self, item_id: str) -> Item:
        """Return the item with this id, which is one of this instrument's."""
        return next(item for item in self.items if item.id == item_id)

    def __repr__(self) -> str:
        """Name the instrument."""
        return f"<Instrument {self.id}>"
