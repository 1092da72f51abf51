"""Writing files of one's own, and those that arrived under names that can do no harm."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

from e2etherapy.cleaning.names import harmless
from e2etherapy.cli.exit_codes import DiskFull, UnusableFile, exit_for, sentence_for

Pieces = Callable[[], AsyncIterator[bytes]]


async def save_file(folder: Path, name: str, pieces: Pieces) -> tuple[Path, bool]:
    """Write a file, never over another; return where it is, and whether it was not there before.

    One that is there with the same bytes is left alone.

    Args:
        folder: where to; it is made if it is not there.
        name: as the other side calls it.
        pieces: yields its bytes, from the start each time that it is called.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = Path(harmless(name))
    for number in count(1):
        path = folder / (f"{wanted.stem} ({number}){wanted.suffix}" if number > 1 else wanted)
        try:
            await _write_new(path, pieces())
        except FileExistsError:
            if await _is_same(path, pieces()):
                return path, False
        else:
            return path, True
    raise AssertionError("There is always a next number.")


async def _is_same(path: Path, pieces: AsyncIterator[bytes]) -> bool:
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as file:
        async for piece in pieces:
            if file.read(len(piece)) != piece:
                return False
        return not file.read(1)


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


async def _write_new(path: Path, pieces: AsyncIterator[bytes]) -> None:
    """Write a file that does not exist yet, readable by its owner only, whole or not at all.

    Raises:
        FileExistsError: it exists.
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            async for piece in pieces:
                file.write(piece)
    except BaseException:
        path.unlink()
        raise
