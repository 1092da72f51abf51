"""The command line as a person or a script uses it: real processes, a real relay, own folders."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault.vault import Place
from tests.support.interpreter import ENVIRONMENT

PROGRAM = (sys.executable, "-m", "e2etherapy.cli")
PASSPHRASE = "a lantern behind four hills"
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    output: bytes
    errors: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.output.decode()

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON of any form
        """Standard output as JSON."""
        return json.loads(self.output)

    @property
    def failure(self) -> dict[str, Any]:
        """What a failed command with --json printed to standard error."""
        found: dict[str, Any] = json.loads(self.errors.splitlines()[-1])["error"]
        return found


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing of the machine's user is read or written."""
    return {
        **ENVIRONMENT,
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_DATA_HOME": str(folder / "data"),
    }


def run(
    folder: Path,
    *arguments: str,
    stdin: bytes = b"",
    variables: dict[str, str] | None = None,
    prepare: Callable[[], None] | None = None,
) -> Outcome:
    """Run one command without a terminal and wait for its end."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=folder,
        env=environment(folder) | (variables or {}),
        start_new_session=True,  # leaves no terminal to ask at
        timeout=_PATIENCE_SECONDS,
        preexec_fn=prepare,
    )
    return Outcome(done.returncode, done.stdout, done.stderr.decode())


@dataclass(frozen=True)
class Person:
    """Somebody with a vault in a folder of their own."""

    folder: Path
    name: str

    @property
    def home(self) -> Path:
        """Where the vault is."""
        return self.folder / self.name

    @property
    def passphrase_file(self) -> Path:
        """A file with the passphrase."""
        return self.folder / "passphrase"

    def run(
        self, *arguments: str, stdin: bytes = b"", prepare: Callable[[], None] | None = None
    ) -> Outcome:
        """Run one command with this vault."""
        variables = {
            "E2ETHERAPY_HOME": str(self.home),
            "E2ETHERAPY_PASSPHRASE_FILE": str(self.passphrase_file),
        }
        return run(self.folder, *arguments, stdin=stdin, variables=variables, prepare=prepare)

    def ask(self, *arguments: str, stdin: bytes = b"") -> Any:  # noqa: ANN401 - as Outcome.data
        """Run one command that succeeds, and return its JSON."""
        outcome = self.run(*arguments, "--json", stdin=stdin)
        assert outcome.code == 0, outcome.errors
        return outcome.data


@dataclass
class Relay:
    """A relay process."""

    process: subprocess.Popen[str]
    database: Path
    url: str


@contextmanager
def running_relay(folder: Path, listen: str = "127.0.0.1:0") -> Iterator[Relay]:
    """Have a relay process run with its file in `folder`."""
    database = folder / "relay.db"
    with (folder / "relay.log").open("ab") as log:
        process = subprocess.Popen(
            [*PROGRAM, "relay", "serve", "--listen", listen, "--database", str(database)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(folder),
        )
    assert process.stdout is not None
    try:
        announced = process.stdout.readline()
        assert announced, (folder / "relay.log").read_text()
        yield Relay(process, database, json.loads(announced)["url"])
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)
        process.stdout.close()


def holdings(person: Person) -> list[object]:
    """Return every conversation of a person with its messages, read by the library."""
    place = Place(person.home, person.folder / "state" / "e2etherapy")

    async def read() -> list[object]:
        async with await Messenger.open(place, PASSPHRASE) as messenger:
            listed = await messenger.conversations()
            return [(line, await messenger.thread(line.name)) for line in listed]

    return asyncio.run(read())


_ON_A_SMALL_DISK = """
mkdir "$1" && mount -t tmpfs -o size=4m tmpfs "$1" && cp "$2"/* "$1" || exit 90
room=$(( $(stat -f -c '%a * %S' "$1") - $3 ))
head -c "$room" /dev/zero > "$1/filling"
shift 3
"$@"
code=$?
rm "$E2ETHERAPY_HOME/filling"
"$SMALL_DISK_PYTHON" -m e2etherapy.cli journal verify > "$SMALL_DISK_CHECKED" 2>&1
echo $? >> "$SMALL_DISK_CHECKED"
exit $code
"""


def on_a_small_disk(
    person: Person, left: int, arguments: tuple[str, ...]
) -> tuple[Outcome, Outcome]:
    """Run a command with a copy of the vault on a disk of 4 MiB that has so many bytes left.

    Returns:
        how it ended, and how `journal verify` ended once there was room again.
    """
    disk, checked = person.folder / f"disk-{left}", person.folder / f"checked-{left}"
    variables = {
        "E2ETHERAPY_HOME": str(disk),
        "E2ETHERAPY_PASSPHRASE_FILE": str(person.passphrase_file),
        "SMALL_DISK_PYTHON": sys.executable,
        "SMALL_DISK_CHECKED": str(checked),
    }
    # The mount is seen by these processes alone, and gone with them.
    namespace = ("unshare", "--map-root-user", "--mount", "sh", "-c", _ON_A_SMALL_DISK, "sh")
    done = subprocess.run(
        [*namespace, str(disk), str(person.home), str(left), *PROGRAM, *arguments],
        input=b"",
        capture_output=True,
        check=False,
        cwd=person.folder,
        env=environment(person.folder) | variables,
        start_new_session=True,
        timeout=_PATIENCE_SECONDS,
    )
    *said, code = checked.read_text().splitlines()
    return (
        Outcome(done.returncode, done.stdout, done.stderr.decode()),
        Outcome(int(code), b"", "\n".join(said)),
    )


def remove_entries_behind(person: Person, position: int) -> None:
    """Be somebody who has the passphrase and cuts off the end of the private journal."""
    place = Place(person.home, person.folder / "state" / "e2etherapy")

    async def remove() -> None:
        async with await Messenger.open(place, PASSPHRASE) as messenger:
            db = messenger.device.vault.db
            await db.write([("DELETE FROM journal WHERE position > ?", [(position,)])])

    asyncio.run(remove())


def record_privately(person: Person, content: bytes) -> None:
    """Put any bytes at the end of the private journal, as a damaged program would."""
    place = Place(person.home, person.folder / "state" / "e2etherapy")

    async def write() -> None:
        async with await Messenger.open(place, PASSPHRASE) as messenger:
            change = await messenger.device.begin_private()
            change.record(content)
            await messenger.device.vault.commit(change)

    asyncio.run(write())


def passphrase_in(folder: Path) -> Path:
    """Put the passphrase into a file that only its owner can read."""
    file = folder / "passphrase"
    file.touch(mode=0o600)
    file.write_text(f"{PASSPHRASE}\n")
    return file


def allowance_from(relay: Relay, mailboxes: int = 20) -> str:
    """Be the operator and grant mailboxes."""
    granted = run(
        relay.database.parent,
        *("relay", "allow", "--database", str(relay.database)),
        *("--mailboxes", str(mailboxes), "--json"),
    )
    assert granted.code == 0, granted.errors
    return str(granted.data["allowance"])


def newcomer(folder: Path, relay: Relay, role: str, name: str) -> Person:
    """Make a vault."""
    folder.mkdir(exist_ok=True)
    passphrase_in(folder)
    person = Person(folder, role)
    chosen = ["init", "--role", role, "--relay", relay.url, "--name", name]
    if role == "therapist":
        chosen += ["--allowance-file", "-"]
        person.ask(*chosen, stdin=allowance_from(relay).encode())
    else:
        person.ask(*chosen)
    return person


@dataclass(frozen=True)
class Pair:
    """A client called Robin and a therapist called Dr. Okafor, each known to the other."""

    client: Person
    therapist: Person


def acquainted(folder: Path, relay: Relay) -> Pair:
    """Make two people who are in a conversation; the therapist has fetched the opening."""
    pair = Pair(
        newcomer(folder, relay, "client", "Robin"),
        newcomer(folder, relay, "therapist", "Dr. Okafor"),
    )
    link = pair.therapist.ask("invite", "Robin")["link"]
    pair.client.ask("join", "-", stdin=link.encode())
    pair.therapist.ask("sync")
    return pair
