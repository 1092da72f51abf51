"""A person's own plan for the hours in which it gets bad: their words under headings of ours.

The headings follow time: what is prepared on a good day, how it begins, the first hour, the worst
of it, and afterwards. They are this project's own, and no published form.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from e2etherapy.errors.therapy import InvalidSafetyPlan
from e2etherapy.therapy import canonical
from e2etherapy.therapy.plain_text import require_words, wrapped
from e2etherapy.wire import notation

MAX_WORDS = 4_000
"""Characters under one heading."""
NOT_WATCHED = (
    "Nobody is alerted by this plan, and nobody watches while it is read. Numbers to call now are "
    "on the crisis card."
)


class Part(StrEnum):
    """The parts of a plan, in the order in which they are shown."""

    PREPARED = "prepared"
    BEGINNING = "beginning"
    FIRST_HOUR = "first_hour"
    COMPANY = "company"
    ASKING = "asking"
    WORST = "worst"
    REMINDER = "reminder"
    AFTERWARDS = "afterwards"


HEADINGS = {
    Part.PREPARED: "On a good day: what I put in order, and what I move out of my reach",
    Part.BEGINNING: "It begins: how I, or others, can tell",
    Part.FIRST_HOUR: "The first hour: what I do then that has carried me before",
    Part.COMPANY: "Not alone: where I go, and who may sit with me without talking about it",
    Part.ASKING: "Saying it: whom I tell, how I reach them, and the words I will use",
    Part.WORST: "If I cannot keep myself safe: whom I call at once, and how I get there",
    Part.REMINDER: "What I want to hear from myself at that moment",
    Part.AFTERWARDS: "The day after: what I leave for later, what does me good, and whom I tell",
}


class SafetyPlan(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What somebody wrote under the headings; a part without words is empty.

    Attributes:
        written: the day on which it was last changed.

    Raises:
        InvalidSafetyPlan: no part has words.
        InvalidWords: the words of a part are too long, begin or end with white space, or hold a
            character that is not seen.
    """

    written: date
    prepared: str = ""
    beginning: str = ""
    first_hour: str = ""
    company: str = ""
    asking: str = ""
    worst: str = ""
    reminder: str = ""
    afterwards: str = ""

    def __post_init__(self) -> None:
        """Refuse what nobody could read in a bad hour."""
        if not any(self.words(part) for part in Part):
            raise InvalidSafetyPlan("There are no words in this plan yet.")
        for part in Part:
            if self.words(part):
                require_words(self.words(part), f"“{HEADINGS[part]}”", MAX_WORDS)

    def words(self, part: Part) -> str:
        """Return what stands under a heading, or an empty text."""
        words: str = getattr(self, part)
        return words

    def __repr__(self) -> str:
        """Name the type, never what was written."""
        return "<SafetyPlan>"


_decoder = msgspec.json.Decoder(SafetyPlan)


def plan(written: date, words: Mapping[str, str]) -> SafetyPlan:
    """Make a plan of what a person typed; white space around it is dropped.

    Args:
        written: today.
        words: by part.

    Raises:
        InvalidSafetyPlan: no part has words, or one is not of a plan.
        InvalidWords: the words of a part are too long, or hold a character that is not seen.
    """
    if not words.keys() <= {str(part) for part in Part}:
        raise InvalidSafetyPlan("A safety plan has no such part.")
    return SafetyPlan(written=written, **{part: typed.strip() for part, typed in words.items()})


def encode(safety_plan: SafetyPlan) -> bytes:
    """Return a plan's JSON in the one notation."""
    return notation.write(safety_plan)


def decode(data: bytes) -> SafetyPlan:
    """Read a plan's JSON.

    Raises:
        MalformedData: it breaks its form, or is written in another way than `encode` would.
    """
    return canonical.read(_decoder, data, "A safety plan breaks its form")


def render(safety_plan: SafetyPlan, width: int) -> str:
    """Return a plan as plain text: the parts that have words, and that nobody is alerted."""
    blocks = [
        [*wrapped(HEADINGS[part], width), *wrapped(safety_plan.words(part), width, "  ")]
        for part in Part
        if safety_plan.words(part)
    ]
    blocks = [wrapped(f"My safety plan, {safety_plan.written}", width), *blocks]
    blocks.append(wrapped(NOT_WATCHED, width))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"
