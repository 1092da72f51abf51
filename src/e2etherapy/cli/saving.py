"""Writing files of one's own, and those that arrived under names that can do no harm."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

from e2etherapy.cli.exit_codes import DiskFull, UnusableFile, exit_for, sentence_for

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


def save_file(folder: Path, name: str, data: bytes) -> tuple[Path, bool]:
    """Write a file, never over another; return where it is, and whether it was not there before.

    One that is there with the same bytes is left alone.

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
                return path, False
        else:
            return path, True
    raise AssertionError("There is always a next number.")


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that does not exist yet, readable by its owner only.

    What fails leaves no part of it behind.

    Raises:
        UnusableFile: it exists.
        DiskFull: the disk has no room for it.
        OSError: it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UnusableFile(f"{path} exists already. Nothing was written; name another.") from None
    except OSError as error:
        raise unusable(error, path, "Nothing was written.") from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
    except BaseException as error:
        path.unlink()
        if exit_for(error).name == "disk_full":
            raise DiskFull(
                f"The disk has no room for {path}. Nothing was left behind, and nothing else was "
                "changed. Free some space, or name a file on another disk."
            ) from None
        raise


def unusable(error: OSError, path: Path, undone: str) -> UnusableFile | DiskFull:
    """Return why a file cannot be used, with what was not done for that."""
    kind = DiskFull if exit_for(error).name == "disk_full" else UnusableFile
    if error.filename is None:
        error.filename = str(path)
    return kind(f"{sentence_for(error)} {undone}")


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
