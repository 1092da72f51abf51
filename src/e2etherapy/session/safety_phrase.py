"""Six words that both people compare by voice or in person (docs/protocol.md, section 10)."""

from __future__ import annotations

from functools import cache

from mnemonic import Mnemonic

from e2etherapy.primitives.dh import X25519Public
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.passwords import SAFETY_PHRASE, stretch
from e2etherapy.session.handshake import Transcript

WORDS = 6
_BITS_PER_WORD = 11


@cache
def _word_list() -> tuple[str, ...]:
    return tuple(Mnemonic("english").wordlist)


def safety_phrase(
    client: X25519Public, therapist: X25519Public, transcript: Transcript
) -> tuple[str, ...]:
    """Return six words of the BIP-39 English list: 66 bits of a stretched hash.

    Argon2id makes each attempt to find another pair of identities with the same words cost
    64 MiB and three passes; the salt is the transcript's own hash, since both sides must come to
    the same words with nothing more to exchange.
    """
    secret = labelled("safety-phrase", client, therapist, transcript)
    salt = labelled("safety-phrase-salt", transcript)
    bits = int.from_bytes(stretch(secret, salt, SAFETY_PHRASE), "big") >> (
        256 - WORDS * _BITS_PER_WORD
    )
    words = _word_list()
    indexes = [(bits >> (_BITS_PER_WORD * place)) & 0x7FF for place in reversed(range(WORDS))]
    return tuple(words[index] for index in indexes)
