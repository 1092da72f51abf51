"""Generates the vectors of process notes (section 13.1)."""

import json
from dataclasses import replace

from e2etherapy.journal.chain import BookId
from e2etherapy.vault import notes, notes_key
from e2etherapy.vault.notes import Note
from e2etherapy.vault.notes_key import NotesKey
from tests.vectors.generate_vault import PASSPHRASE, SAME
from tests.vectors.generation import WRITTEN, File, Seeded, b64
from tests.vectors.vector_files import Json

TEXTS = (
    ("a short one", "Impatient on Tuesday. Why?"),
    ("one byte less than a block", "x" * 511),
    ("a whole block", "y" * 512),
    ("zeros at its end", "ends in \x00\x00"),
    ("the mark of its end in it", "\u0080\u0080"),
)


def write_notes() -> int:
    file = File(
        "notes", "13.1", "Process notes: their key under a secret, and notes under the key."
    )
    draw = Seeded("notes")
    vault_id, key, book = draw(16), NotesKey(draw(32)), BookId(draw(16))
    slot: Json = json.loads(notes_key.encode(notes_key.wrap(key, vault_id, PASSPHRASE, draw)))
    note = Note(1, book, 1, int(WRITTEN.timestamp()))
    given: Json = {"slot": slot, "vault_id": vault_id.hex(), "secret": PASSPHRASE}
    for number, (name, text) in enumerate(TEXTS, 1):
        placed = replace(note, number=number)
        sealed = b64(notes.seal(key, placed, text, draw))
        given |= {
            "book": book.hex(),
            "number": number,
            "written": note.written,
            "sealed": sealed,
        }
        file.passes("open_note", name, dict(given))
    file.passes("open_note", "the same secret in another normal form", {**given, "secret": SAME})
    for name, changed in (
        ("another number", {"number": 1}),
        ("another time", {"written": note.written + 1}),
        ("another conversation", {"book": draw(16).hex()}),
        ("a shorter text", {"sealed": given["sealed"][:-4]}),
    ):
        file.fails("open_note", name, {**given, **changed}, "note-damaged")
    for name, changed in (
        ("another secret", {"secret": "regime five"}),
        ("a key of another vault", {"vault_id": draw(16).hex()}),
    ):
        file.fails("open_note", name, {**given, **changed}, "wrong-notes-secret")
    dear = {**slot, "argon2id": {**slot["argon2id"], "memory_kib": 2**20 + 1}}
    file.fails("open_note", "more than 1 GiB", {**given, "slot": dear}, "unsafe-parameters")
    begun = b64(notes.seal(key, replace(note, number=notes.BEGUN), "Impatient on", draw))
    file.passes("open_note", "one that is begun", {**given, "number": 0, "sealed": begun})
    return file.write()
