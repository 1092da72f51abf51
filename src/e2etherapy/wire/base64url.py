"""Unpadded base64url (RFC 4648, section 5) in its one canonical form."""

from __future__ import annotations

import binascii
from typing import Final

from e2etherapy.errors import MalformedData

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/***")
"""What only the padded and the other alphabet have becomes a character that neither has."""


def encode(data: bytes) -> str:
    """Return `data`, of any length, without padding: 43 characters for 32 bytes."""
    return _encode(data).translate(_TO_URL).rstrip(b"=").decode("ascii")


def decode(text: str, size: int) -> bytes:
    """Return exactly `size` bytes.

    Raises:
        MalformedData: another alphabet, another length, padding, or non-zero spare bits.
    """
    try:
        raw = text.encode("ascii").translate(_FROM_URL)
        padded = raw + b"=" * (-len(raw) % 4)
        data = binascii.a2b_base64(padded, strict_mode=True)
    except (ValueError, binascii.Error):
        raise MalformedData("This is not unpadded base64url.") from None
    if len(data) != size or _encode(data) != padded:
        raise MalformedData(f"This is not the base64url form of {size} bytes.")
    return data


def _encode(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False)
