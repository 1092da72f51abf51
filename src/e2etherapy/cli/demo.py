"""A relay and two people in conversation on this machine: `python -m e2etherapy.cli.demo`.

Everything is real: a relay process with its file, two encrypted vaults, and the network between
them is this machine's loopback. Nothing outside of one temporary folder is touched.
"""

from __future__ import annotations

import asyncio
import json
import math
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import click

from e2etherapy.cli import plaintext_search
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.plaintext_search import Findings
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.views import MessageView
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.allowances import allow
from e2etherapy.relay.clock import iso_date
from e2etherapy.relay.sqlite.operator_view import WaitingEnvelope, waiting_envelopes
from e2etherapy.vault.records import Role
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url

CLIENT = "Robin"
THERAPIST = "Dr. Okafor"
_MAILBOXES = 10
_EXCERPT = 66
_STOP_SECONDS = 15.0


class DemoFailed(click.ClickException):
    """Something that the demo claims did not hold."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: one folder with everything in it, and the relay process."""

    folder: Path
    process: subprocess.Popen[str]
    announcement: str
    allowance: str

    @property
    def url(self) -> str:
        """Where the relay listens."""
        return str(json.loads(self.announcement)["url"])

    @property
    def database(self) -> Path:
        """The relay's SQLite file."""
        return self.folder / "relay" / "relay.db"

    def relay_bytes(self) -> dict[str, bytes]:
        """Return everything that the relay has written anywhere so far."""
        files = sorted((self.folder / "relay").iterdir())
        return {"output": self.announcement.encode()} | {
            file.name: file.read_bytes() for file in files
        }


@dataclass(slots=True)
class Told:
    """What was seen while the story went on.

    Attributes:
        waiting: every row that was found waiting in the relay's file.
        relay_bytes: all that the relay had written, at several moments.
        seen: for each person, the conversation as shown to them.
    """

    phrase: tuple[str, ...] = ()
    waiting: dict[tuple[bytes, int], WaitingEnvelope] = field(default_factory=dict)
    relay_bytes: dict[str, bytes] = field(default_factory=dict)
    seen: dict[str, list[MessageView]] = field(default_factory=dict)

    def look(self, stage: Stage) -> None:
        """Be the operator for a moment."""
        for row in waiting_envelopes(stage.database):
            self.waiting[row.mailbox, row.position] = row
        moment = len(self.relay_bytes)
        self.relay_bytes |= {
            f"{name} ({moment})": data for name, data in stage.relay_bytes().items()
        }


@click.command()
@click.option("--keep", is_flag=True, help="Leave the relay running and keep the folder.")
def demo(keep: bool) -> None:
    """Show a relay and two people in conversation, and what the relay's operator sees of it."""
    texts = _texts()
    with _stage(keep=keep) as stage:
        _say(f"A relay process listens on {stage.url}; its file is {stage.database}.")
        told = asyncio.run(_story(stage, texts))
        _show_people(told)
        _show_operator(told)
        _require_blind(texts, told)
        if keep:
            _show_how_to_go_on(stage)


def _texts() -> list[dict[str, str]]:
    source = resources.files("e2etherapy.cli").joinpath("demo_texts.json")
    texts: list[dict[str, str]] = json.loads(source.read_text("utf-8"))
    return texts


@contextmanager
def _stage(*, keep: bool) -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="e2etherapy-demo-"))
    process = None
    kept = False
    try:
        (folder / "relay").mkdir()
        allowance = allow(folder / "relay" / "relay.db", _MAILBOXES, system_entropy)
        process = _start_relay(folder / "relay")
        yield Stage(folder, process, _announcement(process), base64url.encode(allowance))
        kept = keep
    finally:
        if not kept:
            if process is not None:
                _stop(process)
            shutil.rmtree(folder)


def _start_relay(folder: Path) -> subprocess.Popen[str]:
    serve = ["relay", "serve", "--listen", "127.0.0.1:0", "--database", str(folder / "relay.db")]
    with (folder / "relay.log").open("wb") as log:
        # In a session of its own, so that Ctrl-C at the demo does not stop a relay that is kept.
        return subprocess.Popen(  # noqa: S603 - this program itself, with a path of its own
            [sys.executable, "-m", "e2etherapy.cli", *serve],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def _announcement(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise DemoFailed("The relay process did not start.")
    return line


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(_STOP_SECONDS)
    if process.stdout:
        process.stdout.close()


async def _story(stage: Stage, texts: list[dict[str, str]]) -> Told:
    told = Told()
    async with AsyncExitStack() as stack:
        therapist = await _person(stage, stack, Role.THERAPIST, stage.allowance)
        client = await _person(stage, stack, Role.CLIENT, None)
        told.phrase = await _meet(therapist, client)
        for number, text in enumerate(texts):
            author, peer = (
                (client, THERAPIST) if text["author"] == Role.CLIENT else (therapist, CLIENT)
            )
            if number and texts[number - 1]["author"] != text["author"]:
                told.look(stage)  # just before the other side fetches what waits
                await author.sync()
            await author.send(peer, text["text"])
        told.look(stage)
        for person in (client, therapist, client):
            await person.sync()
        told.look(stage)
        told.seen = {
            CLIENT: await client.thread(THERAPIST),
            THERAPIST: await therapist.thread(CLIENT),
        }
        await therapist.journal_verify()
    return told


async def _person(
    stage: Stage, stack: AsyncExitStack, role: Role, allowance: str | None
) -> Messenger:
    passphrase = base64url.encode(system_entropy(12))
    file = stage.folder / f"{role}.passphrase"
    file.touch(mode=0o600)
    file.write_text(f"{passphrase}\n", "ascii")
    place = Place(stage.folder / str(role), stage.folder / "state" / "e2etherapy")
    name = THERAPIST if role is Role.THERAPIST else CLIENT
    messenger, _ = await Messenger.create(
        place, role, passphrase, stage.url, name=name, allowance=allowance
    )
    _say(f"{name}'s encrypted vault: {place.folder}")
    return await stack.enter_async_context(messenger)


async def _meet(therapist: Messenger, client: Messenger) -> tuple[str, ...]:
    invitation = await therapist.invite(CLIENT)
    await client.join(invitation.link)
    await therapist.sync()
    phrase = await client.safety_phrase(THERAPIST)
    same = phrase == await therapist.safety_phrase(CLIENT)
    await client.record_verification(THERAPIST, matched=same)
    await therapist.record_verification(CLIENT, matched=same)
    if not same:
        raise DemoFailed("The six words are not the same on both sides.")
    return phrase


def _show_people(told: Told) -> None:
    _say(f"\nBoth compare the six words by voice: {' '.join(told.phrase)}. They are the same.")
    for name, views in told.seen.items():
        _say(f"\nWhat {name} sees:")
        for view in views:
            text = inert_line(view.text)
            more = " …" if len(text) > _EXCERPT else ""
            size = len(view.text.encode())
            _say(f"  {view.author:<9} {size:>6,} bytes  {text[:_EXCERPT]}{more}")


def _show_operator(told: Told) -> None:
    _say("\nWhat the relay's operator saw of it, envelopes that waited to be fetched:")
    _say("  mailbox    position  day         size    bits per byte  first bytes")
    for row in told.waiting.values():
        _say(
            f"  {row.mailbox.hex()[:8]}…  {row.position:>7}  {iso_date(row.day)}  "
            f"{len(row.envelope):>6,}  {_entropy(row.envelope):>13.3f}  "
            f"{row.envelope[:8].hex(' ')}"
        )


def _entropy(data: bytes) -> float:
    """Return the Shannon entropy of the bytes in bits per byte; random ones come close to 8."""
    counts = Counter(data).values()
    return -sum(count / len(data) * math.log2(count / len(data)) for count in counts)


def _require_blind(texts: list[dict[str, str]], told: Told) -> None:
    if not told.waiting:
        raise DemoFailed("No envelope ever waited in the relay's file.")
    if any([view.text for view in views] != [t["text"] for t in texts] for views in _shown(told)):
        raise DemoFailed("What the two people see is not what was written.")
    words = plaintext_search.distinct_words([t["text"] for t in texts] + [CLIENT, THERAPIST])
    seen = "\n".join([*(view.text for views in _shown(told) for view in views), *told.seen])
    control = plaintext_search.search(words, {"the conversation": f" {seen}\n".encode()})
    relay = plaintext_search.search(words, told.relay_bytes)
    _say_findings(control, relay)
    if len(control.found) != control.words:
        raise DemoFailed("The search does not find words that are there; it proves nothing.")
    if relay.found:
        raise DemoFailed(f"The relay holds words of the conversation: {relay.found}")


def _shown(told: Told) -> list[list[MessageView]]:
    return list(told.seen.values())


def _say_findings(control: Findings, relay: Findings) -> None:
    _say(
        f"\nA search for {relay.words:,} words, each as it stands in the texts:\n"
        f"  in what the two people see, {control.searched:,} bytes: {len(control.found):,} found\n"
        f"  in the relay's files and output, {relay.searched:,} bytes at several moments: "
        f"{len(relay.found) or 'nothing'} found"
    )


def _show_how_to_go_on(stage: Stage) -> None:
    folder = shlex.quote(str(stage.folder))
    installed = Path(sys.executable).with_name("e2etherapy")
    program = (
        shlex.quote(str(installed))
        if installed.exists()
        else f"{shlex.quote(sys.executable)} -m e2etherapy.cli"
    )
    _say(
        f"\nThe relay goes on. To try it by hand:\n\n"
        f"  export XDG_STATE_HOME={folder}/state\n"
        f"  client() {{ {program} --home {folder}/client "
        f'--passphrase-file {folder}/client.passphrase "$@"; }}\n'
        f"  therapist() {{ {program} --home {folder}/therapist "
        f'--passphrase-file {folder}/therapist.passphrase "$@"; }}\n\n'
        f'  client send "{THERAPIST}" "One more thing."\n'
        f'  therapist sync && therapist read "{CLIENT}"\n\n'
        f"To end it: kill {stage.process.pid}; rm -r {folder}"
    )


def _say(line: str) -> None:
    click.echo(line)


if __name__ == "__main__":
    demo(prog_name="make demo")
