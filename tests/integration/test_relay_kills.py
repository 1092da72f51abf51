"""Relays and databases killed in the middle of everything: every promise that was made is kept."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2etherapy.relay import server
from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.sqlite.store import SqliteStore
from tests.conftest import PROFILE
from tests.support import postgres
from tests.support.broken_stores import (
    LetsTwoWin,
    LosesADeposit,
    LosesAnAcknowledgement,
    PaysTwice,
)
from tests.support.lines import Line
from tests.support.load import Load
from tests.support.relays import PATIENCE_SECONDS, RelayAt, RelayProcess, relay, relay_process

ROUNDS = 125 if PROFILE == "nightly" else 5
"""Of each of the four ways to die."""
LONGEST_LIFE_SECONDS = 0.4
"""From the first few answers on; groups of deposits are committed every few milliseconds."""
FIRST_ANSWERS = 20
CONTESTS = 12
MOST_LIVES = 8
"""A lost acknowledgement shows in six of seven; or the next of its mailbox made up for it."""
BROKEN_PROMISES = [
    LetsTwoWin,
    LosesADeposit,
    LosesAnAcknowledgement,
    PaysTwice,
]


@dataclass
class Nodes:
    """Relay processes over one database, each of which comes back when it was killed."""

    folder: Path
    place: PostgresDatabase | None = None
    running: list[RelayProcess] = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        self.running.append(
            self.stack.enter_context(relay_process(self.folder, postgres=self.place))
        )

    def kill(self, number: int) -> None:
        victim = self.running.pop(number)
        victim.process.kill()
        victim.process.wait(PATIENCE_SECONDS)

    @property
    def ports(self) -> list[int]:
        return [one.port for one in self.running]


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    made = Nodes(tmp_path)
    with made.stack:
        yield made


async def live_until(
    load: Load, ports: list[int], answers: int = FIRST_ANSWERS
) -> asyncio.Task[None]:
    """Start the load; return at some moment in the middle of it."""
    life = asyncio.create_task(load.run(ports))
    before = load.answers
    async with asyncio.timeout(PATIENCE_SECONDS):
        while load.answers < before + answers and not life.done():
            await asyncio.wait([life], timeout=0.005)
    await asyncio.wait([life], timeout=load.chance.random() * LONGEST_LIFE_SECONDS)
    return life


async def prepared(load: Load, node: RelayProcess) -> None:
    with closing(Line(node.port)) as line:
        await load.prepare(node.place, line, CONTESTS)


async def settled(load: Load, *ports: int) -> None:
    for port in ports:
        with closing(Line(port)) as line:
            await load.settle(line)


async def one_quiet_life(running: RelayAt, load: Load) -> None:
    with closing(Line(running.port)) as line:
        await load.prepare(running.database, line, CONTESTS)
        life = await live_until(load, [running.port], answers=300)
        load.stopped = True
        await life
        await load.settle(line)


@pytest.mark.parametrize("broken", [SqliteStore, *BROKEN_PROMISES])
async def test_a_promise_that_is_not_kept_is_noticed_also_without_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: type[SqliteStore]
) -> None:
    monkeypatch.setattr(server, "open_store", broken.open)
    noticed, lives = False, 0
    async with relay(tmp_path) as running:
        while not noticed and lives < MOST_LIVES:
            try:
                await one_quiet_life(running, Load(random.Random(lives)))
            except AssertionError:
                noticed = True
            lives += 1
    assert noticed == (broken is not SqliteStore)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_relay_killed_during_group_commits_has_kept_every_promise(
    nodes: Nodes, request: pytest.FixtureRequest, kind: str
) -> None:
    if kind == "postgres":
        database: postgres.Server = request.getfixturevalue("postgres_server")
        nodes.place = asyncio.run(database.new_database())

    nodes.start()

    async def one_life(load: Load) -> None:
        await prepared(load, nodes.running[0])
        life = await live_until(load, nodes.ports)
        nodes.kill(0)
        await life
        nodes.start()
        await settled(load, *nodes.ports)

    unanswered = 0
    for round_ in range(ROUNDS):
        load = Load(random.Random(round_))
        asyncio.run(one_life(load))
        unanswered += load.unanswered
    assert unanswered, "no request was in flight at any of the kills"


def test_of_two_nodes_the_one_that_is_killed_takes_nothing_with_it(
    nodes: Nodes, postgres_server: postgres.Server
) -> None:
    nodes.place = asyncio.run(postgres_server.new_database())
    nodes.start()

    async def one_life(load: Load) -> None:
        nodes.start()
        await prepared(load, nodes.running[0])
        life = await live_until(load, nodes.ports)
        nodes.kill(0)
        before = load.answers
        await asyncio.wait([life], timeout=0.1)
        load.stopped = True
        await life
        assert load.answers > before, "the other one did not go on"
        await settled(load, *nodes.ports)

    for round_ in range(ROUNDS):
        asyncio.run(one_life(Load(random.Random(round_))))


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


def test_a_database_server_that_dies_and_comes_back_has_kept_every_promise(
    nodes: Nodes, own_server: postgres.Server
) -> None:
    nodes.place = own_server.place()
    nodes.start()

    async def one_life(load: Load, round_: int) -> None:
        await prepared(load, nodes.running[0])
        life = await live_until(load, nodes.ports)
        if round_ % 2:
            await asyncio.to_thread(own_server.kill_a_backend, load.chance)
        else:
            await asyncio.to_thread(own_server.stop)
            await asyncio.to_thread(own_server.start)
        await asyncio.wait([life], timeout=0.1)
        load.stopped = True
        await life
        await settled(load, *nodes.ports)

    for round_ in range(ROUNDS):
        asyncio.run(one_life(Load(random.Random(round_)), round_))
