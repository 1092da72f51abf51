"""Two people with real vaults, a hostile relay between them, and devices that crash."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from e2etherapy.errors import E2ETherapyError, RelayError
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault import keyslots, vault
from e2etherapy.vault.database import Database
from e2etherapy.vault.keyslots import DataKey, KeySlots
from e2etherapy.vault.vault import Place, Vault
from e2etherapy.wire import base64url
from e2etherapy.wire.role import Role
from tests.support.crash_points import Crash, CrashingDatabase, CrashPoints
from tests.support.hostile_batches import Lie
from tests.support.hostile_relay import HostileConnection, HostileRelay, Trouble
from tests.support.ledger import Ledger
from tests.support.people import seeded

URL = "http://127.0.0.1:8700"
THERAPIST = "therapist"
CLIENT = "client"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Adversity(NamedTuple):
    """What one step meets: a relay call in trouble, the device's end, lies about batches."""

    trouble: tuple[int, Trouble] | None = None
    crash: int | None = None
    lie: Lie | None = None


CALM = Adversity()


@dataclass
class Owner:
    """A person with a device, which may be a new process after every crash."""

    name: str
    folder: Path
    state_folder: Path
    slots: KeySlots
    key: DataKey
    entropy: Entropy
    lives: int = 0
    messenger: Messenger = field(init=False)
    points: CrashPoints = field(init=False)
    connection: HostileConnection = field(init=False)

    @property
    def db(self) -> Database:
        """The vault's open database."""
        return self.messenger.device.vault.db


class Template(NamedTuple):
    """Two fresh vaults on disk; every example works on copies of them."""

    folder: Path
    keys: dict[str, tuple[KeySlots, DataKey]]


async def make_template(folder: Path) -> Template:
    """Make both vaults, which takes Argon2 four times."""
    keys = {}
    allowance = base64url.encode(bytes(32))
    for name, role in ((THERAPIST, Role.THERAPIST), (CLIENT, Role.CLIENT)):
        place = Place(folder / name, folder / "state")
        messenger, _ = await Messenger.create(
            place,
            role,
            "template",
            URL,
            name=f"The {name}",
            allowance=allowance if role is Role.THERAPIST else None,
        )
        async with messenger:
            slots = keyslots.read(place.folder)
            keys[name] = (slots, keyslots.unlock_with_passphrase(slots, "template"))
    return Template(folder, keys)


@dataclass
class TwoPeople:
    """The whole world of one example."""

    owners: dict[str, Owner]
    relay: HostileRelay
    ledger: Ledger
    now: datetime = START

    @classmethod
    async def begin(cls, template: Template, folder: Path) -> TwoPeople:
        """Copy the template and open both vaults."""
        owners = {}
        shutil.copytree(template.folder, folder)
        for name, (slots, key) in template.keys.items():
            owners[name] = Owner(
                name, folder / name, folder / "state", slots, key, seeded(f"owner/{name}")
            )
        world = cls(owners, HostileRelay(), Ledger())
        world.relay.before_collecting = world._release_what_would_be_lost
        for owner in owners.values():
            await world._start(owner)
        return world

    async def end(self) -> None:
        """Close both vaults."""
        for owner in self.owners.values():
            await owner.messenger.device.__aexit__()

    async def restart(self, name: str) -> None:
        """Close a device in order and open it again."""
        owner = self.owners[name]
        await owner.messenger.device.__aexit__()
        await self._start(owner)

    async def attempt(
        self, name: str, step: Callable[[Messenger], Awaitable[object]], adversity: Adversity
    ) -> E2ETherapyError | None:
        """Let a person try something; return the error that it met.

        A crash is followed by a new start from what was on disk.
        """
        owner = self.owners[name]
        owner.connection.arm(adversity.trouble, adversity.lie)
        owner.points.arm(adversity.crash)
        met: E2ETherapyError | None = None
        try:
            await step(owner.messenger)
        except RelayError as error:
            met = error
        except Crash:
            assert owner.points.crashed
        owner.connection.arm(None)
        owner.points.arm(None)
        if owner.points.crashed:
            await self._come_back(owner)
        return met

    async def _come_back(self, owner: Owner) -> None:
        await owner.messenger.device.__aexit__()
        shutil.rmtree(owner.folder)
        owner.folder = self._survivor(owner)
        await self._start(owner)

    async def _start(self, owner: Owner) -> None:
        owner.lives += 1
        place = Place(owner.folder, owner.state_folder)
        opened = await vault.unlock(place, owner.slots, owner.key)
        owner.points = CrashPoints(owner.folder, self._survivor(owner))
        self._watch(owner, opened)
        owner.connection = HostileConnection(self.relay, owner.points)

        def connect(_url: str) -> RelayConnection:
            return owner.connection

        device = Device(opened, clock=lambda: self.now, entropy=owner.entropy, connect=connect)
        owner.messenger = Messenger(device)

    def _watch(self, owner: Owner, opened: Vault) -> None:
        """Let the vault's database crash, also each time that it is opened again."""
        plain = opened.resume

        def watched() -> None:
            opened._db = CrashingDatabase(
                opened.db, owner.points, lambda done: self.ledger.committed(owner.name, done)
            )

        async def resume() -> None:
            was_open = opened._db is not None
            await plain()
            if not was_open:
                watched()

        opened.resume = resume  # type: ignore[method-assign]
        watched()

    def pass_time(self, hours: int) -> None:
        """Move the clock of both devices."""
        self.now += timedelta(hours=hours)

    def _survivor(self, owner: Owner) -> Path:
        return owner.state_folder.parent / f"{owner.name}.{owner.lives}"

    def _release_what_would_be_lost(self, mailbox: bytes) -> None:
        """Withhold no envelope for more turns than a conversation keeps the keys of.

        Longer is the same as destroying it, which is a case of its own.
        """
        known = self.relay.mailboxes.get(mailbox)
        for entry in known.entries if known is not None else []:
            name = entry.name()
            if entry.withheld and self.ledger.turns_behind(name) >= MOST_TURNS_WITHHELD:
                entry.withheld = False


MOST_TURNS_WITHHELD = 3
