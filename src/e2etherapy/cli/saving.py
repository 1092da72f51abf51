"""Putting files that arrived into a folder, under names that can do no harm there."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

_LONGEST_NAME_BYTES = 200
_FALLBACK = "file"


def safe_file_name(name: str) -> str:
    """Return the last part of a name, visible and without anything that a shell or disk minds.

    The name was chosen by the other side: it may not leave the folder or hide in it.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(letter if letter.isprintable() else "_" for letter in last)
    short = visible.strip(". ").lstrip("-")
    stem, suffix = os.path.splitext(short)  # noqa: PTH122 - a name, not a path
    while len((stem + suffix).encode()) > _LONGEST_NAME_BYTES:
        stem, suffix = (stem[:-1], suffix) if stem else ("", suffix[:-1])
    return stem + suffix or _FALLBACK


def save_file(folder: Path, name: str, data: bytes) -> Path:
    """Write a file, never over another; one that is there with the same bytes is left alone.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = Path(safe_file_name(name))
    for number in count(1):
        path = folder / (f"{wanted.stem} ({number}){wanted.suffix}" if number > 1 else wanted)
        try:
            write_new(path, data)
        except FileExistsError:
            if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
                return path
        else:
            return path
    raise AssertionError("There is always a next number.")


def write_new(path: Path, data: bytes) -> None:
    """Write a file that does not exist yet, readable by its owner only, whole or not at all.

    Raises:
        FileExistsError: it exists.
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except BaseException:
        path.unlink()
        raise
