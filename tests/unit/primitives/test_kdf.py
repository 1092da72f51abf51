from __future__ import annotations

import hashlib
import itertools

import pytest

from e2etherapy.primitives.digest import labelled, sha256
from e2etherapy.primitives.kdf import MAX_LENGTH, derive, hkdf_sha512


def test_every_input_of_a_derivation_counts() -> None:
    results = {
        derive(purpose, salt=salt, ikm=ikm, context=context, length=32)
        for purpose, salt, ikm, context in itertools.product(
            ("turn", "chain"), (b"", b"salt"), (b"one", b"two"), (b"", b"context")
        )
    }
    assert len(results) == 16


def test_a_purpose_and_its_context_cannot_be_confused() -> None:
    one = derive("turn", salt=b"", ikm=b"k", context=b"x", length=32)
    assert one != derive("turnx", salt=b"", ikm=b"k", length=32)
    assert one == hkdf_sha512(b"", b"k", b"e2etherapy/1/turn\x00x", 32)


def test_a_longer_output_begins_with_the_shorter_one() -> None:
    long = derive("turn", salt=b"s", ikm=b"k", length=96)
    assert long[:32] == derive("turn", salt=b"s", ikm=b"k", length=32)


def test_no_more_than_the_longest_output_is_given() -> None:
    assert len(hkdf_sha512(b"", b"k", b"", MAX_LENGTH)) == MAX_LENGTH
    with pytest.raises(ValueError, match="derive"):
        hkdf_sha512(b"", b"k", b"", MAX_LENGTH + 1)


def test_a_purpose_is_ascii() -> None:
    with pytest.raises(UnicodeEncodeError):
        derive("tür", salt=b"", ikm=b"k", length=32)
    with pytest.raises(UnicodeEncodeError):
        labelled("tür")


def test_a_labelled_hash_is_sha_256_over_label_and_parts() -> None:
    expected = hashlib.sha256(b"e2etherapy/1/mailbox\x00onetwo").digest()
    assert labelled("mailbox", b"one", b"two") == expected
    assert sha256(b"abc").hex().startswith("ba7816bf8f01cfea414140de5dae2223")


def test_labels_keep_equal_inputs_apart() -> None:
    assert len({labelled(purpose, b"key") for purpose in ("a", "b", "ab", "")}) == 4
