"""What a PostgreSQL server must not be set to, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.servers import Servers


@dataclass(frozen=True, slots=True)
class _Demand:
    """A setting, the values that it may have, the best one first, and what another would do."""

    setting: str
    accepted: tuple[str, ...]
    otherwise: str

    def check(self, value: str, who: str) -> None:
        """See that it has an accepted value.

        Raises:
            RelayDatabaseUnusable: it has not.
        """
        if value not in self.accepted:
            raise RelayDatabaseUnusable(
                f"{who} runs with {self.setting} = {value}: {self.otherwise}. Nothing "
                f"was changed: set it to {self.accepted[0]!r} and start again."
            )


_OLDEST = 160_000
_LOSES = "a power cut could lose envelopes that were confirmed"
_DEMANDS: Final = (
    _Demand("fsync", ("on",), _LOSES),
    _Demand("full_page_writes", ("on",), _LOSES),
    # Asked for by every session; a pooler in between may have left that out.
    _Demand("synchronous_commit", ("on", "remote_apply"), _LOSES),
    _Demand(
        "track_commit_timestamp",
        ("off",),
        "it would write down to the microsecond when each envelope came",
    ),
    _Demand(
        "log_statement",
        ("none", "ddl"),
        "the server's log would hold every mailbox, and the time of each change",
    ),
)
# Nothing is the answer of a version that has no such setting.
_OF_CITUS: Final = (
    _Demand(
        "citus.stat_tenants_track",
        ("none", ""),
        "it would count how much each of the busiest mailboxes is used",
    ),
    _Demand(
        "citus.stat_statements_track",
        ("none", ""),
        "it would keep which mailboxes statements were about, and how many",
    ),
    _Demand(
        "citus.log_remote_commands",
        ("off", ""),
        "the server's log would hold every mailbox, and the time of each change",
    ),
)


async def check_server(connection: Connection) -> None:
    """See that each server keeps what it confirms, and writes down no more than the relay does.

    Raises:
        Busy: one of those over which the tables are spread does not answer.
        RelayDatabaseUnusable: one is set otherwise.
    """
    version = await connection.fetchval("SELECT current_setting($1)", "server_version_num")
    if int(version) < _OLDEST:
        raise RelayDatabaseUnusable(
            "This PostgreSQL server is too old. Nothing was changed: a relay needs version 16 or "
            "later."
        )
    for demand in _DEMANDS:
        value = await connection.fetchval("SELECT current_setting($1)", demand.setting)
        demand.check(value, "PostgreSQL")
    servers = await Servers.of(connection)
    if servers.spread:
        await _check_each(connection, servers)


async def _check_each(connection: Connection, servers: Servers) -> None:
    """See the same of every server over which the tables are spread, and of Citus itself."""
    for demand in (*_DEMANDS, *_OF_CITUS):
        statement = f"SELECT coalesce(current_setting('{demand.setting}', true), '')"
        here = await connection.fetchval(statement)
        for value in (here, *await servers.each(connection, statement)):
            demand.check(value, "One of the servers over which Citus spreads the tables")
