from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from mnemonic import Mnemonic

from e2etherapy.primitives.dh import X25519Public, X25519Secret
from e2etherapy.session.handshake import Transcript
from e2etherapy.session.safety_phrase import WORDS, safety_phrase
from tests.support.people import connected, seeded


@pytest.fixture(scope="module")
def inputs() -> tuple[X25519Public, X25519Public, Transcript]:
    draw = seeded("phrase")
    client, therapist = (X25519Secret.generate(draw).public() for _ in range(2))
    return client, therapist, Transcript(draw(32))


def test_both_sides_see_the_same_six_words() -> None:
    pair = connected(turns=2)
    phrases = [
        safety_phrase(person.established.client, person.established.therapist, transcript)
        for person in (pair.client, pair.therapist)
        for transcript in [person.established.transcript]
    ]
    assert phrases[0] == phrases[1]
    assert len(phrases[0]) == WORDS == 6
    assert set(phrases[0]) <= set(Mnemonic("english").wordlist)


def test_every_input_changes_the_words(
    inputs: tuple[X25519Public, X25519Public, Transcript],
) -> None:
    client, therapist, transcript = inputs
    draw = seeded("another")
    other = X25519Secret.generate(draw).public()
    phrases = {
        safety_phrase(client, therapist, transcript),
        safety_phrase(other, therapist, transcript),
        safety_phrase(client, other, transcript),
        safety_phrase(client, therapist, Transcript(draw(32))),
        safety_phrase(therapist, client, transcript),
    }
    assert len(phrases) == 5


def test_the_words_are_those_of_the_specification(
    inputs: tuple[X25519Public, X25519Public, Transcript],
) -> None:
    """Computed from its section 10 with another implementation of Argon2id."""
    client, therapist, transcript = inputs
    bits = Argon2id(
        salt=hashlib.sha256(b"e2etherapy/1/safety-phrase-salt\x00" + transcript).digest(),
        length=32,
        iterations=3,
        lanes=4,
        memory_cost=65_536,
    ).derive(
        hashlib.sha256(b"e2etherapy/1/safety-phrase\x00" + client + therapist + transcript).digest()
    )
    first = "".join(f"{byte:08b}" for byte in bits)[:66]
    words = Mnemonic("english").wordlist
    expected = tuple(words[int(first[start : start + 11], 2)] for start in range(0, 66, 11))
    assert safety_phrase(client, therapist, transcript) == expected
