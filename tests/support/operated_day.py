"""A day of two therapists and their clients at an operated relay, and all that it leaves behind."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.settings import Setting
from e2etherapy.relay.sqlite.operator_view import waiting_envelopes
from e2etherapy.vault import conversations, keyslots, vault
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire import base64url
from e2etherapy.wire.role import Role
from tests.support.command_line import run
from tests.support.devices import RelayAt
from tests.support.homes import HandClock, home
from tests.support.operated import Operated
from tests.support.people import seeded

THERAPISTS = ("Dr. Marguerite Delacroix", "Dr. Oluwaseun Okonkwo")
CLIENTS = ("Sebastian", "Wilhelmina", "Anneliese", "Bartholomew", "Cassiopeia", "Deborah-Lynn")
WORDS = ("supermarket", "grandmother", "trembling", "loneliness", "Schlaflosigkeit", "呼吸練習")
HOURS = 24
FILE = ("lithium-levels.pdf", "application/pdf", b"laboratory findings " * 2_000)


@dataclass
class Left:
    """What a day of operation has left behind.

    Attributes:
        told: what anybody on the machine could read while it ran: log, output, metrics, counts,
            command line, environment.
        at_rest: every file that held rows, by name: the database, its log, backups.
        records: what the devices know, from which every key and id follows.
        allowances: as the therapists got them.
        span: when it began and ended, in seconds since 1970.
        acknowledged: envelopes that waited in the evening and were fetched then.
    """

    folder: Path
    told: dict[str, str] = field(default_factory=dict)
    at_rest: dict[str, bytes] = field(default_factory=dict)
    records: list[ConversationRecord] = field(default_factory=list)
    allowances: list[bytes] = field(default_factory=list)
    span: tuple[int, int] = (0, 0)
    acknowledged: list[bytes] = field(default_factory=list)

    def look(self, relay: Operated, moment: str) -> None:
        """Take down what can be seen now."""
        process = Path(f"/proc/{relay.process.pid}")
        self.told[f"metrics {moment}"] = relay.scrape()[1]
        self.told[f"command {moment}"] = (process / "cmdline").read_text()
        self.told[f"environment {moment}"] = (process / "environ").read_text(errors="replace")
        for command in ("stats", "doctor"):
            listen = ("--listen", "127.0.0.1:1") if command == "doctor" else ()
            for form in ((), ("--json",)):
                found = run(self.folder, "relay", command, "--database", "relay.db", *listen, *form)
                assert found.code in {0, 41}, found.errors
                self.told[f"{command} {form} {moment}"] = found.text + found.errors
        made = run(
            self.folder, "relay", "backup", "--database", "relay.db", "--to", f"{moment}.backup"
        )
        assert made.code == 0, made.errors
        self.told[f"backup {moment}"] = made.text + made.errors
        for path in self.folder.glob("relay.db*"):
            self.at_rest[f"{path.name} {moment}"] = path.read_bytes()
        self.at_rest[f"backup {moment}"] = (self.folder / f"{moment}.backup").read_bytes()

    @property
    def keys(self) -> set[bytes]:
        """Everything that gives a right."""
        found = {bytes(value) for record in self.records for value in _keys_of(record)}
        return found | set(self.allowances)

    @property
    def hashes(self) -> set[bytes]:
        """Everything that stands for a mailbox or a right in the database."""
        found = set()
        for record in self.records:
            found.add(bytes(record.mailbox.owner_key.mailbox()))
            found.add(bytes(record.mailbox.deposit_key.hash()))
        return found


def _keys_of(record: ConversationRecord) -> list[bytes]:
    own = [record.mailbox.owner_key, record.mailbox.deposit_key]
    return [*own, *([record.peer.key] if record.peer else [])]


async def _person(name: str, at: RelayAt, folder: Path) -> Messenger:
    """Open a vault of somebody's own, with entropy of their own."""
    role = Role.THERAPIST if name in THERAPISTS else Role.CLIENT
    made = await home(folder / name.replace(" ", ""), role, at.clock)
    opened = await vault.unlock(made.place, keyslots.read(made.place.folder), made.key)
    messenger = Messenger(
        Device(opened, clock=at.clock, entropy=seeded(name), connect=RelayConnection)
    )
    change = await messenger.device.begin_private()
    change.set(Setting.RELAY, at.url.encode())
    change.set(Setting.NAME, name.encode())
    await messenger.device.vault.commit(change)
    return messenger


def _allowance(folder: Path) -> str:
    chosen = ("relay", "allow", "--database", "relay.db", "--mailboxes", "40", "--json")
    return str(run(folder, *chosen).data["allowance"])


async def live_a_day(folder: Path, relay: Operated, found: Left) -> None:
    clock = HandClock()
    at = RelayAt(relay.announced["url"], relay.database, clock)
    async with AsyncExitStack() as vaults:
        people = {}
        for name in (*THERAPISTS, *CLIENTS):
            person = await _person(name, at, folder)
            people[name] = await vaults.enter_async_context(person)
        for name in THERAPISTS:
            allowance = _allowance(found.folder)
            found.allowances.append(base64url.decode(allowance, 32))
            await people[name].set_allowance(allowance)
        for number, client in enumerate(CLIENTS):
            therapist = THERAPISTS[number % 2]
            await people[client].join((await people[therapist].invite(client)).link)
        await people[THERAPISTS[0]].invite("Unanswered")
        for hour in range(HOURS):
            await _hour(people, hour)
            clock.forward(hours=1)
            if hour == HOURS // 2:
                await people[CLIENTS[0]].send_file(THERAPISTS[0], FILE)
                await asyncio.to_thread(found.look, relay, "noon")
        for number, client in enumerate(CLIENTS):
            await people[client].send(THERAPISTS[number % 2], f"{WORDS[number]} in the evening")
        waiting = [row.envelope for row in waiting_envelopes(relay.database)]
        assert waiting
        for therapist in THERAPISTS:
            await people[therapist].sync()
        found.acknowledged = waiting
        for person in people.values():
            found.records += await conversations.every(person.device.vault.db)


async def _hour(people: dict[str, Messenger], hour: int) -> None:
    """Let some clients write, and the therapists answer in batches, three times a day."""
    for number, client in enumerate(CLIENTS):
        if (hour + number) % 3 == 0:
            await people[client].send(THERAPISTS[number % 2], f"{WORDS[number]} at {hour}")
    if hour % 8 == 7:
        for number, client in enumerate(CLIENTS):
            therapist = THERAPISTS[number % 2]
            await people[therapist].sync()
            await people[therapist].send(client, f"{WORDS[-number]}, said at {hour}")
            await people[client].sync()
