"""Whoever is cancelled while a vault opens leaves no thread and no open file behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from e2etherapy.vault import database
from e2etherapy.vault.keyslots import DataKey

KEY = DataKey(b"k" * 32)


def open_files(folder: Path) -> list[str]:
    """Return what this process has open below a folder."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:  # that of the listing itself
            continue
        if target.startswith(str(folder)):
            found.append(target)
    return found


def connection_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "connection_worker" in thread.name]


class Gate:
    """Holds whoever comes by, in whatever thread, until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def pass_through(self) -> None:
        self.reached.set()
        assert self._open.wait(60)

    def open(self) -> None:
        self._open.set()


def before_the_file(gate: Gate, patch: pytest.MonkeyPatch) -> None:
    plain = sqlcipher.connect

    def connect(*given: object, **named: object) -> Any:  # noqa: ANN401
        gate.pass_through()
        return plain(*given, **named)

    patch.setattr(sqlcipher, "connect", connect)


def before_the_tables(gate: Gate, patch: pytest.MonkeyPatch) -> None:
    plain: Callable[[database.Database], Awaitable[None]] = database.Database.migrate

    async def migrate(db: database.Database) -> None:
        await asyncio.to_thread(gate.pass_through)
        await plain(db)

    patch.setattr(database.Database, "migrate", migrate)


@pytest.mark.parametrize("cancels", [1, 2, 5])
@pytest.mark.parametrize("moment", [before_the_file, before_the_tables])
async def test_a_cancelled_opening_ends_when_nothing_is_open_any_more(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: Callable[[Gate, pytest.MonkeyPatch], None],
    cancels: int,
) -> None:
    gate = Gate()
    moment(gate, monkeypatch)
    opening = asyncio.create_task(database.connect(tmp_path, KEY, fresh=True))
    await asyncio.to_thread(gate.reached.wait, 60)
    for _ in range(cancels):
        opening.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
    assert not opening.done()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert open_files(tmp_path) == []
    for worker in connection_threads():
        worker.join(10)  # its last word is out already
    assert connection_threads() == []
    monkeypatch.undo()
    again = await database.connect(tmp_path, KEY)
    assert open_files(tmp_path) != []
    await again.close()
