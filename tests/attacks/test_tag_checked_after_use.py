"""Pitfall: a tag checked after use."""

from __future__ import annotations

import pytest

from e2etherapy.errors import AuthenticationFailed, EnvelopeRefused
from e2etherapy.primitives import aead
from e2etherapy.session import conversation, states
from e2etherapy.wire.body import Body, unpack_body
from tests.support.hostile import Hostility, craft, replaced
from tests.support.people import TODAY, connected, seeded


class Calls:
    """Counts what is decrypted and what is read; both still happen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.decrypted = 0
        self.read = 0
        self._unseal, self._unpack = aead.unseal, unpack_body
        monkeypatch.setattr(aead, "unseal", self._count_decryption)
        monkeypatch.setattr(conversation, "unpack_body", self._count_reading)

    def _count_decryption(self, key: bytes, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        plaintext = self._unseal(key, nonce, data, associated)
        self.decrypted += 1
        return plaintext

    def _count_reading(self, data: bytes) -> Body:
        self.read += 1
        return self._unpack(data)


@pytest.mark.parametrize("wrong", [bytes(32), seeded("wrong commitment")(32)])
def test_a_wrong_commitment_is_refused_although_every_tag_verifies(wrong: bytes) -> None:
    pair = connected(turns=3)
    forged = craft(
        pair.therapist.established, pair.therapist.draw, Hostility(commitment=lambda _: wrong)
    )
    before = states.dump(pair.client.state)
    with pytest.raises(EnvelopeRefused, match="commitment"):
        conversation.unseal(pair.client.state, forged, TODAY)
    assert states.dump(pair.client.state) == before


@pytest.mark.parametrize("position", range(0, 32, 5))
def test_each_byte_of_the_commitment_counts(position: int) -> None:
    def change(commitment: bytes) -> bytes:
        return replaced(position, bytes([commitment[position] ^ 1]))(commitment)

    pair = connected(turns=3)
    forged = craft(pair.therapist.established, pair.therapist.draw, Hostility(commitment=change))
    with pytest.raises(EnvelopeRefused, match="commitment"):
        conversation.unseal(pair.client.state, forged, TODAY)


def test_the_crafted_envelope_opens_when_its_commitment_is_right() -> None:
    """So that the refusals above are about the commitment and nothing else."""
    pair = connected(turns=3)
    genuine = craft(pair.therapist.established, pair.therapist.draw, Hostility())
    assert pair.client.open(genuine) == "from a hostile peer"


def test_the_body_is_not_decrypted_before_its_commitment_was_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = connected(turns=4)
    forged = craft(
        pair.therapist.established, pair.therapist.draw, Hostility(commitment=lambda _: bytes(32))
    )
    calls = Calls(monkeypatch)
    with pytest.raises(EnvelopeRefused, match="commitment"):
        conversation.unseal(pair.client.state, forged, TODAY)
    assert (calls.decrypted, calls.read) == (1, 0)


def test_nothing_is_read_from_a_body_whose_tag_does_not_verify(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = connected(turns=4)
    genuine = pair.therapist.seal("genuine")
    calls = Calls(monkeypatch)
    with pytest.raises(EnvelopeRefused, match="body"):
        conversation.unseal(pair.client.state, genuine[:-1] + bytes([genuine[-1] ^ 1]), TODAY)
    assert (calls.decrypted, calls.read) == (1, 0)


def test_the_commitment_differs_for_each_salt_and_each_secret() -> None:
    """A body cannot be valid for two secrets, as a tag of Poly1305 alone could be."""
    pair = connected(turns=4)
    envelopes = [pair.therapist.seal("same words") for _ in range(20)]
    assert len({envelope[2360:2392] for envelope in envelopes}) == 20


def test_a_damaged_tag_never_gives_a_plaintext() -> None:
    key, nonce = seeded("key")(32), seeded("nonce")(24)
    sealed = aead.seal(key, nonce, b"words", b"context")
    for position in range(len(sealed)):
        damaged = replaced(position, bytes([sealed[position] ^ 0x80]))(sealed)
        with pytest.raises(AuthenticationFailed):
            aead.unseal(key, nonce, damaged, b"context")
