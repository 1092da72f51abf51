from __future__ import annotations

import msgspec
import pytest

from e2etherapy.errors import EnvelopeRefused, ReplayedEnvelope, WrongPhase
from e2etherapy.primitives import dh
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.kdf import derive
from e2etherapy.session import ratchet
from e2etherapy.session.message import Header, SealedMessage
from e2etherapy.session.ratchet import Ratchet
from e2etherapy.session.skipped_keys import HeaderKey
from e2etherapy.session.turn import OwnTurn, RootKey, root_step
from tests.support.people import TODAY, seeded

BINDING = b"t" * 32
BODY = b"body".ljust(200, b"\x00")
Sent = tuple[bytes, SealedMessage]


class Talk:
    """Two ratchets without a handshake in front of them."""

    def __init__(self) -> None:
        self.draw = seeded("ratchet")
        zero = OwnTurn.generate(self.draw)
        shared = RootKey(self.draw(32)), HeaderKey(self.draw(32))
        self.sides: list[Ratchet] = [
            ratchet.begin_as_client(BINDING, *shared, zero.keys),
            ratchet.begin_as_therapist(BINDING, *shared, zero),
        ]

    def seal(self, author: int, body: bytes = BODY) -> Sent:
        salt = self.draw(32)
        self.sides[author], sealed = ratchet.seal(self.sides[author], salt, body, self.draw)
        return salt, sealed

    def open(self, reader: int, sent: Sent) -> bytes:
        self.sides[reader], body = ratchet.unseal(self.sides[reader], *sent, TODAY)
        return body


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_turns_alternate_and_every_body_arrives(talk: Talk) -> None:
    for turn in range(6):
        author = turn % 2
        for number in range(3):
            body = f"turn {turn}, number {number}".encode()
            assert talk.open(1 - author, talk.seal(author, body)) == body


def test_both_sides_share_root_and_next_header_key_after_each_turn(talk: Talk) -> None:
    seen = set()
    for turn in range(6):
        talk.open(1 - turn % 2, talk.seal(turn % 2))
        client, therapist = talk.sides
        assert client.root == therapist.root
        assert client.next_header_key == therapist.next_header_key
        seen |= {bytes(client.root), bytes(client.next_header_key)}
    assert len(seen) == 12


def test_the_therapist_cannot_speak_before_the_client_s_first_turn(talk: Talk) -> None:
    with pytest.raises(WrongPhase):
        talk.seal(1)


def test_the_previous_length_is_that_of_one_s_own_previous_turn(talk: Talk) -> None:
    lengths = [2, 3, 1, 4, 2]
    seen = []
    for turn, length in enumerate(lengths):
        author = turn % 2
        for _ in range(length):
            talk.open(1 - author, talk.seal(author))
        sending = talk.sides[author].sending
        assert sending is not None
        seen.append(sending.previous_length)
        assert sending.number == length
    assert seen == [0, 0, 2, 3, 1]


def test_a_chain_is_sealed_with_the_header_key_that_the_turn_before_gave(talk: Talk) -> None:
    talk.open(1, talk.seal(0))
    given = talk.sides[1].next_header_key
    talk.seal(1)
    sending = talk.sides[1].sending
    assert sending is not None
    assert sending.header_key == given
    assert talk.sides[1].next_header_key != given


def test_messages_of_three_turns_can_arrive_in_any_order(talk: Talk) -> None:
    first = [talk.seal(0, b"first %d" % n) for n in range(3)]
    talk.open(1, first[1])
    talk.open(0, talk.seal(1))
    second = [talk.seal(0, b"second %d" % n) for n in range(3)]
    talk.open(1, second[2])
    talk.open(0, talk.seal(1))
    third = [talk.seal(0, b"third %d" % n) for n in range(2)]
    order = [third[1], first[2], second[0], third[0], first[0], second[1]]
    expected = [b"third 1", b"first 2", b"second 0", b"third 0", b"first 0", b"second 1"]
    assert [talk.open(1, sent) for sent in order] == expected
    for sent in (*first, *second, *third):
        with pytest.raises(EnvelopeRefused):
            talk.open(1, sent)


def test_one_s_own_messages_are_foreign(talk: Talk) -> None:
    sent = talk.seal(0)
    with pytest.raises(EnvelopeRefused):
        talk.open(0, sent)
    talk.open(1, sent)
    with pytest.raises(ReplayedEnvelope):
        talk.open(1, sent)


def test_another_binding_opens_nothing(talk: Talk) -> None:
    sent = talk.seal(0)
    talk.sides[1] = msgspec.structs.replace(talk.sides[1], binding=b"x" * 32)
    with pytest.raises(EnvelopeRefused):
        talk.open(1, sent)


@pytest.mark.parametrize("place", [0, 23, 24, 31])
def test_every_byte_of_the_salt_is_bound(talk: Talk, place: int) -> None:
    """Only 24 of its bytes are the header's nonce; the others reach the body's key."""
    salt, sealed = talk.seal(0)
    changed = salt[:place] + bytes([salt[place] ^ 1]) + salt[place + 1 :]
    with pytest.raises(EnvelopeRefused):
        talk.open(1, (changed, sealed))


def test_what_stands_between_salt_and_header_is_bound(talk: Talk) -> None:
    salt, sealed = talk.seal(0)
    with pytest.raises(EnvelopeRefused):
        talk.open(1, (salt + b"more", sealed))


def test_a_header_comes_back_as_it_was() -> None:
    own, peer = (OwnTurn.generate(seeded(name)) for name in "ab")
    _, ciphertext = peer.keys.kem.encapsulate()
    header = Header(own.keys.x25519, own.keys.kem, ciphertext, 7, 2**32 - 1)
    assert len(header.pack()) == 2_312
    assert Header.unpack(header.pack()) == header


def test_a_root_step_is_that_of_the_specification() -> None:
    draw = seeded("step")
    author, receiver = OwnTurn.generate(draw), OwnTurn.generate(draw)
    shared, ciphertext = receiver.keys.kem.encapsulate()
    agreement = dh.agree(author.x25519, receiver.keys.x25519)
    root = RootKey(draw(32))
    keys = labelled(
        "turn-keys",
        author.keys.x25519,
        author.keys.kem,
        ciphertext,
        receiver.keys.x25519,
        receiver.keys.kem,
    )
    expected = derive(
        "turn", salt=root, ikm=bytes(agreement) + bytes(shared), context=keys, length=96
    )
    step = root_step(root, agreement, shared, (author.keys, receiver.keys), ciphertext)
    assert b"".join(step) == expected
