"""Somebody whose program and relay are of different versions is told which to update."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from e2etherapy.cli.examination import examine_relay
from e2etherapy.errors import RelayProtocolError, RelayVersionDiffers
from e2etherapy.mailbox import operations
from e2etherapy.mailbox.operations import UNKNOWN_VERSION, UnknownVersion
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.line.versions import NEWER, OLDER, check, difference
from tests.support.devices import two
from tests.support.relay_versions import speaking
from tests.support.relays import relay

NOW = datetime(2024, 10, 4, 12, tzinfo=UTC)


def problem(versions: list[str], kind: str = UNKNOWN_VERSION) -> bytes:
    return msgspec.json.encode(UnknownVersion(kind, "Unknown version", 400, "words", versions))


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[RelayConnection]:
    async with relay(folder) as at, RelayConnection(f"http://127.0.0.1:{at.port}") as connection:
        yield connection


async def test_a_newer_relay_asks_for_an_update_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaking("v2", monkeypatch)
    async with connected(tmp_path) as connection:
        with pytest.raises(RelayVersionDiffers) as told:
            await connection.health()
    assert str(told.value) == NEWER


async def test_an_older_relay_is_to_be_updated_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "API", "/v3")
    async with connected(tmp_path) as connection:
        with pytest.raises(RelayVersionDiffers) as told:
            await connection.health()
    assert str(told.value) == OLDER


async def test_what_was_written_meanwhile_goes_out_after_the_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two(tmp_path, turns=2) as pair:
        with monkeypatch.context() as patch:
            speaking("v2", patch)
            await pair.client.send("Dr. Okafor", "written to a newer relay")
            report = await pair.client.sync()
            assert (report.problem, report.unsent > 0) == (NEWER, True)
        await pair.client.sync()
        await pair.therapist.sync()
        assert (await pair.therapist.thread("Sam"))[-1].text == "written to a newer relay"


@pytest.mark.parametrize(
    ("version", "sentence"), [("v0", OLDER), ("v2", NEWER)], ids=["older", "newer"]
)
async def test_doctor_says_which_of_the_two_is_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, sentence: str
) -> None:
    speaking(version, monkeypatch)
    async with relay(tmp_path) as at:
        (check,) = await examine_relay(f"http://127.0.0.1:{at.port}", NOW)
    assert (check.name, check.ok) == ("relay", False)
    assert check.sentence.endswith(sentence)


async def test_doctor_tells_the_day_on_which_a_version_ends() -> None:
    health = msgspec.json.encode(operations.Health("ok", ["v1", "v2"], "2024-10-04"))
    headers = {"Sunset": "Fri, 01 Aug 2025 00:00:00 GMT", "Deprecation": "@1722470400"}

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(body=health, content_type=operations.JSON, headers=headers)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    (check, _) = await examine_relay(f"http://{host}:{port}", NOW)
    await runner.cleanup()
    assert not check.ok
    assert "2025-08-01" in check.sentence
    assert "Update e2etherapy" in check.sentence


@pytest.mark.parametrize(
    ("versions", "sentence"),
    [
        (["v2"], NEWER),
        (["v2", "v3"], NEWER),
        (["v0"], OLDER),
        (["v0", "v2"], NEWER),
        (["v1"], None),
        (["v1", "v2"], None),
        ([], None),
        (["\x1b[2J", "v-1", "v2 ", "v\u0662", "v99999"], None),
    ],
)
def test_who_is_behind_is_told_where_it_can_be(versions: list[str], sentence: str | None) -> None:
    assert difference(versions) == sentence


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (404, problem(["v2"])),
        (200, problem(["v2"])),
        (400, problem(["v1"])),
        (400, problem(["v2"], "about:blank")),
        (400, b'{"type":"about:blank","title":"Bad request","status":400,"detail":"words"}'),
        (400, b"<h1>400 Bad Request</h1>"),
        (400, b'{"type":"\xff"}'),
        (400, b"[" * 100_000),
        (400, b""),
    ],
)
def test_another_answer_is_not_taken_for_it(status: int, answer: bytes) -> None:
    check(status, answer)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b'{"arrived":[0],"more":{"of":["this"]}}', operations.Arrivals),
        (b'{"status":"ok","versions":["v1"],"now":"2026-01-01","more":1}', operations.Health),
        (problem(["v1"])[:-1] + b',"more":null}', UnknownVersion),
    ],
)
def test_a_member_that_was_added_to_an_answer_is_no_stumbling_block(
    answer: bytes, kind: type[msgspec.Struct]
) -> None:
    assert isinstance(msgspec.json.decode(answer, type=kind), kind)


def test_it_is_an_answer_that_this_version_does_not_understand() -> None:
    assert issubclass(RelayVersionDiffers, RelayProtocolError)
