"""Real processes, killed at random moments: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from e2etherapy import errors
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.views import MessageView
from e2etherapy.wire.role import Role
from tests.conftest import PROFILE
from tests.support import correspondent
from tests.support.devices import RelayAt, set_up
from tests.support.homes import HandClock, Home, home
from tests.support.relays import RelayProcess, relay_process

ROUNDS = 200 if PROFILE == "nightly" else 20
ROUNDS_BETWEEN_ACCOUNTS = 10
LONGEST_WAIT_SECONDS = 0.4
"""A text is written, delivered and fetched in a tenth of this, also on a busy machine."""
NAMES = {Role.THERAPIST: "Sam", Role.CLIENT: "Dr. Okafor"}
PATIENCE_SECONDS = 60


@dataclass
class Person:
    """One side: its vault, its process, and the texts of which that process said `send` returned.

    Attributes:
        spoke: set once the process of the present life has sent something.
        working_lives: how many of its processes had sent something when they ended.
    """

    home: Home
    lives: int = 0
    working_lives: int = 0
    reported: list[str] = field(default_factory=list)
    spoke: threading.Event = field(default_factory=threading.Event)
    _process: subprocess.Popen[str] = field(init=False)
    _listener: threading.Thread = field(init=False)

    def live(self) -> None:
        """Start a process; texts of one life sort before those of the next."""
        self.lives += 1
        self.spoke.clear()
        place, name = self.home.place, NAMES[self.home.role]
        self._process = subprocess.Popen(
            [
                sys.executable,
                correspondent.__file__,
                place.folder,
                place.state_folder,
                name,
                f"{self.home.role} {self.lives}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(errors.__file__).parents[1])},
        )
        assert self._process.stdin is not None
        self._process.stdin.write(self.home.key.hex() + "\n")
        self._process.stdin.flush()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def die(self) -> None:
        """Kill the process where it is."""
        self._process.kill()
        self._listener.join(PATIENCE_SECONDS)
        assert self._process.wait(PATIENCE_SECONDS) == -signal.SIGKILL, "it ended by itself"
        assert self._process.stdin is not None
        self._process.stdin.close()
        self.working_lives += self.spoke.is_set()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as printed:
            for line in printed:
                if line.endswith("\n"):
                    self.reported.append(line.strip())
                    self.spoke.set()


@dataclass
class Stage:
    """A relay in a process, and two people in theirs."""

    folder: Path
    chance: random.Random
    people: dict[Role, Person] = field(default_factory=dict)
    relay: RelayProcess = field(init=False)
    relays: ExitStack = field(default_factory=ExitStack)

    async def set(self) -> None:
        """Start the relay and let the two people meet."""
        clock = HandClock()
        self.relay = self._new_relay(f"127.0.0.1:{_port_that_no_client_is_given()}")
        at = RelayAt(self.relay.announced["url"], self.relay.database, clock)
        for role in Role:
            self.people[role] = Person(await home(self.folder, role, clock))
            await set_up(self.people[role].home, at, NAMES[role.other()])
        async with AsyncExitStack() as vaults:
            opened = await self.vaults(vaults)
            await opened[Role.CLIENT].join((await opened[Role.THERAPIST].invite("Sam")).link)
            await opened[Role.THERAPIST].sync()

    def kill_somebody(self) -> None:
        """Kill one of the three at some moment, usually in the middle of work, and restart it."""
        victim = self.chance.choice([None, *self.people.values()])
        if self.chance.random() < 0.75:
            for person in self.people.values():
                assert person.spoke.wait(PATIENCE_SECONDS)
        threading.Event().wait(self.chance.random() * LONGEST_WAIT_SECONDS)
        if victim is None:
            self.relay.process.kill()
            self.relay.process.wait(PATIENCE_SECONDS)
            self.relay = self._new_relay(f"127.0.0.1:{self.relay.port}")
        else:
            victim.die()
            victim.live()

    async def vaults(self, stack: AsyncExitStack) -> dict[Role, Messenger]:
        """Open both vaults in this process, while nobody else has them open."""
        return {
            role: await stack.enter_async_context(
                await correspondent.opened(person.home.place, person.home.key)
            )
            for role, person in self.people.items()
        }

    def _new_relay(self, listen: str) -> RelayProcess:
        return self.relays.enter_context(relay_process(self.folder, listen))


def _port_that_no_client_is_given() -> int:
    """Return a free port outside of the range that connections start from.

    Else a client that calls while the relay is dead may be given the relay's own port, reach
    itself, and keep the relay from coming back.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(first - 10_000, first), 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("every port is taken")


def _in_order(texts: list[str]) -> list[tuple[int, int]]:
    """Return the life and number of each text of one author."""
    return [(int(text.split()[1]), int(text.split()[2])) for text in texts]


async def _thread(messenger: Messenger) -> list[MessageView]:
    return await messenger.thread(NAMES[messenger.role])


async def _settle_accounts(stage: Stage) -> None:
    """With both people dead: what one calls stored, the other can fetch without them."""
    async with AsyncExitStack() as stack:
        opened = await stage.vaults(stack)
        threads = {role: await _thread(messenger) for role, messenger in opened.items()}
        for author, thread in threads.items():
            there = {view.text for view in threads[author.other()]}
            assert {view.text for view in thread if view.state == "fetched"} <= there
        said = {
            author: {view.text for view in thread if view.own and view.state != "on_device"}
            for author, thread in threads.items()
        }
        for reader, messenger in opened.items():
            await messenger.sync()
            assert said[reader.other()] <= {view.text for view in await _thread(messenger)}


async def _check_everything(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        opened = await stage.vaults(stack)
        for _ in range(4):
            for messenger in opened.values():
                await messenger.sync()
        for author, person in stage.people.items():
            reader = opened[author.other()]
            arrived = [view.text for view in await _thread(reader) if not view.own]
            assert len(arrived) == len(set(arrived)), "something is there twice"
            assert set(person.reported) <= set(arrived), "something was lost"
            assert _in_order(arrived) == sorted(_in_order(arrived))
            own = [view for view in await _thread(opened[author]) if view.own]
            assert [view.text for view in own] == arrived, "the two sides differ"
            assert all(view.state != "on_device" for view in own)
            # At most the one text that was being sent when a process died was not reported.
            assert len(arrived) <= len(person.reported) + person.lives
            assert all(book.entries for book in (await reader.journal_verify())[1:])
            assert all(view.missing == 0 for view in await reader.conversations())
            assert (await reader.sync()).unsent == 0


async def test_processes_killed_at_any_moment_lose_nothing_and_repeat_nothing(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path, random.Random(20_260_105))
    with stage.relays:
        await stage.set()
        for _ in range(0, ROUNDS, ROUNDS_BETWEEN_ACCOUNTS):
            for person in stage.people.values():
                person.live()
            for _ in range(ROUNDS_BETWEEN_ACCOUNTS):
                stage.kill_somebody()
            for person in stage.people.values():
                person.die()
            await _settle_accounts(stage)
        await _check_everything(stage)
    lives = sum(person.lives for person in stage.people.values())
    assert sum(person.working_lives for person in stage.people.values()) > lives / 2
