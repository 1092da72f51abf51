"""Two people, one link, one shared root: PQXDH's shape with one-time keys only.

    DH1 = X25519(client identity,  therapist one-time)
    DH2 = X25519(client ephemeral, therapist identity)
    DH3 = X25519(client ephemeral, therapist one-time)
    root 32 | header key 32
        = HKDF(salt = psk, ikm = DH1 | DH2 | DH3 | SS, info = label | transcript)

The transcript covers every public value in order, the KEM key among them: leaving it out allows
re-encapsulation (docs/protocol.md, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from e2etherapy.primitives import dh
from e2etherapy.primitives.dh import X25519Public, X25519Secret
from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.kdf import derive
from e2etherapy.primitives.kem import (
    Kem768Secret,
    Kem1024Ciphertext,
    Kem1024Secret,
    KemShared,
)
from e2etherapy.primitives.octets import Octets
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session.invitation import PreSharedKey
from e2etherapy.session.skipped_keys import HeaderKey
from e2etherapy.session.turn import RootKey
from e2etherapy.wire.envelope import OPENING_SIZE
from e2etherapy.wire.invitation import Bundle, BundleDetails


class Transcript(Octets):
    """SHA-256 over L and every public value of the handshake in order, 32 bytes."""

    __slots__ = ()


class OpeningValues(NamedTuple):
    """What the client shows in each opening envelope: 32 + 32 + 1,568 bytes."""

    identity: X25519Public
    ephemeral: X25519Public
    ciphertext: Kem1024Ciphertext

    def pack(self) -> bytes:
        """Return the 1,632 bytes."""
        return b"".join(self)

    @classmethod
    def unpack(cls, data: bytes) -> OpeningValues:
        """Read 1,632 bytes.

        Raises:
            InvalidKey: another length, or a public key of low order.
        """
        return cls(
            X25519Public(data[:32]),
            X25519Public(data[32:64]),
            Kem1024Ciphertext(data[64:OPENING_SIZE] if len(data) == OPENING_SIZE else b""),
        )


@dataclass(frozen=True, slots=True)
class OneTimeSecrets:
    """The therapist's secrets behind one bundle; deleted when its opening was accepted."""

    one_time: X25519Secret
    ratchet_x25519: X25519Secret
    kem: Kem1024Secret
    ratchet_kem: Kem768Secret

    @classmethod
    def generate(cls, entropy: Entropy) -> OneTimeSecrets:
        """Draw four key pairs: 32, 32, 64 and 64 bytes of entropy."""
        return cls(
            X25519Secret.generate(entropy),
            X25519Secret.generate(entropy),
            Kem1024Secret(entropy(Kem1024Secret.SIZE)),
            Kem768Secret(entropy(Kem768Secret.SIZE)),
        )

    def bundle(self, identity: X25519Public, details: BundleDetails) -> Bundle:
        """Return the public side (docs/protocol.md, section 3.1)."""
        return Bundle(
            identity,
            self.one_time.public(),
            self.ratchet_x25519.public(),
            self.kem.public(),
            self.ratchet_kem.public(),
            details,
        )


class Agreed(NamedTuple):
    """The handshake's result, the same on both sides: 32 bytes each."""

    transcript: Transcript
    root: RootKey
    header_key: HeaderKey


def begin(bundle: Bundle, psk: PreSharedKey, entropy: Entropy) -> tuple[Agreed, OpeningValues]:
    """Take the client's side: draw an identity and an ephemeral key, encapsulate, derive.

    Args:
        bundle: what the therapist made.
        psk: derived from the link, 32 bytes.
        entropy: source of both keys; the encapsulation draws its own.

    Returns:
        what was agreed, and the values that each opening shows.

    Raises:
        InvalidKey: a key of the bundle is not valid.
    """
    identity = X25519Secret.generate(entropy)
    ephemeral = X25519Secret.generate(entropy)
    shared, ciphertext = bundle.kem.encapsulate()
    values = OpeningValues(identity.public(), ephemeral.public(), ciphertext)
    agreements = (
        dh.agree(identity, bundle.one_time),
        dh.agree(ephemeral, bundle.identity),
        dh.agree(ephemeral, bundle.one_time),
    )
    return _derive(bundle, psk, values, agreements, shared), values


def accept(
    bundle: Bundle,
    psk: PreSharedKey,
    values: OpeningValues,
    identity: X25519Secret,
    secrets: OneTimeSecrets,
) -> Agreed:
    """Take the therapist's side on receipt of an opening.

    Args:
        bundle: what the client was given.
        psk: derived from the link, 32 bytes.
        values: what the opening shows.
        identity: the therapist's identity key.
        secrets: those behind the bundle.

    Raises:
        InvalidKey: a key of the opening gives an all-zero result.
    """
    agreements = (
        dh.agree(secrets.one_time, values.identity),
        dh.agree(identity, values.ephemeral),
        dh.agree(secrets.one_time, values.ephemeral),
    )
    shared = secrets.kem.decapsulate(values.ciphertext)
    return _derive(bundle, psk, values, agreements, shared)


def transcript_of(bundle: Bundle, values: OpeningValues) -> Transcript:
    """Hash L and every public value of the handshake in order, 4,512 bytes in all."""
    return Transcript(
        labelled(
            "transcript",
            bundle.secret(),
            values.identity,
            values.ephemeral,
            bundle.identity,
            bundle.one_time,
            bundle.ratchet_x25519,
            bundle.kem,
            values.ciphertext,
            bundle.ratchet_kem,
        )
    )


def _derive(
    bundle: Bundle,
    psk: PreSharedKey,
    values: OpeningValues,
    agreements: tuple[dh.X25519Shared, ...],
    shared: KemShared,
) -> Agreed:
    transcript = transcript_of(bundle, values)
    okm = derive(
        "handshake",
        salt=psk,
        ikm=b"".join((*agreements, shared)),
        context=transcript,
        length=64,
    )
    return Agreed(transcript, RootKey(okm[:32]), HeaderKey(okm[32:]))
