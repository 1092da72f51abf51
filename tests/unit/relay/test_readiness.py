"""GET /v1/ready says whether an envelope can be taken in now."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from e2etherapy.relay.limits import STANDARD
from e2etherapy.relay.readiness import Readiness
from e2etherapy.relay.reserve import Reserve
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Busy, Space
from tests.support.relays import Request, relay

READY = Request("GET", "/v1/ready")


async def test_a_relay_whose_store_answers_is_ready(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        answer = await at.send(READY)
        assert (answer.status, answer.json) == (200, {"status": "ready"})


async def test_a_relay_with_less_room_than_its_reserve_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relay(tmp_path) as at:
        monkeypatch.setattr(Readiness, "has_room", lambda _self: False)
        answer = await at.send(READY)
        assert (answer.status, answer.json["title"]) == (503, "Not ready")
        assert answer.json["detail"] == "The disk has no room."
        assert answer.header("Retry-After")
        assert (await at.send(Request("GET", "/v1/health"))).status == 200


@pytest.mark.parametrize("error", [Busy(), OSError(5, "I/O"), TimeoutError()])
async def test_a_relay_whose_database_is_away_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def away(_store: SqliteStore) -> None:
        raise error

    async with relay(tmp_path) as at:
        monkeypatch.setattr(SqliteStore, "check", away)
        answer = await at.send(READY)
        assert (answer.status, answer.json["detail"]) == (503, "The database does not answer.")


async def test_a_database_whose_file_broke_is_away_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_store: SqliteStore) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    async with relay(tmp_path) as at:
        monkeypatch.setattr(SqliteStore, "check", broken)
        assert (await at.send(READY)).status == 503
        assert "malformed" not in at.log.getvalue()
        assert "DatabaseError" in at.log.getvalue()


async def test_a_write_without_room_is_remembered_for_a_while() -> None:
    readiness = Readiness(Reserve(STANDARD), lambda _problem: None)
    assert readiness.has_room()
    readiness.found_no_room()
    assert not readiness.has_room()
    now = asyncio.get_running_loop().time()
    readiness._full_until = now - 1
    assert readiness.has_room()


def test_a_relay_whose_reserve_is_touched_has_no_room() -> None:
    async def rooms() -> list[bool]:
        reserve = Reserve(STANDARD)
        readiness = Readiness(reserve, lambda _problem: None)
        found = []
        for free in (STANDARD.disk_reserve_bytes, STANDARD.disk_reserve_bytes - 1, 2**40):
            reserve.look(Space(stored=0, free=free, envelopes=0))
            found.append(readiness.has_room())
        return found

    assert asyncio.run(rooms()) == [True, False, True]
