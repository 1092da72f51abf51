"""Real processes, killed at random moments: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from e2etherapy import errors
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault.records import Role
from e2etherapy.wire import base64url
from tests.support import correspondent
from tests.support.devices import HandClock, Home, home
from tests.support.relays import RelayProcess, relay_process

ROUNDS = 200 if os.environ.get("E2ETHERAPY_TEST_PROFILE") == "nightly" else 20
LONGEST_LIFE_SECONDS = 0.6
NAMES = {Role.THERAPIST: "Sam", Role.CLIENT: "Dr. Okafor"}
PATIENCE_SECONDS = 60


@dataclass
class Person:
    """One side: its vault, its process, and what it said that it has sent."""

    home: Home
    output: Path
    process: subprocess.Popen[bytes] | None = None
    lives: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)

    def live(self) -> None:
        """Start the process; texts of its first life sort before those of its second."""
        self.lives += 1
        printed: IO[bytes] = self._stack.enter_context(self.output.open("ab"))
        place, name = self.home.place, NAMES[self.home.role]
        self.process = subprocess.Popen(
            [
                sys.executable,
                correspondent.__file__,
                place.folder,
                place.state_folder,
                name,
                f"{self.home.role} {self.lives}",
            ],
            stdin=subprocess.PIPE,
            stdout=printed,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(errors.__file__).parents[1])},
        )
        assert self.process.stdin is not None
        self.process.stdin.write(self.home.key.hex().encode() + b"\n")
        self.process.stdin.flush()

    def die(self) -> None:
        """Kill the process where it is."""
        assert self.process is not None
        assert self.process.poll() is None, "it ended by itself"
        self.process.kill()
        self.process.communicate()

    def retire(self) -> None:
        """Let the process finish what it does."""
        assert self.process is not None
        self.process.communicate(timeout=PATIENCE_SECONDS)
        assert self.process.returncode == 0
        self._stack.close()

    def reported(self) -> list[str]:
        """Return the texts that were sent for certain."""
        lines = self.output.read_text().split("\n")
        return lines[:-1]


async def _meet(folder: Path, relay: RelayProcess) -> dict[Role, Person]:
    clock = HandClock()
    people = {
        role: Person(await home(folder, role, clock), folder / f"{role}.txt") for role in Role
    }
    url = f"http://127.0.0.1:{relay.port}"
    async with (
        await people[Role.THERAPIST].home.open() as therapist,
        await people[Role.CLIENT].home.open() as client,
    ):
        for messenger in (therapist, client):
            change = await messenger.device.begin_private()
            change.set("relay", url.encode())
            change.set("name", b"Dr. Okafor")
            await messenger.device.vault.commit(change)
        allowance = await _granted(relay)
        await therapist.set_allowance(allowance)
        await client.join((await therapist.invite("Sam")).link)
        await therapist.sync()
    return people


async def _granted(relay: RelayProcess) -> str:
    from e2etherapy.mailbox.capabilities import Allowance  # noqa: PLC0415 - beside its only use
    from e2etherapy.relay.sqlite.store import SqliteStore  # noqa: PLC0415 - beside its only use

    allowance = Allowance(os.urandom(32))
    store = await SqliteStore.open(relay.database)
    await store.grant(allowance.hash(), 4)
    await store.close()
    return base64url.encode(allowance)


def _in_order(texts: list[str]) -> list[tuple[int, int]]:
    """Return the life and number of each text of one author."""
    return [(int(text.split()[1]), int(text.split()[2])) for text in texts]


async def _drained(people: dict[Role, Person]) -> dict[Role, Messenger]:
    """Open both vaults and fetch until nothing is on its way."""
    messengers = {
        role: await correspondent.opened(person.home.place, person.home.key)
        for role, person in people.items()
    }
    for _ in range(4):
        for messenger in messengers.values():
            await messenger.sync()
    return messengers


async def test_processes_killed_at_any_moment_lose_nothing_and_repeat_nothing(
    tmp_path: Path,
) -> None:
    chance = random.Random(20_260_105)
    moment = threading.Event()
    with ExitStack() as relays:
        relay = relays.enter_context(relay_process(tmp_path))
        listen = f"127.0.0.1:{relay.port}"
        people = await _meet(tmp_path, relay)
        for person in people.values():
            person.live()
        for _ in range(ROUNDS):
            moment.wait(0.3 + chance.random() * LONGEST_LIFE_SECONDS)
            victim = chance.choice([None, *people.values()])
            if victim is None:
                relay.process.kill()
                relay.process.wait()
                relay = relays.enter_context(relay_process(tmp_path, listen))
            else:
                victim.die()
                victim.live()
        for person in people.values():
            person.retire()
        messengers = await _drained(people)
        try:
            for author, person in people.items():
                reader = messengers[author.other()]
                thread = await reader.thread(NAMES[author.other()])
                arrived = [message.text for message in thread if message.author is author]
                assert len(arrived) == len(set(arrived)), "something is there twice"
                assert set(person.reported()) <= set(arrived), "something was lost"
                assert _in_order(arrived) == sorted(_in_order(arrived))
                own = await messengers[author].thread(NAMES[author])
                said = [message.text for message in own if message.own]
                assert said == arrived, "the two sides show different conversations"
                assert len(person.reported()) >= person.lives
                assert all(book.entries for book in (await reader.journal_verify())[1:])
                assert all(view.missing == 0 for view in await reader.conversations())
        finally:
            for messenger in messengers.values():
                await messenger.__aexit__()
