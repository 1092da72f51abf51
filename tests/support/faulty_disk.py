"""A disk that fails when it is told to, and forgets in a power cut what was not synced.

Works on real programs: a library that is compiled when first needed and loaded into them stands
between them and the system (faulty_disk.c).
"""

from __future__ import annotations

import atexit
import errno
import functools
import mmap
import os
import random
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_CONTROL: Final = struct.Struct("8iq")
_RECORD: Final = struct.Struct("IIQQ")
_PAGE_BEFORE, _SYNCED, _SYNC_FAILED, _LENGTH_BEFORE = 1, 2, 3, 4
PAGE = 4_096
ALL = -1


@functools.cache
def _library() -> Path:
    """Compile the library; a test that needs it fails where there is no compiler."""
    folder = Path(tempfile.mkdtemp(prefix="e2e-disk-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source, made = Path(__file__).with_suffix(".c"), folder / "faulty_disk.so"
    command = ["cc", "-O1", "-shared", "-fPIC", "-o", str(made), str(source), "-ldl"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        raise AssertionError("These tests need a C compiler named cc.") from problem
    return made


@dataclass
class _OnDisk:
    """What the disk really holds of what has been written: pages and lengths from before.

    Attributes:
        before: the pages that a power cut may bring back, by file and offset.
        lengths: likewise.
        dirty: those of them that the next successful sync writes down for good.
    """

    before: dict[tuple[int, int], bytes] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    dirty: set[tuple[int, int]] = field(default_factory=set)

    def read(self, journal: bytes) -> None:
        """Go through all that happened."""
        at = 0
        while at + _RECORD.size <= len(journal):
            kind, size, file, offset = _RECORD.unpack_from(journal, at)
            at += _RECORD.size
            if kind == _PAGE_BEFORE:
                self.before.setdefault((file, offset), journal[at : at + size])
                self.dirty.add((file, offset))
            elif kind == _LENGTH_BEFORE:
                self.lengths.setdefault(file, offset)
            else:
                self._sync(file, keeps=kind == _SYNCED)
            at += size

    def _sync(self, file: int, *, keeps: bool) -> None:
        pages = {page for page in self.dirty if page[0] == file}
        self.dirty -= pages
        if keeps:
            self.lengths.pop(file, None)
            for page in pages:
                del self.before[page]


@dataclass
class FaultyDisk:
    """What lies in a folder lies on this disk, for programs that run in its environment."""

    folder: Path
    _page: mmap.mmap
    _files: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(_library()),
            "FAULTY_DISK_FOLDER": f"{self.folder.resolve()}/",
            "FAULTY_DISK_CONTROL": str(self._files / "control"),
            "FAULTY_DISK_JOURNAL": str(self._files / "journal"),
        }

    def fail_syncs(self, count: int) -> None:
        """Let the next so many fail, or all of them."""
        self._set(0, count)

    def fail_reads(self, count: int) -> None:
        self._set(1, count)

    def fail_writes(self, count: int, error: int = errno.EIO) -> None:
        self._set(3, error)
        self._set(2, count)

    def remember(self) -> None:
        """From now on, know what a power cut would bring back."""
        self._set(4, 1)

    def move_the_clock(self, seconds: int) -> None:
        struct.pack_into("q", self._page, 32, seconds)

    @property
    def seen_syncs(self) -> int:
        return int(_CONTROL.unpack_from(self._page)[5])

    @property
    def failed(self) -> int:
        return int(_CONTROL.unpack_from(self._page)[6])

    def cut_the_power(self, chance: random.Random, likelihood: float = 1.0) -> int:
        """Take back what was not synced, page by page as likely as said; return how many pages.

        Whoever wrote there has to be dead by now.
        """
        journal = self._files / "journal"
        on_disk = _OnDisk()
        on_disk.read(journal.read_bytes())
        journal.write_bytes(b"")
        files = {path.stat().st_ino: path for path in self.folder.rglob("*") if path.is_file()}
        lost = 0
        for (file, offset), before in on_disk.before.items():
            if file in files and chance.random() < likelihood:
                lost += 1
                with files[file].open("r+b") as written:
                    written.seek(offset)
                    written.write(before.ljust(PAGE, b"\0"))
        for file, length in on_disk.lengths.items():
            if file in files and likelihood == 1.0:
                os.truncate(files[file], length)
        return lost

    def _set(self, index: int, value: int) -> None:
        struct.pack_into("i", self._page, 4 * index, value)


@contextmanager
def faulty_disk(folder: Path) -> Iterator[FaultyDisk]:
    """Have a disk that works until it is told otherwise."""
    with tempfile.TemporaryDirectory(prefix="e2e-disk-") as files:
        place = Path(files)
        place.chmod(0o755)
        for name, content in (("control", bytes(mmap.PAGESIZE)), ("journal", b"")):
            (place / name).write_bytes(content)
            (place / name).chmod(0o666)
        with (
            (place / "control").open("r+b") as control,
            mmap.mmap(control.fileno(), mmap.PAGESIZE) as page,
        ):
            yield FaultyDisk(folder, page, place)
