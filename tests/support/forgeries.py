"""What a relay can make of the envelopes that it has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from e2etherapy.wire.envelope import ENVELOPE_SIZE
from tests.support.people import seeded


@dataclass(frozen=True)
class Material:
    """Envelopes that the relay has seen, from the point of view of one reader."""

    genuine: list[bytes]
    opened: list[bytes]
    own: list[bytes]
    foreign: list[bytes]


def one_of(envelopes: list[bytes], choice: int) -> list[bytes]:
    return [envelopes[choice % len(envelopes)]] if envelopes else []


def damaged(envelope: bytes, choice: int) -> bytes:
    changed = bytearray(envelope)
    changed[choice % ENVELOPE_SIZE] ^= 1 + choice % 255
    return bytes(changed)


def spliced(envelopes: list[bytes], choice: int) -> list[bytes]:
    """Join the halves of two different envelopes, unless they begin or end alike by chance."""
    place = 1 + choice % (ENVELOPE_SIZE - 1)
    joined = [one[:place] + two[place:] for one, two in pairwise(envelopes)]
    return [envelope for envelope in joined if envelope not in envelopes]


ATTACKS: dict[str, Callable[[Material, int], list[bytes]]] = {
    "repeat": lambda seen, choice: one_of(seen.opened, choice),
    "damage": lambda seen, choice: [damaged(e, choice) for e in one_of(seen.genuine, choice)],
    "splice": lambda seen, choice: spliced(seen.genuine, choice),
    "cut": lambda seen, choice: [e[: choice % ENVELOPE_SIZE] for e in one_of(seen.genuine, choice)],
    "reflect": lambda seen, choice: one_of(seen.own, choice),
    "swap": lambda seen, choice: one_of(seen.foreign, choice),
    "inject": lambda _, choice: [seeded(str(choice))(ENVELOPE_SIZE), bytes(ENVELOPE_SIZE)],
}
