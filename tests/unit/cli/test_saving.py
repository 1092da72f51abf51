"""A file from the other side lands in the folder that was named, and over nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2etherapy.cleaning.names import harmless
from e2etherapy.cli.saving import Pieces, save_file


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("week one.pdf", "week one.pdf"),
        ("../../.ssh/authorized_keys", "authorized_keys"),
        ("C:\\Windows\\notes.txt", "notes.txt"),
        (".bashrc", "bashrc"),
        ("-.bashrc", "bashrc"),
        ("-.- .-x", "x"),
        ("nul", "_nul"),
        ("Com1.tar.gz", "_Com1.tar.gz"),
        ("console.txt", "console.txt"),
        ("a." + "x" * 300, "a." + "x" * 198),
        ("-rf", "rf"),
        ("..", "file"),
        ("", "file"),
        ("a\x1b[2J\u202egpj.exe", "a_[2J_gpj.exe"),
        ("é" * 300 + ".jpeg", "é" * 97 + ".jpeg"),
    ],
)
def test_a_name_becomes_harmless(name: str, safe: str) -> None:
    assert harmless(name) == safe


LETTERS = st.one_of(
    st.characters(exclude_categories=()), st.sampled_from(". -/\\\x00\u202e\ud800é")
)
NAMES = st.one_of(
    st.text(LETTERS),
    st.builds("".join, st.lists(st.sampled_from([".", "-", " ", "a", "NUL", "x" * 150, "é" * 99]))),
)
DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(10)
}


@given(NAMES)
@example("a." + "x" * 300)
@example("nul" + " " * 300 + "x.pdf")
@example("-" * 300 + ".bashrc")
def test_any_name_stays_in_its_folder_and_in_sight(name: str) -> None:
    safe = harmless(name)
    assert safe
    assert safe == Path(safe).name
    assert safe.isprintable()
    assert not set("/\\\u202e") & set(safe)
    assert not safe.startswith((".", "-", " "))
    assert not safe.endswith((".", " "))
    assert safe.split(".")[0].strip().lower() not in DEVICES
    assert len(safe.encode()) <= 200
    assert harmless(safe) == safe


def pieces_of(data: bytes) -> Pieces:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 2):
            yield data[start : start + 2]

    return pieces


async def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    (tmp_path / "a (2).txt").symlink_to(tmp_path / "elsewhere")
    saved, new = await save_file(tmp_path, "a.txt", pieces_of(b"theirs"))
    assert new
    assert saved == tmp_path / "a (3).txt"
    assert saved.read_bytes() == b"theirs"
    assert saved.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a.txt").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("other", [b"their", b"theirs and more", b"thEirs"])
async def test_only_the_same_file_is_not_saved_twice(tmp_path: Path, other: bytes) -> None:
    folder = tmp_path / "new folder"
    first, new = await save_file(folder, "a.txt", pieces_of(b"theirs"))
    assert new
    assert await save_file(folder, "a.txt", pieces_of(b"theirs")) == (first, False)
    assert list(folder.iterdir()) == [first]
    assert await save_file(folder, "a.txt", pieces_of(other)) == (folder / "a (2).txt", True)


async def test_what_fails_halfway_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise OSError

    with pytest.raises(OSError, match=r"\A\Z"):
        await save_file(tmp_path, "a.txt", broken)
    assert list(tmp_path.iterdir()) == []
