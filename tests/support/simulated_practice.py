"""A therapist's caseload in virtual time: real vaults, a real relay, and days that pass at once.

What is drawn follows the figures of a practice: so many messages a day, so long, at any hour. What
is due is worked out beside the program, minute by minute.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from e2etherapy.messenger.care.agreeing import Wish
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.therapy.caseload.queue import Entry
from e2etherapy.wire.role import Role
from tests.support.devices import RelayAt, relay, set_up
from tests.support.homes import HandClock, home
from tests.support.people import seeded
from tests.support.slow_due import DAYS, WallClock

THERAPIST = "Dr. Okafor"
ZONE = "Europe/Berlin"
BERLIN = ZoneInfo(ZONE)
FIRST_DAY = datetime(2026, 3, 16, 0, 0, tzinfo=UTC)
"""A Monday; on the second Sunday after it the clock is set forward in Berlin."""
DAY_OFF = datetime(2026, 3, 25, tzinfo=UTC).date()
HALF_DAY = datetime(2026, 3, 19, tzinfo=UTC).date()
WISH = Wish(
    reply_within="1 working day",
    hours="Mon-Fri 09:00-17:00",
    zone=ZONE,
    crisis="Call 112. Nobody is watching this conversation.",
    holidays=f"{HALF_DAY} until 12:00\n{DAY_OFF}",
)
MESSAGES_A_DAY = 45
WORDS = ("slept", "rain", "walked", "afraid", "morning", "quiet", "sister", "again", "better", "no")
_SITTINGS = (9, 16)
"""Hours in Berlin at which the therapist reads and answers, on days with work."""
_ANSWERED_AT_ONCE = 0.8
_CLOCK = WallClock(
    BERLIN,
    {day: [("09:00", "17:00")] for day in DAYS[:5]},
    {HALF_DAY: "12:00", DAY_OFF: "00:00"},
)


@cache
def due(written: datetime) -> datetime:
    """Return by when a message is to be answered, by looking at the clock minute after minute."""
    moment = _CLOCK.due(int(written.timestamp()), 1, "working day")
    return datetime.fromtimestamp(moment, UTC)


@dataclass
class Client:
    """One client, and what the test knows of them.

    Attributes:
        said: every text of theirs, in order.
        heard: every text that was sent to them, in order.
        waiting: when they wrote what has no answer yet.
        flagged: when they asked for an answer sooner, until that is resolved.
    """

    name: str
    messenger: Messenger
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    waiting: list[datetime] = field(default_factory=list)
    flagged: list[datetime] = field(default_factory=list)

    def place(self) -> tuple[bool, datetime, str]:
        """Return where they belong in the queue."""
        if self.flagged:
            return False, min(self.flagged), self.name
        return True, min(map(due, self.waiting)), self.name


@dataclass
class SimulatedPractice:
    """A therapist with their clients, at the beginning of a day."""

    therapist: Messenger
    clients: list[Client]
    clock: HandClock
    relay: RelayAt
    chance: random.Random
    sent: int = 0

    async def live(self, days: int, begin: int = 0) -> None:
        """Let so many days pass, of which the first is that many days after the beginning."""
        for number in range(begin, begin + days):
            await self._day(FIRST_DAY + timedelta(days=number))

    async def _day(self, begin: datetime) -> None:
        sittings = [
            begin.astimezone(BERLIN).replace(hour=hour).astimezone(UTC) for hour in _SITTINGS
        ]
        if not _CLOCK.is_work(int(sittings[0].timestamp())):
            sittings = []
        moments = sorted(
            begin + timedelta(seconds=self.chance.randrange(86_400))
            for _ in range(self._messages(begin))
        )
        for moment in moments:
            while sittings and sittings[0] <= moment:
                await self._sit(sittings.pop(0))
            await self.write(moment)
        for sitting in sittings:
            await self._sit(sitting)
        for client in self.chance.sample(self.clients, len(self.clients) // 2):
            await client.messenger.sync()

    def _messages(self, begin: datetime) -> int:
        weekday = begin.weekday() < DAYS.index("Sat")
        return max(
            0, round(self.chance.gauss(MESSAGES_A_DAY if weekday else MESSAGES_A_DAY / 2, 6))
        )

    async def write(self, moment: datetime) -> None:
        """Let one of the clients write something, or ask for an answer sooner."""
        self.clock.now = moment
        client = self.chance.choice(self.clients)
        if self.chance.random() < 1 / 200:
            await client.messenger.ask_sooner(THERAPIST, "Please.")
            client.flagged.append(moment)
            return
        self.sent += 1
        text = f"{self.sent}: {self._words(69)}"
        assert (await client.messenger.send(THERAPIST, text)).state == "stored"
        client.said.append(text)
        client.waiting.append(moment)

    def _words(self, median: int) -> str:
        count = max(1, round(self.chance.lognormvariate(0, 1.1) * median))
        return " ".join(self.chance.choices(WORDS, k=min(count, 2_000)))

    async def _sit(self, moment: datetime) -> None:
        """Fetch, look at the queue, and answer most of it from the top."""
        self.clock.now = moment
        await self.therapist.sync()
        queue = await self.therapist.queue()
        self._check(queue)
        for entry in queue:
            client = next(one for one in self.clients if one.name == entry.name)
            if client.flagged:
                await self.therapist.resolve(client.name, "Called; is safe.")
                client.flagged.clear()
            if client.waiting and self.chance.random() < _ANSWERED_AT_ONCE:
                text = f"answer {len(client.heard) + 1}: {self._words(149)}"
                assert (await self.therapist.send(client.name, text)).state == "stored"
                client.heard.append(text)
                client.waiting.clear()

    def _check(self, queue: tuple[Entry, ...]) -> None:
        """Compare the queue with what it has to be: who, in which order, by when."""
        expected = sorted(
            (one for one in self.clients if one.waiting or one.flagged), key=Client.place
        )
        assert [entry.name for entry in queue] == [client.name for client in expected]
        for entry, client in zip(queue, expected, strict=True):
            assert entry.messages == len(client.waiting)
            assert entry.flagged == min(client.flagged, default=None)
            assert entry.due == min(map(due, client.waiting), default=None)
            late = (self.clock.now - entry.due) if entry.due else timedelta(0)
            assert entry.late == max(late, timedelta(0))


@asynccontextmanager
async def simulated_practice(
    folder: Path, clients: int, seed: int
) -> AsyncIterator[SimulatedPractice]:
    """Have a therapist who has agreed with each of so many clients."""
    clock = HandClock(FIRST_DAY - timedelta(days=1))
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(relay(folder / "relay", clock))
        therapist = await _person(folder / "therapist", Role.THERAPIST, at, THERAPIST)
        stack.push_async_callback(therapist.__aexit__)
        known = []
        for number in range(1, clients + 1):
            name = f"Client {number:02}"
            messenger = await _person(folder / name, Role.CLIENT, at, name)
            stack.push_async_callback(messenger.__aexit__)
            await messenger.join((await therapist.invite(name)).link)
            known.append(Client(name, messenger))
        await therapist.sync()
        for client in known:
            await therapist.propose_agreement(client.name, WISH)
            await client.messenger.sync()
            await client.messenger.accept_agreement(THERAPIST)
        await therapist.sync()
        yield SimulatedPractice(therapist, known, clock, at, random.Random(seed))


async def _person(folder: Path, role: Role, at: RelayAt, name: str) -> Messenger:
    folder.mkdir(parents=True)
    made = await home(folder, role, at.clock)
    await set_up(made, at, name)
    messenger = await made.open()
    messenger.device.entropy = seeded(f"entropy of {name}")
    return messenger
