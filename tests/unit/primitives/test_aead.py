from __future__ import annotations

import pytest

from e2etherapy.errors import AuthenticationFailed
from e2etherapy.primitives import aead

KEY, NONCE = bytes(range(32)), bytes(range(24))


@pytest.mark.parametrize("size", [0, 1, 16, 13_976])
def test_what_was_sealed_is_16_bytes_longer_and_opens(size: int) -> None:
    plaintext = b"w" * size
    sealed = aead.seal(KEY, NONCE, plaintext, b"context")
    assert len(sealed) == size + aead.TAG_SIZE
    assert aead.unseal(KEY, NONCE, sealed, b"context") == plaintext


@pytest.mark.parametrize(
    ("key", "nonce", "associated"),
    [
        (b"\x01" + KEY[1:], NONCE, b"context"),
        (KEY, b"\x01" + NONCE[1:], b"context"),
        (KEY, NONCE[:-1] + b"\x00", b"context"),
        (KEY, NONCE, b"Context"),
        (KEY, NONCE, b""),
    ],
    ids=["key", "nonce's start", "nonce's end", "context", "no context"],
)
def test_another_key_nonce_or_context_opens_nothing(
    key: bytes, nonce: bytes, associated: bytes
) -> None:
    sealed = aead.seal(KEY, NONCE, b"words", b"context")
    with pytest.raises(AuthenticationFailed):
        aead.unseal(key, nonce, sealed, associated)


@pytest.mark.parametrize("size", range(16))
def test_what_is_shorter_than_a_tag_is_refused(size: int) -> None:
    with pytest.raises(AuthenticationFailed):
        aead.unseal(KEY, NONCE, bytes(size), b"")


@pytest.mark.parametrize(("key", "nonce"), [(KEY[:31], NONCE), (KEY, NONCE[:23]), (b"", b"")])
def test_a_caller_s_wrong_length_is_an_error_and_never_padded(key: bytes, nonce: bytes) -> None:
    with pytest.raises((TypeError, ValueError)):
        aead.seal(key, nonce, b"words", b"")
