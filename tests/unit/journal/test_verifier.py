"""The verifier in an exported copy needs Python alone, and notices what was altered."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.exported_record import FILE, exported, run_verifier, unpacked


def test_the_verifier_needs_nothing_but_python_and_says_that_all_fits(tmp_path: Path) -> None:
    done = run_verifier(unpacked(exported(), tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 entries (0 blanked in this copy), 1 file. All of it fits." in done.stdout


def _change(edit: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        (path,) = folder.glob("books/*/journal.json")
        book = json.loads(path.read_text())
        edit(book)
        path.write_text(json.dumps(book))

    return tamper


def _entry(book: dict[str, object], number: int) -> dict[str, object]:
    found = book["entries"]
    assert isinstance(found, list)
    entry = found[number]
    assert isinstance(entry, dict)
    return entry


def _drop(book: dict[str, object], number: int) -> None:
    found = book["entries"]
    assert isinstance(found, list)
    del found[number]


def _change_file(folder: Path) -> None:
    (path,) = folder.glob("books/*/attachments/*")
    path.write_bytes(FILE + b"!")


def _remove_file(folder: Path) -> None:
    (path,) = folder.glob("books/*/attachments/*")
    path.unlink()


def _garble(folder: Path) -> None:
    (path,) = folder.glob("books/*/journal.json")
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (_change(lambda book: _entry(book, 0).update(content="{}")), "entry 1 was changed"),
        (_change(lambda book: _drop(book, 0)), "entry 1 is missing"),
        (_change(lambda book: _drop(book, 2)), "the end of the book is missing"),
        (
            _change(
                lambda book: _entry(book, 1).update(commitment="00" * 32, content=None, salt=None)
            ),
            "entry 2 does not follow",
        ),
        (_change_file, "was changed"),
        (_remove_file, "is missing"),
        (_garble, "journal.json is damaged"),
    ],
)
def test_the_verifier_notices_tampering(
    tmp_path: Path, tamper: Callable[[Path], None], sentence: str
) -> None:
    folder = unpacked(exported(), tmp_path)
    tamper(folder)
    done = run_verifier(folder)
    assert done.returncode == 1
    assert sentence in done.stdout
    assert not done.stderr


def test_the_verifier_is_written_for_python_3_8() -> None:
    source = exported().read("verify.py").decode()
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else _names(node))
    }
    assert imported <= sys.stdlib_module_names


def _names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]


def test_the_verifier_does_not_seem_to_check_what_is_named(tmp_path: Path) -> None:
    folder = unpacked(exported(), tmp_path)
    done = run_verifier(folder, "another.zip")
    assert done.returncode == 2
    assert "without arguments" in done.stdout
    assert "fits" not in done.stdout
