"""How each implementation reads and writes entries and exported books (section 12)."""

import hashlib
import io
import json
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2etherapy.errors import JournalBroken, MalformedData
from e2etherapy.journal import chain, record, standalone_verifier
from e2etherapy.journal.chain import BookId, Entry, EntrySalt
from e2etherapy.journal.export import AttachedFile, Book, Exporter
from e2etherapy.journal.shown import Authors
from e2etherapy.wire import content as wire_content
from tests.vectors.second_implementation import record as second
from tests.vectors.vector_files import Case, Json

Outputs = dict[str, Any]


def given_content(value: Json) -> bytes:
    """Return a content as a vector writes it: text, or the hex of what is no text."""
    return value["text"].encode() if "text" in value else bytes.fromhex(value["hex"])


def digests(contents: list[bytes | None]) -> list[str | None]:
    return [None if data is None else hashlib.sha256(data).hexdigest() for data in contents]


def given_book(case: Case) -> bytes:
    """Return `journal.json` as a vector gives it: as bytes, with something changed in it."""
    data = case.bytes("journal")
    if "replace" in case.input:
        old, new = (text.encode() for text in case.input["replace"])
        assert data.count(old) == 1
        return data.replace(old, new)
    book: Json = json.loads(data)
    for at, members in case.input.get("change", {}).items():
        book["entries"][int(at)].update(members)
    if "order" in case.input:
        book["entries"] = [book["entries"][int(at)] for at in case.input["order"].split()]
    return json.dumps({**book, **case.input.get("members", {})}).encode()


class Package:
    """The package."""

    @staticmethod
    def read_entry(case: Case) -> Outputs:
        decoded = record.decode(given_content(case.input))
        if isinstance(decoded, record.UnknownEntry):
            return {"known": False}
        if isinstance(decoded, record.Message):
            wire_content.decode_item(bytes(decoded.item))
        return {"written": record.encode(decoded).decode()}

    @staticmethod
    def export_book(case: Case) -> Outputs:
        book_id = BookId(case.bytes("book_id"))
        entries: list[Entry] = []
        head = chain.first_head(book_id)
        for position, given in enumerate(case.input["entries"], 1):
            salt = EntrySalt(bytes.fromhex(given["salt"]))
            entry = chain.append(position, head, given_content(given), salt)
            entries.append(chain.blank(entry) if given.get("blanked") else entry)
            head = entry.head
        file = io.BytesIO()
        exporter = Exporter(file, datetime(2026, 6, 20, tzinfo=UTC))
        book = Book(book_id, case.input["title"], Authors("Sam", "Dr. Okafor"), entries)
        writer = exporter.begin(book)
        for given in case.input["files"]:
            data = bytes.fromhex(given["data"])
            for own in (True, False):  # the record has it of one of them
                writer.attach(AttachedFile(given["item"], given["name"], data, own))
        writer.close()
        exporter.close()
        with zipfile.ZipFile(file) as archive:
            (path,) = [name for name in archive.namelist() if name.endswith("journal.json")]
            return {"journal": json.loads(archive.read(path))}

    @staticmethod
    def check_exported_book(case: Case) -> Outputs:
        book = given_book(case)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "attachments").mkdir()
            (folder / "journal.json").write_bytes(book)
            for path, data in case.input["files"].items():
                (folder / path).write_bytes(bytes.fromhex(data))
            try:
                sentence = standalone_verifier.check_book(folder / "journal.json")
            except standalone_verifier.Broken as broken:
                raise JournalBroken(str(broken)) from None
            except standalone_verifier.MALFORMED as malformed:
                raise MalformedData(str(malformed)) from None
        contents = [
            standalone_verifier.content_of(number, entry)
            for number, entry in enumerate(json.loads(book)["entries"], 1)
        ]
        return {"head": sentence.rpartition(" ")[2], "contents": digests(contents)}


class Second:
    """The second implementation."""

    @staticmethod
    def read_entry(case: Case) -> Outputs:
        entry = second.read_entry(given_content(case.input))
        if entry is None:
            return {"known": False}
        return {"written": second.write_entry(entry).decode()}

    @staticmethod
    def export_book(case: Case) -> Outputs:
        entries = [
            (bytes.fromhex(given["salt"]), given_content(given), given.get("blanked", False))
            for given in case.input["entries"]
        ]
        files = [
            second.attached_file(
                number, given["name"], bytes.fromhex(given["item"]), bytes.fromhex(given["data"])
            )
            for number, given in enumerate(case.input["files"], 1)
        ]
        title = case.input["title"]
        return {"journal": second.export_book(case.bytes("book_id"), title, entries, files)}

    @staticmethod
    def check_exported_book(case: Case) -> Outputs:
        files = {path: bytes.fromhex(data) for path, data in case.input["files"].items()}
        head, contents = second.check_exported_book(given_book(case), files)
        return {"head": head.hex(), "contents": digests(contents)}
