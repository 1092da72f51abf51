"""Real vaults, a real relay in this process, and a clock that moves when told to.

A vault's passphrase is stretched once for each role in a test run: every further vault is a copy
of that one in a folder of its own, with its own memory of the vault's age.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import io
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from e2etherapy.errors import RelayUnreachable
from e2etherapy.mailbox.capabilities import Allowance, OwnerKey
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.messenger.clock import Sleep, day_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.settings import Setting, first_settings
from e2etherapy.relay.database import opened_store
from e2etherapy.relay.database_place import DatabasePlace
from e2etherapy.relay.listening import parse_listen_address
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.server import running
from e2etherapy.relay.settings import Settings
from e2etherapy.vault import conversations, creation, keyslots, vault
from e2etherapy.vault.keyslots import DataKey
from e2etherapy.vault.records import ConversationRecord, Role
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url
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
class RelayAt:
    """Where a relay in this process can be reached, and its database."""

    url: str
    database: DatabasePlace

    @property
    def file(self) -> Path:
        """The file of a relay that keeps its database in one."""
        assert isinstance(self.database, Path)
        return self.database

    clock: HandClock

    async def allowance(self, mailboxes: int = 100) -> str:
        """Grant an allowance, as `e2etherapy relay allow` does."""
        allowance = Allowance(seeded(f"allowance for {mailboxes}")(Allowance.SIZE))
        async with opened_store(self.database) as store:
            await store.grant(allowance.hash(), mailboxes)
        return base64url.encode(allowance)


@asynccontextmanager
async def relay(folder: Path, clock: HandClock, port: int = 0) -> AsyncIterator[RelayAt]:
    """Run a relay with its database in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "relay.db"
    settings = Settings(parse_listen_address(f"127.0.0.1:{port}"), database)
    log = RelayLog(io.StringIO(), clock.today)
    async with running(settings, log, clock.today) as listening:
        yield RelayAt(listening.url, database, clock)


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


async def set_up(at: Home, relay_at: RelayAt, name: str) -> None:
    """Give a vault its relay, its owner's name and, to a therapist, an allowance."""
    async with await at.open() as messenger:
        change = await messenger.device.begin_private()
        change.set(Setting.RELAY, relay_at.url.encode())
        change.set(Setting.NAME, name.encode())
        await messenger.device.vault.commit(change)
        if at.role is Role.THERAPIST:
            await messenger.set_allowance(await relay_at.allowance())


@dataclass
class Two:
    """A therapist and a client with open vaults, their homes, clock and relay."""

    therapist: Messenger
    client: Messenger
    therapist_home: Home
    client_home: Home
    relay: RelayAt
    clock: HandClock

    async def meet(self) -> str:
        """Invite, join, and let the therapist open the opening; return the link."""
        invitation = await self.therapist.invite("Sam")
        await self.client.join(invitation.link)
        await self.therapist.sync()
        return invitation.link

    async def talk(self, turns: int = 2) -> None:
        """Let each side write in turn, the client first."""
        for turn in range(turns):
            author, name, reader = (
                (self.client, "Dr. Okafor", self.therapist)
                if turn % 2 == 0
                else (self.therapist, "Sam", self.client)
            )
            await author.send(name, f"turn {turn + 1}")
            await reader.sync()


@asynccontextmanager
async def two(
    folder: Path,
    *,
    met: bool = True,
    turns: int = 0,
    client_connect: Connect = RelayConnection,
    therapist_connect: Connect = RelayConnection,
) -> AsyncIterator[Two]:
    """Have a relay, a therapist (Dr. Okafor) and a client (Sam)."""
    clock = HandClock()
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(relay(folder / "relay", clock))
        therapist = await home(folder, Role.THERAPIST, clock, therapist_connect)
        client = await home(folder, Role.CLIENT, clock, client_connect)
        await set_up(therapist, at, "Dr. Okafor")
        await set_up(client, at, "Sam")
        pair = Two(await therapist.open(), await client.open(), therapist, client, at, clock)
        stack.push_async_callback(_close, pair)
        if met:
            await pair.meet()
        await pair.talk(turns)
        yield pair


async def _close(pair: Two) -> None:
    """Close whatever messengers the pair holds by now; a test may have reopened them."""
    await pair.therapist.__aexit__()
    await pair.client.__aexit__()


async def record_of(messenger: Messenger, name: str) -> ConversationRecord:
    """Return what a vault holds of a conversation."""
    return await conversations.named(messenger.device.vault.db, name)


async def texts(messenger: Messenger, name: str) -> list[str]:
    """Return the words of a thread in its order."""
    return [message.text for message in await messenger.thread(name)]


class Ended(BaseException):
    """The program is gone: nothing in it may catch this."""


class Line:
    """A way to the relay that can be cut at one call, before or after it took effect.

    Attributes:
        calls: requests since the last `cut`.
        down: nothing gets through.
        batches: whether the relay at its end knows them.
        snapshot: called at the cut, as if the program ended there; without it, the cut is met as
            any failure of the network is.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.fail_at: int | None = None
        self.after_effect = False
        self.down = False
        self.batches = True
        self.snapshot: Callable[[], object] | None = None

    def cut(self, call: int, *, after_effect: bool) -> None:
        """Fail at call number `call` from now on, counted from 1."""
        self.calls = 0
        self.fail_at = call
        self.after_effect = after_effect

    def mend(self) -> None:
        """Let everything through."""
        self.fail_at = None
        self.down = False
        self.snapshot = None

    def fail(self) -> BaseException:
        """Return how the cut shows itself."""
        if self.snapshot is not None:
            self.snapshot()
            return Ended()
        return RelayUnreachable("The line was cut.")

    def connect(self, url: str) -> RelayConnection:
        """Make a connection over this line."""
        return _ConnectionOverLine(url, self)


class _ConnectionOverLine(RelayConnection):
    def __init__(self, url: str, line: Line) -> None:
        super().__init__(url)
        self._line = line

    async def features(self) -> frozenset[str]:
        return await super().features() if self._line.batches else frozenset()

    async def _call(self, *given: object, **named: object) -> bytes:
        line = self._line
        line.calls += 1
        failing = line.down or line.calls == line.fail_at
        if failing and not line.after_effect:
            raise line.fail()
        answer = await super()._call(*given, **named)  # type: ignore[arg-type]
        if failing:
            raise line.fail()
        return answer


class Meddler:
    """An operator who decides, envelope by envelope, what one device is shown and when."""

    def __init__(self) -> None:
        self.held: list[bytes] = []
        self.rearrange: Callable[[list[bytes]], list[bytes]] | None = None

    def connect(self, url: str) -> RelayConnection:
        """Make a connection that passes through the operator's hands."""
        return _ConnectionThroughHands(url, self)


class _ConnectionThroughHands(RelayConnection):
    """Takes every envelope from the relay, and shows what it is told to under rising positions."""

    def __init__(self, url: str, meddler: Meddler) -> None:
        super().__init__(url)
        self._meddler = meddler
        self._taken = 0

    async def features(self) -> frozenset[str]:
        return frozenset()

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        if self._meddler.rearrange is None:
            return await super().wait(mailboxes, seconds)
        return list(range(len(mailboxes)))

    async def collect(self, owner_key: OwnerKey, after: int) -> list[StoredEnvelope]:
        meddler = self._meddler
        if meddler.rearrange is None:
            return await super().collect(owner_key, after)
        self._taken = max(self._taken, after)
        while page := await super().collect(owner_key, self._taken):
            meddler.held += [stored.envelope for stored in page]
            self._taken = page[-1].position
        shown = meddler.rearrange(meddler.held)
        meddler.held = [envelope for envelope in meddler.held if envelope not in shown]
        return [StoredEnvelope(after + 1 + index, item) for index, item in enumerate(shown)]

    async def acknowledge(self, owner_key: OwnerKey, through: int) -> None:
        if self._meddler.rearrange is None:
            await super().acknowledge(owner_key, through)
