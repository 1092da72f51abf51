"""Vaults on disk, and a clock that moves when told to.

A vault's passphrase is stretched once for each role in a test run: every further vault is a copy
of that one in a folder of its own, with its own memory of the vault's age.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from e2etherapy.messenger.clock import Sleep, day_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.settings import first_settings
from e2etherapy.primitives import passwords
from e2etherapy.vault import creation, keyslots, vault
from e2etherapy.vault.keyslots import DataKey
from e2etherapy.vault.vault import Place
from e2etherapy.wire.role import Role
from tests.support.people import seeded

PASSPHRASE = "drizzle on the tin roof"
MORNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
Connect = Callable[[str], RelayConnection]


@dataclass
class HandClock:
    """A clock that stands still until somebody moves it."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def today(self) -> int:
        """Return the day, as a relay's clock does."""
        return day_of(self.now)

    def forward(self, **span: float) -> None:
        """Move on by a `timedelta`."""
        self.now += timedelta(**span)


@dataclass(frozen=True)
class _Template:
    place: Place
    key: DataKey
    words: str


@functools.cache
def _shelf() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="vaults-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


_templates: dict[Role, _Template] = {}


async def _template(role: Role) -> _Template:
    if role not in _templates:
        place = Place(_shelf() / role / "vault", _shelf() / role / "state")
        draw = seeded(f"template of the {role}")
        first = first_settings(role, "http://127.0.0.1:1", None, None, draw)
        # Also where the first test that needs one has made passphrases cheap.
        with mock.patch.object(keyslots, "PASSPHRASE", passwords.PASSPHRASE):
            made, words = await creation.create(place, role, PASSPHRASE, first, draw)
        await made.close()
        key = keyslots.unlock_with_passphrase(keyslots.read(place.folder), PASSPHRASE)
        _templates[role] = _Template(place, key, words)
    return _templates[role]


@dataclass
class Home:
    """One person's vault on disk, which can be opened again and again, and copied."""

    place: Place
    role: Role
    key: DataKey
    words: str
    clock: HandClock
    connect: Connect = RelayConnection
    sleep: Sleep = asyncio.sleep
    _opened: int = field(default=0)

    async def open(self) -> Messenger:
        """Open the vault without stretching the passphrase."""
        self._opened += 1
        slots = keyslots.read(self.place.folder)
        opened = await vault.unlock(self.place, slots, self.key)
        return Messenger(
            Device(
                opened,
                clock=self.clock,
                entropy=seeded(f"{self.place.folder.name}, opened {self._opened}"),
                connect=self.connect,
                sleep=self.sleep,
            )
        )

    def copy_to(self, folder: Path) -> Path:
        """Copy the vault's folder as somebody with a file manager would."""
        shutil.copytree(self.place.folder, folder)
        return folder

    def restore_from(self, folder: Path) -> None:
        """Put a copy back in the vault's place."""
        shutil.rmtree(self.place.folder)
        shutil.copytree(folder, self.place.folder)

    def freeze(self, folder: Path) -> None:
        """Keep what is on this machine's disk at this moment, its memory of the vault too."""
        shutil.copytree(self.place.folder, folder / "vault")
        shutil.copytree(self.place.state_folder, folder / "state")

    def thaw(self, folder: Path) -> None:
        """Bring back what `freeze` kept, as after a crash at that moment."""
        self.restore_from(folder / "vault")
        shutil.rmtree(self.place.state_folder)
        shutil.copytree(folder / "state", self.place.state_folder)


async def home(
    folder: Path, role: Role, clock: HandClock, connect: Connect = RelayConnection
) -> Home:
    """Return a fresh vault in `folder`."""
    template = await _template(role)
    place = Place(folder / str(role), folder / f"state of the {role}")
    shutil.copytree(template.place.folder, place.folder)
    # As if it had been made here: this machine knows it, and it is no copy.
    shutil.copytree(template.place.state_folder, place.state_folder)
    return Home(place, role, template.key, template.words, clock, connect)
