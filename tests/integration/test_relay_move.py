"""Moving a relay that runs, while clients deposit: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from e2etherapy.mailbox.capabilities import OwnedMailbox, Ticket
from e2etherapy.relay.database_place import PostgresDatabase
from tests.integration.test_relay_process import collected, mailbox, send, stop
from tests.support.postgres import Server
from tests.support.relays import (
    PATIENCE_SECONDS,
    acknowledgement,
    creation,
    deposit,
    draw,
    envelope,
    relay_process,
    tickets_request,
)

SENDERS = 4


def copy_by_command(source: Path, target: PostgresDatabase) -> dict[str, int]:
    command = [sys.executable, "-m", "e2etherapy.cli", "relay", "copy", "--json"]
    done = subprocess.run(
        [*command, "--from", source, "--to", target.url],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@dataclass
class Senders:
    """Clients that deposit one text after another, each until it is acknowledged.

    Attributes:
        port: where the relay is now.
        stored: every text that was acknowledged.
    """

    port: int
    owned: OwnedMailbox
    stored: list[str] = field(default_factory=list)
    enough: bool = False
    _news: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def deposit(self, sender: int) -> None:
        for number in itertools.takewhile(lambda _: not self.enough, itertools.count()):
            text = f"{sender} {number}"
            while not await asyncio.to_thread(is_stored, self.port, self.owned, text):
                pass
            self.stored.append(text)
            self._news.put_nowait(None)

    async def more(self, count: int) -> None:
        """Return once so many more were acknowledged."""
        while not self._news.empty():
            self._news.get_nowait()
        for _ in range(count):
            await self._news.get()


async def test_a_living_relay_is_moved_with_every_acknowledged_deposit_once(
    tmp_path: Path, postgres_server: Server
) -> None:
    target = await postgres_server.new_database()
    with relay_process(tmp_path) as old:
        spare, ticket = OwnedMailbox.generate(draw), Ticket(draw(32))
        senders = Senders(old.port, await asyncio.to_thread(mailbox, old))
        allowance = await asyncio.to_thread(old.allowance, 2)
        assert send(old.port, tickets_request(allowance, ticket))[0] == 204
        tasks = [asyncio.create_task(senders.deposit(sender)) for sender in range(SENDERS)]
        async with asyncio.timeout(3 * PATIENCE_SECONDS):
            await senders.more(40)
            copied = await asyncio.to_thread(copy_by_command, old.database, target)
            assert copied["envelopes"] >= 40
            old.process.terminate()
            with relay_process(tmp_path, postgres=target) as new:
                senders.port = new.port
                await senders.more(20)
                senders.enough = True
                await asyncio.gather(*tasks)
                kept = await asyncio.to_thread(collected, new.port, senders.owned)
                assert {envelope(text) for text in senders.stored} == set(kept)
                assert sorted(kept.values()) == list(range(1, len(senders.stored) + 1))
                assert send(new.port, creation(spare, ticket))[0] == 204
                assert send(new.port, acknowledgement(senders.owned, 10))[0] == 204
                assert stop(new) == 0


def is_stored(port: int, owned: OwnedMailbox, text: str) -> bool:
    """Deposit once and say whether it was acknowledged; 503 or no answer means to try again."""
    try:
        status, body = send(port, deposit(owned, envelope(text)))
    except (OSError, http.client.HTTPException):
        return False
    assert status in {204, 503}, body
    return status == 204
