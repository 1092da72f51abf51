"""Two people with real vaults, and a real relay in this process."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from e2etherapy.mailbox.capabilities import Allowance
from e2etherapy.messenger.care.agreeing import Wish
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.settings import Setting
from e2etherapy.relay.database import opened_store
from e2etherapy.relay.database_place import DatabasePlace
from e2etherapy.relay.listening import parse_listen_address
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.server import running
from e2etherapy.relay.settings import Settings
from e2etherapy.vault import conversations
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire import base64url
from e2etherapy.wire.role import Role
from tests.support.homes import Connect, HandClock, Home, home
from tests.support.people import seeded


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


WISH = Wish(
    reply_within="1 working day",
    hours="Mon-Fri 09:00-17:00",
    zone="Europe/Berlin",
    crisis="Call 112. Nobody is watching this conversation.",
)


async def agree(pair: Two, wish: Wish = WISH) -> None:
    """Let the therapist propose an agreement, the client accept it, and both know."""
    await pair.therapist.propose_agreement("Sam", wish)
    await pair.client.sync()
    await pair.client.accept_agreement("Dr. Okafor")
    await pair.therapist.sync()
