"""Histories of real relays: what clients were answered could have happened one after another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from e2etherapy.relay import server
from e2etherapy.relay.database_place import DatabasePlace, PostgresDatabase
from e2etherapy.relay.sqlite.store import SqliteStore
from tests.conftest import PROFILE
from tests.support import postgres
from tests.support.broken_stores import BROKEN
from tests.support.lines import Line, issued_tickets
from tests.support.relays import PATIENCE_SECONDS, RelayProcess, relay, relay_process
from tests.support.town import Town

ROUNDS = 60 if PROFILE == "nightly" else 3
BLOCKS = 2
"""Each two households and a drawer with four clients each, all of them at the same time."""
CALLS = 12
MOST_ROUNDS = 12
"""A lost acknowledgement mostly shows in the first one, and once in thirty runs after the third."""
LONGEST_LIFE_SECONDS = 0.3


async def histories(
    place: DatabasePlace,
    ports: Sequence[int],
    seed: int,
    strike: Callable[[], int] | None = None,
) -> Town:
    """Let a town live at these relays, and look at what is there in the end.

    `strike` does something to them in the middle, and returns the port of one that is there.
    """
    opened: list[Line] = []

    def line() -> Line:
        opened.append(Line(ports[len(opened) % len(ports)]))
        return opened[-1]

    try:
        tickets = await issued_tickets(place, line(), 3 * Town.TICKETS_EACH * BLOCKS)
        town = Town(tickets, random.Random(seed))
        life = asyncio.create_task(town.live(line, CALLS))
        end = ports[0]
        if strike is not None:
            await asyncio.wait([life], timeout=town.chance.random() * LONGEST_LIFE_SECONDS)
            end = strike()
        await life
        opened.append(Line(end))
        await town.look(opened[-1])
    finally:
        for one in opened:
            one.close()
    return town


def relays(
    stack: ExitStack, folder: Path, nodes: int, database: postgres.Server | None
) -> list[RelayProcess]:
    """Run some relay processes over one database."""
    place = asyncio.run(database.new_database()) if database else None
    made = []
    for number in range(nodes):
        own = folder / f"{number}"
        own.mkdir()
        made.append(stack.enter_context(relay_process(own, postgres=place)))
    return made


@pytest.mark.parametrize(("kind", "nodes"), [("sqlite", 1), ("postgres", 1), ("postgres", 2)])
def test_what_clients_are_answered_could_have_happened_one_after_another(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, nodes: int
) -> None:
    database = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    with ExitStack() as stack:
        running = relays(stack, tmp_path, nodes, database)
        ports = [one.port for one in running]
        for seed in range(ROUNDS):
            town = asyncio.run(histories(running[0].place, ports, seed))
            assert town.stuck() == []
            assert town.operations() >= BLOCKS * 3 * 4 * CALLS


@pytest.mark.parametrize(("kind", "nodes"), [("sqlite", 1), ("postgres", 2)])
def test_also_where_a_relay_is_killed_in_the_middle(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, nodes: int
) -> None:
    database = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    with ExitStack() as stack:
        running = relays(stack, tmp_path, nodes, database)
        place = running[0].place

        def kill_and_restart() -> int:
            """Kill the node that serves half of the clients, or all, and start it again."""
            victim = running.pop()
            victim.process.kill()
            victim.process.wait(PATIENCE_SECONDS)
            postgres = place if isinstance(place, PostgresDatabase) else None
            again = relay_process(victim.log.parent, postgres=postgres)
            running.append(stack.enter_context(again))
            return running[-1].port

        for seed in range(ROUNDS):
            ports = [one.port for one in running]
            town = asyncio.run(histories(place, ports, seed, kill_and_restart))
            assert town.stuck() == []


@pytest.mark.parametrize("broken", [SqliteStore, *BROKEN])
async def test_a_store_that_breaks_one_promise_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: type[SqliteStore]
) -> None:
    monkeypatch.setattr(server, "open_store", broken.open)
    noticed, seed = False, 0
    async with relay(tmp_path) as running:
        while not noticed and seed < MOST_ROUNDS:
            town = await histories(running.database, [running.port], seed)
            noticed, seed = not town.is_right(), seed + 1
    assert noticed == (broken is not SqliteStore)
