"""How each implementation opens a process note (section 13.1)."""

import base64
from typing import Any

import msgspec

from e2etherapy.journal.chain import BookId
from e2etherapy.vault import notes, notes_key
from e2etherapy.vault.notes import Note
from tests.vectors.second_implementation import notes as second
from tests.vectors.vector_files import Case

Outputs = dict[str, Any]


class Package:
    """The package."""

    @staticmethod
    def open_note(case: Case) -> Outputs:
        slot = notes_key.decode(msgspec.json.encode(case.input["slot"]))
        key = notes_key.unwrap(slot, case.bytes("vault_id"), case.input["secret"])
        sealed = base64.b64decode(case.input["sealed"])
        book, number = BookId(case.bytes("book")), case.input["number"]
        return {"text": notes.unseal(key, Note(1, book, number, case.input["written"], sealed))}


class Second:
    """The second implementation."""

    @staticmethod
    def open_note(case: Case) -> Outputs:
        key = second.notes_key(case.input["slot"], case.bytes("vault_id"), case.input["secret"])
        place = case.input["number"], case.input["written"]
        sealed = base64.b64decode(case.input["sealed"])
        return {"text": second.open_note(key, case.bytes("book"), place, sealed)}
