"""The key of the process notes: random, wrapped under a secret that opens nothing else.

Its slot lies in the database, so that whoever wants the notes has to open the vault first, and
then does not have them (docs/protocol.md, section 13.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from e2etherapy.errors import (
    AuthenticationFailed,
    VaultDamaged,
    VaultTooNew,
    WrongNotesSecret,
    WrongPassphrase,
)
from e2etherapy.primitives import aead
from e2etherapy.primitives.digest import label
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault import keyslots
from e2etherapy.vault.keyslots import SALT_SIZE, Argon2Parameters

SETTING = "notes-key"
FORMAT = 1
_PURPOSE = "notes-key"


class NotesKey(SecretOctets):
    """Seals and opens process notes, 32 random bytes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class OpenedKey:
    """The key of the notes, as a secret has opened it.

    Attributes:
        key: what opens and seals them.
        slot: the setting that it came out of, as it lay in the database: another one there now
            holds another key.
    """

    key: NotesKey
    slot: bytes = field(repr=False)


class NotesSlot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wrapped key: nonce 24, then 48 sealed bytes."""

    format: int
    salt: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    wrapped: Annotated[bytes, msgspec.Meta(min_length=72, max_length=72)]
    argon2id: Argon2Parameters


class _FormatOnly(msgspec.Struct, frozen=True):
    format: int


def wrap(key: NotesKey, vault_id: bytes, secret: str, entropy: Entropy) -> NotesSlot:
    """Wrap the key under a secret with the current Argon2id profile.

    Raises:
        WrongNotesSecret: the secret is not valid text.
    """
    salt, parameters = entropy(SALT_SIZE), keyslots.current_parameters()
    nonce = entropy(aead.NONCE_SIZE)
    sealed = aead.seal(_stretched(secret, salt, parameters), nonce, key, _associated(vault_id))
    return NotesSlot(FORMAT, salt, nonce + sealed, parameters)


def unwrap(slot: NotesSlot, vault_id: bytes, secret: str) -> NotesKey:
    """Return the key.

    Raises:
        WrongNotesSecret: this is not the secret, or the slot is another vault's.
        UnsafeParameters: the slot asks for more than this version accepts.
    """
    stretched = _stretched(secret, slot.salt, slot.argon2id)
    nonce, sealed = slot.wrapped[: aead.NONCE_SIZE], slot.wrapped[aead.NONCE_SIZE :]
    try:
        return NotesKey(aead.unseal(stretched, nonce, sealed, _associated(vault_id)))
    except AuthenticationFailed:
        raise WrongNotesSecret(
            "This secret does not open the process notes. Nothing was changed. The vault's "
            "passphrase and the recovery words do not open them either."
        ) from None


def encode(slot: NotesSlot) -> bytes:
    """Return the slot as it lies in the database."""
    return msgspec.json.encode(slot)


def decode(data: bytes) -> NotesSlot:
    """Read a slot.

    Raises:
        VaultTooNew: a newer version wrote it.
        VaultDamaged: it does not have this form.
    """
    try:
        if msgspec.json.decode(data, type=_FormatOnly).format > FORMAT:
            raise VaultTooNew("A newer version of e2etherapy wrote the notes. Please update.")
        return msgspec.json.decode(data, type=NotesSlot)
    except msgspec.DecodeError:
        raise VaultDamaged(
            "The key of the process notes is damaged. Restore the vault from a backup; everything "
            "else in it is as it was."
        ) from None


def _stretched(secret: str, salt: bytes, parameters: Argon2Parameters) -> bytes:
    try:
        return keyslots.stretched(secret, salt, parameters)
    except WrongPassphrase:
        raise WrongNotesSecret("The secret is not valid text. Nothing was changed.") from None


def _associated(vault_id: bytes) -> bytes:
    return label(_PURPOSE) + vault_id
