"""The example in docs/messenger.md runs as it stands, against a real relay."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

from e2etherapy.mailbox.capabilities import Allowance
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.clock import system_today
from e2etherapy.relay.listening import parse_listen_address
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.server import running
from e2etherapy.relay.settings import Settings
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url
from e2etherapy.wire.role import Role

EXAMPLE = Path(__file__).parents[2] / "docs/examples/evening_letter.py"


async def granted(database: Path) -> str:
    """Grant an allowance for a few mailboxes beside the running relay."""
    allowance = Allowance(system_entropy(Allowance.SIZE))
    store = await SqliteStore.open(database)
    await store.grant(allowance.hash(), 4)
    await store.close()
    return base64url.encode(allowance)


async def test_the_example_sends_waits_and_prints_the_thread(tmp_path: Path) -> None:
    specification = importlib.util.spec_from_file_location("evening_letter", EXAMPLE)
    assert specification is not None
    assert specification.loader is not None
    example = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(example)

    listen, database = parse_listen_address("127.0.0.1:0"), tmp_path / "relay.db"
    log = RelayLog(io.StringIO(), system_today)
    async with running(Settings(listen, database), log, system_today) as listening:
        places = {role: Place(tmp_path / role.value, tmp_path / "state") for role in Role}
        therapist, _ = await Messenger.create(
            places[Role.THERAPIST],
            Role.THERAPIST,
            "one passphrase",
            listening.url,
            name="Dr. Okafor",
            allowance=await granted(database),
        )
        async with therapist:
            client, _ = await Messenger.create(
                places[Role.CLIENT], Role.CLIENT, "another passphrase", listening.url
            )
            async with client:
                await client.join((await therapist.invite("Sam")).link)
            await therapist.sync()
            await therapist.send("Sam", "Tell me about the evening.")
            lines = await example.evening_letter(
                places[Role.CLIENT], "another passphrase", "Dr. Okafor", "It was quiet.\n"
            )
            await therapist.sync()
            thread = await therapist.thread("Sam")
    assert [line.split("  ", 1)[1] for line in lines] == [
        "client: It was quiet.\n  [stored]",
        "therapist: Tell me about the evening.  [received]",
    ]
    assert [message.text for message in thread] == ["Tell me about the evening.", "It was quiet.\n"]
