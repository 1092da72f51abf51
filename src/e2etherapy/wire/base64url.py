"""Unpadded base64url (RFC 4648, section 5) in its one canonical form."""

from __future__ import annotations

import base64
import binascii

from e2etherapy.errors import MalformedData


def encode(data: bytes) -> str:
    """Return `data`, of any length, without padding: 43 characters for 32 bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str, size: int) -> bytes:
    """Return exactly `size` bytes.

    Raises:
        MalformedData: another alphabet, another length, padding, or non-zero spare bits.
    """
    try:
        raw = text.encode("ascii")
        data = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise MalformedData("This is not unpadded base64url.") from None
    if len(data) != size or encode(data) != text:
        raise MalformedData(f"This is not the base64url form of {size} bytes.")
    return data
