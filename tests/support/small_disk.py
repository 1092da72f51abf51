"""A file system with little room, of which a test may fill the last byte."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(kibibytes: int) -> Iterator[Path]:
    """Mount a file system of this size in memory; what cannot do that fails, and says why."""
    with tempfile.TemporaryDirectory(prefix="e2e-small-") as name:
        place = Path(name)
        _run("mount", "-t", "tmpfs", "-o", f"size={kibibytes}k,mode=755", "tmpfs", name)
        try:
            yield place
        finally:
            _run("umount", "--lazy", name)


def make_read_only(place: Path) -> None:
    """Mount it once more, so that nobody may write there; no file may be open for writing."""
    _run("mount", "-o", "remount,ro", str(place))


def fill(place: Path, leave: int, name: str = "ballast") -> Path:
    """Write a file that leaves so many bytes; to remove it makes room."""
    ballast = place / name
    with ballast.open("wb", buffering=0) as file:
        written = 0
        try:
            while True:
                written += file.write(bytes(4_096))
        except OSError:
            file.truncate(max(0, written - leave))
    return ballast


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, (
        "These tests mount a small file system in memory, for which they have to run as root with "
        f"CAP_SYS_ADMIN: {done.stderr.strip()}"
    )
