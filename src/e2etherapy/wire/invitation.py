"""The invitation: a link for a person, and the bundle of one-time keys that it names.

    link     e2etherapy://relay-host[:port]/#<base64url SHA-256(bundle)>
    bundle   identity 32 | one-time 32 | ratchet X25519 32 | ML-KEM-1024 key 1,568
             | ratchet ML-KEM-768 key 1,184 | u32 n | n bytes of JSON

(docs/protocol.md, section 3)
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import msgspec

from e2etherapy.errors import InvalidKey, InvalidLink, MalformedData
from e2etherapy.primitives.dh import X25519Public
from e2etherapy.primitives.digest import sha256
from e2etherapy.primitives.kem import Kem768Public, Kem1024Public
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.wire import base64url, notation
from e2etherapy.wire.item import Digest, Name

SCHEME = "e2etherapy"
MAX_BUNDLE_SIZE = 16_384 - 24 - 16 - 4
"""What an envelope has room for, beside nonce, tag and length."""
_MAX_NOTE_LENGTH = 8_000
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(?::[0-9]{1,5})?")
_LINK = re.compile(rf"{SCHEME}://({_HOST.pattern})/#([A-Za-z0-9_-]{{43}})")
_LENGTH = struct.Struct(">I")
_PUBLIC_SIZES = (32, 32, 32, Kem1024Public.SIZE, Kem768Public.SIZE)


class LinkSecret(SecretOctets):
    """L = SHA-256(bundle), 32 bytes: whoever holds it can claim the invitation."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class InvitationLink:
    """A parsed link."""

    relay_host: str
    secret: LinkSecret

    def text(self) -> str:
        """Return the link as it is handed over. It is a secret."""
        return f"{SCHEME}://{self.relay_host}/#{base64url.encode(self.secret)}"

    @classmethod
    def parse(cls, text: str) -> InvitationLink:
        """Read a link, forgiving about white space around it and nothing else.

        Raises:
            InvalidLink: it is not a whole link; the message says what to do.
        """
        found = _LINK.fullmatch(text.strip())
        if found is None:
            raise InvalidLink(
                "This is not a whole invitation link. It starts with e2etherapy:// and ends with "
                "43 letters and digits after the #; copy all of it, or scan the code again."
            )
        try:
            secret = LinkSecret(base64url.decode(found[2], 32))
        except MalformedData:
            raise InvalidLink(
                "The last part of this invitation link is damaged. Copy all of it again."
            ) from None
        return cls(found[1], secret)


class BundleDetails(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The part of a bundle that is JSON.

    Attributes:
        name: how the therapist is called.
        mailbox: 32-byte id of the mailbox that the client deposits into.
        deposit_key: the key for it, 32 bytes.
        ticket: pays for the client's own mailbox, 32 bytes.
        expires: last day (UTC) on which an opening is accepted.
        credential: the licence credential as a signed note, if the practice issued one.
        log_proof: proof that the credential is in the public log.
    """

    name: Name
    mailbox: Digest
    deposit_key: Digest
    ticket: Digest
    expires: date
    credential: Annotated[str, msgspec.Meta(max_length=_MAX_NOTE_LENGTH)] | None = None
    log_proof: Annotated[str, msgspec.Meta(max_length=_MAX_NOTE_LENGTH)] | None = None

    def __repr__(self) -> str:
        """Hide the keys."""
        return "<BundleDetails: a name, an address and secret keys>"


_details = msgspec.json.Decoder(BundleDetails)


def _check_length(announced: int, actual: int) -> None:
    if announced != actual:
        raise MalformedData("An invitation's length field does not fit.")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The therapist's one-time public keys for one client, and the details."""

    identity: X25519Public
    one_time: X25519Public
    ratchet_x25519: X25519Public
    kem: Kem1024Public
    ratchet_kem: Kem768Public
    details: BundleDetails

    def pack(self) -> bytes:
        """Return the bundle's bytes, of which the link holds the hash: 2,852 and the details.

        Raises:
            MalformedData: a text of the details is not valid Unicode.
        """
        details = notation.write(self.details)
        keys = (self.identity, self.one_time, self.ratchet_x25519, self.kem, self.ratchet_kem)
        return b"".join(keys) + _LENGTH.pack(len(details)) + details

    @classmethod
    def unpack(cls, data: bytes) -> Bundle:
        """Read a bundle.

        Raises:
            MalformedData: lengths that do not fit, a key of low order, or details that break
                their form or their notation. ML-KEM keys are checked when they are used.
        """
        fields = []
        offset = 0
        for size in _PUBLIC_SIZES:
            fields.append(data[offset : offset + size])
            offset += size
        try:
            (length,) = _LENGTH.unpack_from(data, offset)
            details = _details.decode(data[offset + _LENGTH.size :])
            notation.require(details, data[offset + _LENGTH.size :])
            _check_length(offset + _LENGTH.size + length, len(data))
            return cls(
                X25519Public(fields[0]),
                X25519Public(fields[1]),
                X25519Public(fields[2]),
                Kem1024Public(fields[3]),
                Kem768Public(fields[4]),
                details,
            )
        except notation.BROKEN as error:
            broken = f"An invitation breaks its form: {notation.problem(error)}."
            raise MalformedData(broken) from None
        except (struct.error, InvalidKey):
            raise MalformedData("An invitation is cut short, or a key in it is none.") from None

    def secret(self) -> LinkSecret:
        """Return L, the SHA-256 of this bundle (docs/protocol.md, section 3.2)."""
        return LinkSecret(sha256(self.pack()))
