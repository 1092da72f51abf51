"""A relay that stops waits for what is in flight once, and not for who does not go on."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import TYPE_CHECKING

from e2etherapy.mailbox.capabilities import OwnedMailbox
from e2etherapy.relay import server
from e2etherapy.relay.app import Relay
from e2etherapy.relay.listening import ListenAddress, parse_listen_address
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.settings import MetricsSettings, Settings
from tests.support.relays import PATIENCE_SECONDS, TODAY, deposit, draw

if TYPE_CHECKING:
    import pytest


async def test_what_is_still_in_flight_after_the_drain_is_not_waited_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drained = []

    async def drain(_relay: Relay, seconds: float) -> None:
        drained.append(seconds)

    monkeypatch.setattr(Relay, "drain", drain)
    listen = parse_listen_address("127.0.0.1:0")
    settings = Settings(listen, tmp_path / "relay.db", stop_seconds=300)
    log = RelayLog(io.StringIO(), lambda: TODAY)
    async with asyncio.timeout(PATIENCE_SECONDS):
        async with server.running(settings, log, lambda: TODAY) as listening:
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
            half = deposit(OwnedMailbox.generate(draw), bytes(16_384)).encode()[:-1_000]
            writer.write(half)
            await asyncio.sleep(0.2)
        assert drained == [300]
        assert await reader.read() == b""
        writer.close()


async def test_who_does_not_read_the_metrics_holds_up_no_stop(tmp_path: Path) -> None:
    page = tmp_path / "metrics.sock"
    settings = Settings(
        parse_listen_address("127.0.0.1:0"),
        tmp_path / "relay.db",
        metrics=MetricsSettings(ListenAddress(unix_path=page), 10.0),
    )
    log = RelayLog(io.StringIO(), lambda: TODAY)
    async with asyncio.timeout(PATIENCE_SECONDS / 2):
        async with server.running(settings, log, lambda: TODAY):
            _, writer = await asyncio.open_unix_connection(page, limit=1_024)
            writer.write(1_000 * b"GET /metrics HTTP/1.1\r\nHost: relay\r\n\r\n")
            await asyncio.sleep(0.5)
        writer.close()
