from __future__ import annotations

import hashlib
import struct

import msgspec
import pytest

from e2etherapy.errors import InvitationMismatch, MalformedData
from e2etherapy.primitives import aead
from e2etherapy.primitives.kdf import derive
from e2etherapy.session import invitation
from e2etherapy.session.invitation import LinkKeys
from e2etherapy.wire.invitation import MAX_BUNDLE_SIZE, Bundle, LinkSecret
from tests.support.people import meet, seeded

BUNDLE = meet().bundle
SECRET = BUNDLE.secret()


def sealed_by_holder(
    packed: bytes, length: int | None = None, secret: LinkSecret = SECRET
) -> bytes:
    """Return what somebody who knows the link could leave at the relay instead of the bundle."""
    key = LinkKeys.from_secret(secret).bundle_key
    size = len(packed) if length is None else length
    plaintext = (struct.pack(">I", size) + packed).ljust(16_344, b"\x00")
    return bytes(24) + aead.seal(key, bytes(24), plaintext, b"e2etherapy/1/bundle\x00")


def of_size(size: int) -> Bundle:
    """Return a bundle of that many bytes."""
    missing = size - len(BUNDLE.pack())
    first, second = missing // 2, missing - missing // 2
    overhead = len(',"credential":""'), len(',"log_proof":""')
    details = msgspec.structs.replace(
        BUNDLE.details,
        credential="c" * (first - overhead[0]),
        log_proof="p" * (second - overhead[1]),
    )
    return Bundle(
        BUNDLE.identity,
        BUNDLE.one_time,
        BUNDLE.ratchet_x25519,
        BUNDLE.kem,
        BUNDLE.ratchet_kem,
        details,
    )


def test_the_four_values_of_a_link_are_those_of_the_specification() -> None:
    okm = derive("invitation", salt=b"", ikm=SECRET, length=128)
    keys = LinkKeys.from_secret(SECRET)
    values = (keys.locator, keys.bundle_key, keys.outer_key, keys.pre_shared_key)
    assert b"".join(values) == okm
    assert len({bytes(value) for value in values}) == 4


def test_a_sealed_bundle_opens_with_its_link() -> None:
    sealed = invitation.seal_bundle(BUNDLE, seeded("nonce"))
    assert len(sealed) == 16_384
    assert invitation.open_bundle(SECRET, sealed) == BUNDLE


def test_a_sealed_bundle_shows_nothing_and_is_sealed_differently_each_time() -> None:
    draw = seeded("nonce")
    one, two = (invitation.seal_bundle(BUNDLE, draw) for _ in range(2))
    assert one[:24] != two[:24]
    for value in (b"Quill", BUNDLE.identity, BUNDLE.details.ticket, bytes(SECRET)):
        assert value not in one


def test_the_largest_bundle_fits_and_one_byte_more_does_not() -> None:
    largest = of_size(MAX_BUNDLE_SIZE)
    assert len(largest.pack()) == MAX_BUNDLE_SIZE
    sealed = invitation.seal_bundle(largest, seeded("nonce"))
    assert invitation.open_bundle(largest.secret(), sealed) == largest
    with pytest.raises(MalformedData, match="shorten"):
        invitation.seal_bundle(of_size(MAX_BUNDLE_SIZE + 1), seeded("nonce"))


@pytest.mark.parametrize(
    "sealed",
    [
        b"",
        bytes(16_383),
        bytes(16_384),
        bytes(16_385),
        invitation.seal_bundle(BUNDLE, seeded("nonce"))[:-1],
        sealed_by_holder(meet("other").bundle.pack()),
        sealed_by_holder(b""),
        sealed_by_holder(BUNDLE.pack(), 0),
        sealed_by_holder(BUNDLE.pack(), len(BUNDLE.pack()) + 1),
        sealed_by_holder(BUNDLE.pack(), 2**32 - 1),
        sealed_by_holder(BUNDLE.pack() + b"more", len(BUNDLE.pack())),
    ],
)
def test_whatever_is_not_what_the_link_names_is_one_and_the_same_error(sealed: bytes) -> None:
    with pytest.raises(InvitationMismatch, match="something else"):
        invitation.open_bundle(SECRET, sealed)


def test_a_link_that_names_something_else_than_a_bundle_is_the_same_error() -> None:
    garbage = b"not a bundle"
    secret = LinkSecret(hashlib.sha256(garbage).digest())
    with pytest.raises(InvitationMismatch, match="something else"):
        invitation.open_bundle(secret, sealed_by_holder(garbage, secret=secret))


def test_another_link_opens_nothing() -> None:
    sealed = invitation.seal_bundle(BUNDLE, seeded("nonce"))
    with pytest.raises(InvitationMismatch):
        invitation.open_bundle(meet("other").bundle.secret(), sealed)
