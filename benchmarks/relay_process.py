"""A relay in a process of its own, on loopback, with a database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from e2etherapy.relay.database import DatabasePlace, PostgresDatabase

_STOP_SECONDS = 30
_PROGRAM = """
import sys
from e2etherapy.relay.database import parse_database
from e2etherapy.relay.listening import parse_listen_address
from e2etherapy.relay.server import Settings, serve
serve(Settings(parse_listen_address("127.0.0.1:0"), parse_database(sys.argv[1])))
"""


@contextmanager
def relay_process(database: DatabasePlace) -> Iterator[str]:
    """Run a relay; give its URL."""
    named = database.url if isinstance(database, PostgresDatabase) else str(database)
    process = subprocess.Popen(  # noqa: S603 - our own relay
        [sys.executable, "-c", _PROGRAM, named],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()
        assert process.wait(timeout=_STOP_SECONDS) == 0
