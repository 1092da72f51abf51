"""A relay in a process of its own, on loopback, with a database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from e2etherapy.relay.database_place import DatabasePlace, PostgresDatabase

_STOP_SECONDS = 30
_PROGRAM = """
import sys
from e2etherapy.relay.database_place import parse_database
from e2etherapy.relay.listening import parse_listen_address
from e2etherapy.relay.server import serve
from e2etherapy.relay.settings import Settings
serve(Settings(parse_listen_address(f"127.0.0.1:{sys.argv[2]}"), parse_database(sys.argv[1])))
"""


class Running(NamedTuple):
    """A relay that runs."""

    url: str
    pid: int

    @property
    def port(self) -> int:
        """Where it listens on loopback."""
        return urlsplit(self.url).port or 0

    def memory(self) -> int:
        """Return the bytes that it has in memory (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024


@contextmanager
def relay_process(database: DatabasePlace, port: int = 0) -> Iterator[Running]:
    """Run a relay, on any free port unless one is given, once its first expiry is through."""
    named = database.url if isinstance(database, PostgresDatabase) else str(database)
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, named, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            _await_first_expiry(process)
            yield Running(url, process.pid)
        finally:
            process.terminate()
        assert process.wait(timeout=_STOP_SECONDS) == 0


def _await_first_expiry(process: subprocess.Popen[str]) -> None:
    """Wait until a relay has looked through all mailboxes, which it does once a day."""
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["event"] == "expired":
            return
    raise RuntimeError("The relay ended before its first expiry was through.")
