"""Key slots: each wraps the vault's one data key under something that its owner has.

`keyslots.json` holds no secret that can be used alone (docs/protocol.md, section 13).
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from mnemonic import Mnemonic

from e2etherapy.errors import (
    AuthenticationFailed,
    UnsafeParameters,
    VaultDamaged,
    VaultFull,
    VaultMissing,
    VaultTooNew,
    WrongPassphrase,
)
from e2etherapy.primitives import aead
from e2etherapy.primitives.kdf import derive
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.primitives.passwords import PASSPHRASE, Argon2Profile, stretch
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault.room import NO_ROOM, NO_ROOM_SENTENCE

FILE_NAME = "keyslots.json"
DATABASE_NAME = "vault.db"
UNFINISHED_NAME = "vault.unfinished"
"""Marks a folder in which a creation has begun; without it, a database is never removed."""

FORMAT = 1
MAX_SLOTS = 8
"""Each slot that is tried costs a derivation."""

RECOVERY_WORDS = 24
SALT_SIZE = 32
_LABEL = b"e2etherapy/1/keyslot\x00"

_Salt = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
_VaultId = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]


class DataKey(SecretOctets):
    """The key of the database, 32 random bytes."""

    __slots__ = ()


class Argon2Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Argon2id's cost as it stands in the file."""

    time_cost: int
    memory_kib: int
    parallelism: int


class KeySlot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One wrapped copy of the data key: nonce 24, then 48 sealed bytes."""

    kind: Literal["passphrase", "recovery"]
    salt: _Salt
    wrapped: Annotated[bytes, msgspec.Meta(min_length=72, max_length=72)]
    argon2id: Argon2Parameters | None = None


class KeySlots(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    format: int
    vault_id: _VaultId
    slots: Annotated[list[KeySlot], msgspec.Meta(max_length=MAX_SLOTS)]


class _FormatOnly(msgspec.Struct, frozen=True):
    format: int


def current_parameters() -> Argon2Parameters:
    """Return the cost of Argon2id that something new is wrapped with."""
    return Argon2Parameters(PASSPHRASE.time_cost, PASSPHRASE.memory_kib, PASSPHRASE.parallelism)


def passphrase_slot(
    vault_id: bytes, data_key: DataKey, passphrase: str, entropy: Entropy
) -> KeySlot:
    """Wrap the data key under a passphrase with the current Argon2id profile."""
    salt = entropy(SALT_SIZE)
    parameters = current_parameters()
    key = stretched(passphrase, salt, parameters)
    wrapped = _wrap(key, vault_id, "passphrase", data_key, entropy)
    return KeySlot("passphrase", salt, wrapped, parameters)


def recovery_slot(vault_id: bytes, data_key: DataKey, entropy: Entropy) -> tuple[KeySlot, str]:
    """Wrap the data key under 256 fresh bits; return the slot and the 24 words to write down."""
    salt = entropy(SALT_SIZE)
    secret = entropy(32)
    key = derive("recovery-key", salt=salt, ikm=secret, length=32)
    words = Mnemonic("english").to_mnemonic(secret)
    return KeySlot("recovery", salt, _wrap(key, vault_id, "recovery", data_key, entropy)), words


def unlock_with_passphrase(slots: KeySlots, passphrase: str) -> DataKey:
    """Return the data key.

    Raises:
        WrongPassphrase: no slot opens.
        UnsafeParameters: a slot asks for more than this version accepts.
    """
    for slot in slots.slots:
        if slot.kind == "passphrase" and slot.argon2id is not None:
            key = stretched(passphrase, slot.salt, slot.argon2id)
            found = _try_unwrap(key, slots.vault_id, slot)
            if found is not None:
                return found
    raise WrongPassphrase("This passphrase does not open the vault. Nothing was changed.")


def unlock_with_recovery_words(slots: KeySlots, words: str) -> DataKey:
    """Return the data key from the 24 words, whatever their case and spacing.

    Raises:
        WrongPassphrase: not 24 words of the list, a word mistaken, or another vault's words.
    """
    english = Mnemonic("english")
    normal = " ".join(unicodedata.normalize("NFKD", words).lower().split())
    if len(normal.split(" ")) != RECOVERY_WORDS or not english.check(normal):
        raise WrongPassphrase(
            "These are not 24 recovery words as they were written down: a word is missing, "
            "mistaken or in another order."
        )
    secret = bytes(english.to_entropy(normal))
    for slot in slots.slots:
        if slot.kind == "recovery":
            key = derive("recovery-key", salt=slot.salt, ikm=secret, length=32)
            found = _try_unwrap(key, slots.vault_id, slot)
            if found is not None:
                return found
    raise WrongPassphrase("These recovery words belong to another vault. Nothing was changed.")


def read(folder: Path) -> KeySlots:
    """Read the file.

    Raises:
        VaultMissing: there is none.
        VaultTooNew: a newer version wrote it.
        VaultDamaged: it does not have this form, or is missing beside a vault.
    """
    path = folder / FILE_NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if lost_in(folder):
            raise VaultDamaged(
                f"{path} is missing, and nothing opens the vault without it. Nothing was changed. "
                "Restore this one file from a backup; the vault itself is as it was."
            ) from None
        raise VaultMissing(
            f"There is no vault in {folder}. Run 'e2etherapy init' to make one, or give another "
            "folder with --home."
        ) from None
    try:
        if msgspec.json.decode(data, type=_FormatOnly).format > FORMAT:
            raise VaultTooNew("A newer version of e2etherapy wrote this vault. Please update.")
        return msgspec.json.decode(data, type=KeySlots)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise VaultDamaged(
            f"{path} is damaged. Restore this one file from a backup; the vault itself is as "
            "it was."
        ) from None


def lost_in(folder: Path) -> bool:
    """Say whether a folder holds a vault without its key slots: not one that was never finished."""
    if (folder / FILE_NAME).exists() or (folder / UNFINISHED_NAME).exists():
        return False
    return (folder / DATABASE_NAME).exists()


def write(folder: Path, slots: KeySlots) -> None:
    """Replace the file in one step, readable by its owner only.

    Raises:
        VaultFull: the disk has no room; the file is as it was.
    """
    path = folder / FILE_NAME
    fresh = path.with_suffix(".new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(slots), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise VaultFull(NO_ROOM_SENTENCE) from None
    fresh.replace(path)
    folder_descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(folder_descriptor)
    finally:
        os.close(folder_descriptor)


def stretched(passphrase: str, salt: bytes, parameters: Argon2Parameters) -> bytes:
    """Return 32 bytes of Argon2id over a passphrase in NFKC.

    Raises:
        WrongPassphrase: it is not valid text.
        UnsafeParameters: they ask for more than this version accepts, or than this machine has.
    """
    profile = Argon2Profile(parameters.time_cost, parameters.memory_kib, parameters.parallelism)
    try:
        return stretch(unicodedata.normalize("NFKC", passphrase).encode(), salt, profile)
    except UnicodeEncodeError:
        raise WrongPassphrase("The passphrase is not valid text.") from None
    except MemoryError:
        raise UnsafeParameters("There is not enough free memory to open this vault.") from None


def _associated(vault_id: bytes, kind: str) -> bytes:
    return _LABEL + vault_id + kind.encode("ascii")


def _wrap(key: bytes, vault_id: bytes, kind: str, data_key: DataKey, entropy: Entropy) -> bytes:
    nonce = entropy(aead.NONCE_SIZE)
    return nonce + aead.seal(key, nonce, data_key, _associated(vault_id, kind))


def _try_unwrap(key: bytes, vault_id: bytes, slot: KeySlot) -> DataKey | None:
    nonce, sealed = slot.wrapped[: aead.NONCE_SIZE], slot.wrapped[aead.NONCE_SIZE :]
    try:
        return DataKey(aead.unseal(key, nonce, sealed, _associated(vault_id, slot.kind)))
    except AuthenticationFailed:
        return None
