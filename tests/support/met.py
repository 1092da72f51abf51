"""Two people who met once, and copies of them: to meet anew for each test takes seconds.

A copy has its own vaults, its own relay with its own database, and the address of the first: so at
any moment one copy of a meeting is at work.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import keyslots
from e2etherapy.vault.vault import Place
from tests.support.command_line import (
    PASSPHRASE,
    Pair,
    Person,
    Relay,
    acquainted,
    running_relay,
)

_QUICK = Argon2Profile(time_cost=1, memory_kib=64, parallelism=1)
"""A vault says itself what its passphrase costs; what it costs by default is tested elsewhere."""

_PORTS = range(21_000, 29_000)
"""Below those that the system gives to connections, so that none of them is taken between two."""


@dataclass(frozen=True)
class Meeting:
    """A folder with the vaults and the relay's database of two people in a conversation."""

    folder: Path
    address: str

    @contextmanager
    def copied(self, folder: Path) -> Iterator[tuple[Relay, Pair]]:
        """Have a copy in `folder`, with its relay running."""
        pair = self.copied_without_relay(folder)
        with running_relay(folder, self.address) as relay:
            yield relay, pair

    def copied_without_relay(self, folder: Path) -> Pair:
        """Make a copy in `folder`, for which no relay runs."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Pair(Person(folder, "client"), Person(folder, "therapist"))


def meet(folder: Path, number: int) -> Meeting:
    """Let two people meet, the first or second time in this process, at an address of their own."""
    address = f"127.0.0.1:{_free_port(number)}"
    with running_relay(folder, address) as relay:
        pair = acquainted(folder, relay)
    for person in (pair.client, pair.therapist):
        asyncio.run(_quicken(person))
    return Meeting(folder, address)


async def _quicken(person: Person) -> None:
    place = Place(person.home, person.folder / "state" / "e2etherapy")
    with mock.patch.object(keyslots, "PASSPHRASE", _QUICK):
        async with await Messenger.open(place, PASSPHRASE) as messenger:
            messenger.change_passphrase(PASSPHRASE)


def _free_port(number: int) -> int:
    """Return a port that goes by the process, as other runs may go on at the same time."""
    first = 2 * os.getpid() + number
    for step in range(0, len(_PORTS), 64):
        port = _PORTS[(first + step) % len(_PORTS)]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("No port is free.")
