"""Only a lack of room counts as one, and looking for it leaves nothing behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from e2etherapy.vault.room import has_room


def test_a_disk_with_room_has_room_and_keeps_no_trace_of_the_question(tmp_path: Path) -> None:
    database = tmp_path / "vault.db"
    database.write_bytes(b"as it was")
    assert has_room([database, tmp_path / "vault.db-wal"])
    assert [path.name for path in tmp_path.iterdir()] == ["vault.db"]
    assert database.read_bytes() == b"as it was"


@pytest.mark.parametrize(
    ("number", "room"),
    [(errno.ENOSPC, False), (errno.EDQUOT, False), (errno.EFBIG, False), (errno.EIO, True)],
)
@pytest.mark.parametrize("call", ["open", "pwrite", "fsync"])
def test_a_quota_and_a_limit_are_a_lack_of_room_and_a_broken_disk_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, room: bool
) -> None:
    def failing(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        assert has_room([tmp_path / "vault.db"]) is room
    assert list(tmp_path.iterdir()) == []
