"""What opens a process note (section 13.1)."""

import base64
import struct
import unicodedata

from tests.vectors.second_implementation.cryptography import argon2id, label, unseal
from tests.vectors.second_implementation.formats import cut
from tests.vectors.second_implementation.notation import Json, refuse


def notes_key(slot: Json, vault_id: bytes, secret: str) -> bytes:
    cost = slot["argon2id"]
    t, m, p = cost["time_cost"], cost["memory_kib"], cost["parallelism"]
    if not (1 <= t <= 16 and 1 <= p <= 16 and 8 * p <= m <= 2**20):
        refuse("unsafe-parameters")
    normal = unicodedata.normalize("NFKC", secret).encode()
    key = argon2id(normal, base64.b64decode(slot["salt"]), t, m, p)
    nonce, wrapped = cut(base64.b64decode(slot["wrapped"]), 24)
    opened = unseal(key, nonce, wrapped, label("notes-key") + vault_id)
    return refuse("wrong-notes-secret") if opened is None else opened


def open_note(key: bytes, book: bytes, place: tuple[int, int], sealed: bytes) -> str:
    number, written = place
    ad = label("process-note") + book + struct.pack(">Qq", number, written)
    plain = unseal(key, sealed[:24], sealed[24:], ad)
    if plain is None:
        return refuse("note-damaged")
    return plain[: plain.rindex(b"\x80")].decode()
