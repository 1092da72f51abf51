"""Seal and open one message: ours, two other ratchets, and the sum of our own primitives.

Ours has a KEM in every turn, encrypts headers and pads each message to 16,384 bytes; the others do
none of it. Beside them stands our ratchet, which like them takes bytes and gives bytes; and the
whole conversation, which also writes and reads the JSON of an item and keeps phases. Only the
protocol is timed, no disk: a state is a value, and each step returns a new one. It stays in
memory, or, as in the vault, becomes bytes and is read again between any two steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from benchmarks.peers.ratchets import AesGcm, DoubleRatchetPair, OlmPair, OwnAead
from benchmarks.primitive_sums import PrimitiveSum
from benchmarks.results import Row, interleaved
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.session import conversation, ratchet, states
from e2etherapy.session.ratchet import SealedMessage
from e2etherapy.session.states import Conversation, Established
from e2etherapy.wire import content, envelope
from e2etherapy.wire.content import ReplyTo, Text
from e2etherapy.wire.invitation import BundleDetails

OURS = "e2etherapy"
WHOLE = "e2etherapy, with items"
SUM = "its primitives"
TITLE = "Seal + open (a full turn has new X25519 and ML-KEM-768 keys)"
ROUNDS = 60
CALLS = 20
_TODAY = 20_000
_LAST_DAY = _TODAY + 14
_WRITTEN = datetime(2026, 1, 1, 12, tzinfo=UTC)
_REPLY_TO = ReplyTo(mailbox=bytes(32), deposit_key=bytes(32))
_SENTENCE = "I slept better this week, and wrote it down. "


class OurPair:
    """A client and a therapist past their opening."""

    def __init__(self, words: str) -> None:
        self._item = _text(words)
        self._author, self._reader = _met()
        self.turns(4)

    def turns(self, count: int) -> None:
        """Seal and open `count` times, each time with the other one as the author."""
        for _ in range(count):
            self._author, self._reader = self._reader, self._author
            self.chain(1)

    def chain(self, count: int) -> None:
        """Seal and open `count` times with the same author."""
        for _ in range(count):
            sealed = conversation.seal(self._author, self._item, system_entropy, reply_to=_REPLY_TO)
            self._author = sealed.state
            opened = conversation.unseal(self._reader, sealed.envelope, _TODAY)
            self._reader = opened.state
            assert opened.body is not None
            assert opened.body.item == self._item

    def stored_turns(self, count: int) -> None:
        """Do the same as `turns`, with the state stored after each step and loaded before it."""
        for _ in range(count):
            self._author, self._reader = _again(self._author), _again(self._reader)
            self.turns(1)


class OurRatchetPair:
    """The ratchets of a client and a therapist past their opening: bytes in, bytes out."""

    def __init__(self, plaintext: bytes) -> None:
        self._body = content.pad_body(plaintext, envelope.MESSAGE_BODY_SIZE)
        client, therapist = _met()
        assert isinstance(client, Established)
        assert isinstance(therapist, Established)
        self._author, self._reader = client.ratchet, therapist.ratchet
        self.turns(4)

    def turns(self, count: int) -> None:
        """Seal and open `count` times, each time with the other one as the author."""
        for _ in range(count):
            self._author, self._reader = self._reader, self._author
            self.chain(1)

    def chain(self, count: int) -> None:
        """Seal and open `count` times with the same author."""
        for _ in range(count):
            salt = system_entropy(envelope.SALT_SIZE)
            self._author, sealed = ratchet.seal(self._author, salt, self._body, system_entropy)
            sent = b"".join((salt, *sealed))
            parts = envelope.split_message(sent)
            arrived = SealedMessage(*parts[1:])
            self._reader, body = ratchet.unseal(self._reader, parts.salt, arrived, _TODAY)
            assert body == self._body


def _again(state: Conversation) -> Conversation:
    return states.load(states.dump(state))


def _met() -> tuple[Conversation, Conversation]:
    """Return a client who has said something and a therapist who has opened it."""
    details = BundleDetails(
        name="Dr. Quill",
        mailbox=system_entropy(32),
        deposit_key=system_entropy(32),
        ticket=system_entropy(32),
        expires=date(2024, 10, 18),
    )
    identity = X25519Secret.generate(system_entropy)
    invited, bundle = conversation.invite(identity, details, _LAST_DAY, system_entropy)
    joined = conversation.join(bundle, _TODAY, _LAST_DAY, system_entropy)
    first = conversation.seal(joined, _text("Hello."), system_entropy, reply_to=_REPLY_TO)
    return first.state, conversation.unseal(invited, first.envelope, _TODAY).state


def _text(words: str) -> Text:
    return Text(id=system_entropy(16), sequence=1, written=_WRITTEN, text=words)


def _filling_words() -> str:
    """Return words that fill an envelope to its last byte."""
    room = envelope.MESSAGE_BODY_SIZE - len(content.pack_body(_text("")))
    return (_SENTENCE * 400)[:room]


def run() -> list[Row]:
    """Measure full turns and further messages of a turn, with a filled envelope and with 1 KB."""
    loop = asyncio.new_event_loop()
    try:
        whole = _filling_words()
        goals = {SUM: "<= 1.15", "doubleratchet": "<= 1"}
        # What is short is padded all the same: that hides its length, and no peer does it.
        return [*_compare(loop, whole, goals), *_compare(loop, whole[:1000], {})]
    finally:
        loop.close()


def _compare(loop: asyncio.AbstractEventLoop, words: str, goals: dict[str, str]) -> list[Row]:
    plaintext = words.encode()
    size = f"{len(plaintext) / 1000:.1f} KB"
    ours, sums, whole = OurRatchetPair(plaintext), PrimitiveSum(), OurPair(words)
    own_aead = DoubleRatchetPair(loop, OwnAead, plaintext)
    aes_gcm = DoubleRatchetPair(loop, AesGcm, plaintext)
    olm = OlmPair(plaintext)
    turns = {
        OURS: ours.turns,
        SUM: sums.turns,
        WHOLE: whole.turns,
        "doubleratchet": own_aead.turns,
        "doubleratchet, AES-GCM": aes_gcm.turns,
        "vodozemac": olm.turns,
    }
    chains = {
        OURS: ours.chain,
        SUM: sums.chain,
        WHOLE: whole.chain,
        "doubleratchet": own_aead.chain,
        "doubleratchet, AES-GCM": aes_gcm.chain,
        "vodozemac": olm.chain,
    }
    stored = {
        WHOLE: whole.stored_turns,
        "doubleratchet": own_aead.stored_turns,
        "doubleratchet, AES-GCM": aes_gcm.stored_turns,
        "vodozemac": olm.stored_turns,
    }
    return [
        *_rows(f"full turn, {size}", turns, goals),
        *_rows(f"full turn, state stored and loaded, {size}", stored, {}),
        *_rows(f"same turn, {size}", chains, {}),
    ]


def _rows(
    what: str, contenders: Mapping[str, Callable[[int], object]], goals: dict[str, str]
) -> list[Row]:
    timings = interleaved(contenders, ROUNDS, CALLS)
    ours, *others = contenders
    rows = [Row(f"{what}: {ours}", timings.median(ours) * 1e6, "us")]
    for name in others:
        figure, ratio = timings.median(name) * 1e6, timings.ratio(ours, name)
        rows.append(Row(f"{what}: {name}", figure, "us", name, ratio, goals.get(name, "")))
    return rows
