"""What really happened: written down from the transactions that reached a vault's disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from e2etherapy.session import states
from e2etherapy.session.states import Established
from e2etherapy.vault.database import Row, Statement
from e2etherapy.vault.records import Author, Deposit, Errand
from tests.support.hostile_mailbox import digest

_errands: msgspec.msgpack.Decoder[Errand] = msgspec.msgpack.Decoder(Errand)
MESSAGES = frozenset({"text", "attachment"})


class Speaker(NamedTuple):
    """One side of one conversation: whose vault, and the conversation's number in it."""

    person: str
    conversation: int


@dataclass
class Said:
    """One message that its author's vault holds for good.

    Attributes:
        words: what the thread shows of it.
        envelopes: digests of the envelopes that carry it.
    """

    words: str
    envelopes: list[bytes] = field(default_factory=list)


@dataclass
class Ledger:
    """Everything that was committed.

    Attributes:
        said: each speaker's messages in the order of their sequence.
        envelopes: every envelope, by digest.
        author: who made an envelope, by digest.
        speaking: the words of the message that is being sent.
    """

    said: dict[Speaker, list[Said]] = field(default_factory=dict)
    envelopes: dict[bytes, bytes] = field(default_factory=dict)
    author: dict[bytes, Speaker] = field(default_factory=dict)
    speaking: str = ""
    _numbered: dict[tuple[Speaker, int], Said] = field(default_factory=dict)
    """By their sequence: what is long is sealed in several transactions."""
    _turns: dict[Speaker, list[bytes]] = field(default_factory=dict)
    _turn: dict[bytes, int] = field(default_factory=dict)

    def committed(self, person: str, statements: list[Statement]) -> None:
        """Take down one transaction."""
        for sql, rows in statements:
            for row in rows:
                if sql.startswith("INSERT INTO conversation"):
                    self._note_turn(Speaker(person, row[0]), row[6])
                elif sql.startswith("INSERT INTO item") and _is_own_message(row):
                    said = self._numbered[Speaker(person, row[0]), row[2]] = Said(self.speaking)
                    self.said.setdefault(Speaker(person, row[0]), []).append(said)
        for sql, rows in statements:
            if sql.startswith("INSERT INTO outbox"):
                for conversation, errand, sequence in rows:
                    speaker = Speaker(person, conversation)
                    self._note_envelope(speaker, errand, self._numbered.get((speaker, sequence)))

    def turns_behind(self, name: bytes) -> int:
        """Return how many turns its author has begun since this envelope."""
        return len(self._turns[self.author[name]]) - self._turn[name]

    def _note_turn(self, speaker: Speaker, dumped: bytes) -> None:
        state = states.load(dumped)
        turns = self._turns.setdefault(speaker, [])
        if isinstance(state, Established) and state.ratchet.own is not None:
            key = bytes(state.ratchet.own.keys.x25519)
            if state.ratchet.sending is not None and (not turns or turns[-1] != key):
                turns.append(key)

    def _note_envelope(self, speaker: Speaker, packed: bytes, said: Said | None) -> None:
        errand = _errands.decode(packed)
        if isinstance(errand, Deposit):
            name = digest(errand.envelope)
            self.envelopes[name] = errand.envelope
            self.author[name] = speaker
            self._turn[name] = len(self._turns[speaker])
            if said is not None:
                said.envelopes.append(name)


def _is_own_message(item: Row) -> bool:
    _, author, _, _, kind, *_ = item
    return author == Author.OWN.value and kind in MESSAGES
