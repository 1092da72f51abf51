from __future__ import annotations

import pickle

import pytest

from e2etherapy.errors import InvalidKey
from e2etherapy.primitives.octets import Octets, SecretOctets


class Wide(Octets):
    SIZE = 48
    __slots__ = ()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_only_the_exact_length_is_taken(size: int) -> None:
    with pytest.raises(InvalidKey, match="32 bytes"):
        Octets(bytes(size))


def test_a_subclass_has_its_own_length() -> None:
    assert len(Wide(bytes(48))) == 48
    with pytest.raises(InvalidKey, match="Wide takes 48 bytes"):
        Wide(bytes(32))


def test_public_octets_are_bytes_that_pickle_with_their_type() -> None:
    value = Wide(bytes(range(48)))
    again = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    assert type(again) is Wide
    assert again == value == bytes(range(48))


def test_what_is_cut_from_a_secret_is_plain_bytes_and_so_must_be_taken_care_of() -> None:
    secret = SecretOctets(bytes(range(32)))
    assert type(secret[:16]) is bytes
    assert type(bytes(secret)) is bytes


def test_no_further_attribute_can_be_put_on_octets() -> None:
    with pytest.raises(AttributeError):
        SecretOctets(bytes(32)).note = "x"  # type: ignore[attr-defined]
