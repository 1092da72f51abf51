"""Every page of a vault's database and of its log, decrypted, whatever SQLite thinks of it."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from e2etherapy.vault.keyslots import DataKey
from tests.support.homes import Home

PAGE = 4096
RESERVED = 80
SALT = 16
WAL_HEADER = 32
FRAME_HEADER = 24


def decrypted(page: bytes, key: DataKey, start: int = 0) -> bytes:
    """Undo SQLCipher 4: AES-256-CBC, the nonce at the start of the page's reserved bytes."""
    nonce = page[PAGE - RESERVED : PAGE - RESERVED + 16]
    decryptor = Cipher(algorithms.AES(key), modes.CBC(nonce)).decryptor()
    return decryptor.update(page[start : PAGE - RESERVED]) + decryptor.finalize()


def pages(at: Home) -> Iterator[bytes]:
    """Yield the plaintext of every page in the database and in its log."""
    database = (at.place.folder / "vault.db").read_bytes()
    for start in range(0, len(database), PAGE):
        yield decrypted(database[start : start + PAGE], at.key, SALT if start == 0 else 0)
    log = at.place.folder / "vault.db-wal"
    frames = log.read_bytes()[WAL_HEADER:] if log.exists() else b""
    for start in range(0, len(frames), FRAME_HEADER + PAGE):
        page = frames[start + FRAME_HEADER : start + FRAME_HEADER + PAGE]
        first = frames[start : start + 4] == (1).to_bytes(4, "big")
        yield decrypted(page, at.key, SALT if first else 0)


def words_in(at: Home, *words: str) -> set[str]:
    """Return those of which the end is in some page: an index leaves out how two words begin."""
    whole = b"\x00".join(pages(at))
    return {word for word in words if word[len(word) // 2 :].encode() in whole}
