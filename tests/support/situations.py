"""The situations in which an envelope can meet a conversation, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.support.people import Pair, Person, connected, meet


class Situation(NamedTuple):
    """A reader, and the author of a genuine envelope that the reader has not opened yet."""

    reader: Person
    author: Person
    genuine: bytes
    pair: Pair


def _first_opening() -> Situation:
    pair = meet("first opening")
    return Situation(pair.therapist, pair.client, pair.client.seal("genuine"), pair)


def _further_opening() -> Situation:
    pair = meet("further opening")
    pair.therapist.open(pair.client.seal("first"))
    return Situation(pair.therapist, pair.client, pair.client.seal("genuine"), pair)


def _opening_after_answering() -> Situation:
    pair = meet("opening after answering")
    pair.therapist.open(pair.client.seal("first"))
    pair.therapist.seal("answer")
    return Situation(pair.therapist, pair.client, pair.client.seal("genuine"), pair)


def _first_answer() -> Situation:
    pair = connected("first answer", turns=1)
    return Situation(pair.client, pair.therapist, pair.therapist.seal("genuine"), pair)


def _next_turn() -> Situation:
    pair = connected("next turn", turns=5)
    return Situation(pair.client, pair.therapist, pair.therapist.seal("genuine"), pair)


def _same_turn() -> Situation:
    pair = connected("same turn", turns=4)
    return Situation(pair.client, pair.therapist, pair.therapist.seal("genuine"), pair)


def _overtaken() -> Situation:
    """The genuine envelope was overtaken within its turn: its secret is a kept one."""
    pair = connected("overtaken", turns=4)
    genuine = pair.therapist.seal("genuine")
    pair.client.open([pair.therapist.seal("later") for _ in range(3)][-1])
    return Situation(pair.client, pair.therapist, genuine, pair)


def _from_an_old_turn() -> Situation:
    """The genuine envelope was overtaken by two turns; several chains are known."""
    pair = connected("old turn", turns=4)
    genuine = pair.therapist.seal("genuine")
    for _ in range(2):
        pair.therapist.open(pair.client.seal("question"))
        pair.client.open([pair.therapist.seal("answer") for _ in range(2)][-1])
    pair.client.seal("a turn of one's own")
    return Situation(pair.client, pair.therapist, genuine, pair)


SITUATIONS: dict[str, Callable[[], Situation]] = {
    "first opening": _first_opening,
    "further opening": _further_opening,
    "opening after answering": _opening_after_answering,
    "first answer": _first_answer,
    "next turn": _next_turn,
    "same turn": _same_turn,
    "overtaken": _overtaken,
    "from an old turn": _from_an_old_turn,
}
