"""Two people in a conversation, made from a seed.

ML-KEM encapsulation draws its own randomness inside the cryptographic library, so ciphertexts and
everything derived from them differ from run to run; keys, salts and ids do not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from e2etherapy.mailbox.capabilities import OwnedMailbox, Ticket
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session import conversation, states
from e2etherapy.session.conversation import Opened, Sealed
from e2etherapy.session.states import Conversation, Established, Invited
from e2etherapy.wire.body import ReplyTo
from e2etherapy.wire.content import Text
from e2etherapy.wire.invitation import Bundle, BundleDetails

TODAY = 20_000
"""The day on which conversations begin, unless a test says otherwise."""
LAST_DAY = TODAY + 30
_EPOCH = date(1970, 1, 1)
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def seeded(seed: str) -> Entropy:
    """Return a generator that gives the same bytes for the same seed, never the same twice."""
    drawn = 0

    def draw(length: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(f"{seed}/{drawn}".encode()).digest(length)

    return draw


@dataclass
class Recorder:
    """An entropy source that remembers everything it gave out."""

    source: Entropy
    drawn: list[bytes] = field(default_factory=list)

    def __call__(self, length: int) -> bytes:
        value = self.source(length)
        self.drawn.append(value)
        return value


def details(draw: Entropy, name: str = "Dr. Ada Quill") -> BundleDetails:
    """Return the details of an invitation that is good until `LAST_DAY`."""
    address = OwnedMailbox.generate(draw).address()
    return BundleDetails(
        name=name,
        mailbox=bytes(address.mailbox),
        deposit_key=bytes(address.key),
        ticket=bytes(Ticket(draw(32))),
        expires=_EPOCH + timedelta(days=LAST_DAY),
    )


def text(words: str, sequence: int = 1) -> Text:
    """Return an item whose id follows from its words and its number."""
    item_id = hashlib.sha256(f"{words}/{sequence}".encode()).digest()[:16]
    return Text(id=item_id, sequence=sequence, written=_NOON, text=words)


REPLY_TO = ReplyTo(mailbox=b"m" * 32, deposit_key=b"d" * 32)


def words(opened: Opened) -> str:
    """Return what an opened envelope says."""
    assert opened.body is not None, opened.refusal
    assert isinstance(opened.body.item, Text)
    return opened.body.item.text


@dataclass
class Person:
    """One side of a conversation; `state` moves on only when a step succeeded."""

    state: Conversation
    draw: Entropy
    sent: int = 0

    def seal(self, said: str) -> bytes:
        """Seal a text and return the envelope."""
        sealed = self.try_seal(said)
        self.state = sealed.state
        self.sent += 1
        return sealed.envelope

    def try_seal(self, said: str) -> Sealed:
        """Seal a text without moving on."""
        return conversation.seal(
            self.state, text(said, self.sent + 1), self.draw, reply_to=REPLY_TO
        )

    def open(self, envelope: bytes, today: int = TODAY) -> str:
        """Open an envelope and return its text."""
        opened = conversation.unseal(self.state, envelope, today)
        said = words(opened)
        self.state = opened.state
        return said

    def restart(self) -> None:
        """Forget everything but what is stored."""
        self.state = states.load(states.dump(self.state))

    @property
    def established(self) -> Established:
        """The state after the handshake."""
        assert isinstance(self.state, Established)
        return self.state


@dataclass(frozen=True)
class Pair:
    """A client and a therapist, with what stood between them at the start."""

    client: Person
    therapist: Person
    bundle: Bundle
    invited: Invited


def meet(
    seed: str = "meet",
    *,
    client_entropy: Callable[[Entropy], Entropy] = lambda draw: draw,
    therapist_entropy: Callable[[Entropy], Entropy] = lambda draw: draw,
) -> Pair:
    """Return a client who has joined and a therapist who has invited; nothing is sealed yet."""
    therapist_draw = therapist_entropy(seeded(f"{seed}/therapist"))
    client_draw = client_entropy(seeded(f"{seed}/client"))
    identity = X25519Secret.generate(therapist_draw)
    invited, bundle = conversation.invite(
        identity, details(therapist_draw), LAST_DAY, therapist_draw
    )
    joined = conversation.join(bundle, TODAY, LAST_DAY, client_draw)
    return Pair(Person(joined, client_draw), Person(invited, therapist_draw), bundle, invited)


def talk(pair: Pair, turns: int) -> None:
    """Let each side speak in turn, the client first, one envelope a turn."""
    for turn in range(turns):
        author, reader = (
            (pair.client, pair.therapist) if turn % 2 == 0 else (pair.therapist, pair.client)
        )
        reader.open(author.seal(f"turn {turn + 1}"))


def connected(seed: str = "connected", turns: int = 3) -> Pair:
    """Return two people after some turns; after an odd number the client spoke last."""
    pair = meet(seed)
    talk(pair, turns)
    return pair
