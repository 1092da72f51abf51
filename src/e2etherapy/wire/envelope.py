"""The envelope: always 16,384 bytes, all of it indistinguishable from random.

    message   salt 32 | sealed header 2,328 | commitment 32 | sealed body 13,992
    opening   salt 32 | sealed opening 1,648 | sealed header 2,328 | commitment 32 | body 12,344

Only layout: nothing here can open one, so that the relay may import it (docs/protocol.md,
sections 5 and 6).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from e2etherapy.errors import MalformedData

ENVELOPE_SIZE = 16_384
SALT_SIZE = 32
COMMITMENT_SIZE = 32
TAG_SIZE = 16

HEADER_SIZE = 32 + 1184 + 1088 + 4 + 4
SEALED_HEADER_SIZE = HEADER_SIZE + TAG_SIZE
OPENING_SIZE = 32 + 32 + 1568
SEALED_OPENING_SIZE = OPENING_SIZE + TAG_SIZE

MESSAGE_BODY_SIZE = ENVELOPE_SIZE - SALT_SIZE - SEALED_HEADER_SIZE - COMMITMENT_SIZE - TAG_SIZE
"""Plaintext room of a message: 13,976 bytes."""
OPENING_BODY_SIZE = MESSAGE_BODY_SIZE - SEALED_OPENING_SIZE
"""Plaintext room of an opening: 12,328 bytes."""


class MessageEnvelope(NamedTuple):
    """The four fields of a message: 32, 2,328, 32 and 13,992 bytes."""

    salt: bytes
    sealed_header: bytes
    commitment: bytes
    sealed_body: bytes


class OpeningEnvelope(NamedTuple):
    """The five fields of an opening: 32, 1,648, 2,328, 32 and 12,344 bytes."""

    salt: bytes
    sealed_opening: bytes
    sealed_header: bytes
    commitment: bytes
    sealed_body: bytes


_MESSAGE = struct.Struct(
    f"{SALT_SIZE}s {SEALED_HEADER_SIZE}s {COMMITMENT_SIZE}s {MESSAGE_BODY_SIZE + TAG_SIZE}s"
)
_OPENING = struct.Struct(
    f"{SALT_SIZE}s {SEALED_OPENING_SIZE}s {SEALED_HEADER_SIZE}s {COMMITMENT_SIZE}s"
    f" {OPENING_BODY_SIZE + TAG_SIZE}s"
)


def check_size(envelope: bytes) -> None:
    """Refuse anything that is not 16,384 bytes long.

    Raises:
        MalformedData: another length.
    """
    if len(envelope) != ENVELOPE_SIZE:
        raise MalformedData(f"An envelope has {ENVELOPE_SIZE} bytes.")


def split_message(envelope: bytes) -> MessageEnvelope:
    """Cut an envelope as a message (docs/protocol.md, section 6.1).

    Raises:
        MalformedData: not 16,384 bytes.
    """
    check_size(envelope)
    return MessageEnvelope(*_MESSAGE.unpack(envelope))


def split_opening(envelope: bytes) -> OpeningEnvelope:
    """Cut an envelope as an opening (docs/protocol.md, section 6.2).

    Raises:
        MalformedData: not 16,384 bytes.
    """
    check_size(envelope)
    return OpeningEnvelope(*_OPENING.unpack(envelope))
