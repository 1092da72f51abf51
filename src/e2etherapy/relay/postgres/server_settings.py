"""What a PostgreSQL server must not be set to, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.postgres.connection import Connection
from e2etherapy.relay.postgres.servers import Servers


@dataclass(frozen=True, slots=True)
class _Demand:
    """A setting, the values that it may have, and what another value would do."""

    setting: str
    accepted: frozenset[str]
    otherwise: str

    def check(self, value: str, who: str) -> None:
        """See that it has an accepted value.

        Raises:
            RelayDatabaseUnusable: it has not.
        """
        if value not in self.accepted:
            raise RelayDatabaseUnusable(
                f"{who} runs with {self.setting} = {value}: {self.otherwise}. Nothing "
                f"was changed: set it to {min(self.accepted - {'ddl'})!r} and start again."
            )


_OLDEST = 160_000
_LOSES = "a power cut could lose envelopes that were confirmed"
_DEMANDS: Final = (
    _Demand("fsync", frozenset({"on"}), _LOSES),
    _Demand("full_page_writes", frozenset({"on"}), _LOSES),
    # Asked for by every session; a pooler in between may have left that out.
    _Demand("synchronous_commit", frozenset({"on", "remote_apply"}), _LOSES),
    _Demand(
        "track_commit_timestamp",
        frozenset({"off"}),
        "it would write down to the microsecond when each envelope came",
    ),
    _Demand(
        "log_statement",
        frozenset({"none", "ddl"}),
        "the server's log would hold every mailbox, and the time of each change",
    ),
)


async def check_server(connection: Connection) -> None:
    """See that the server keeps what it confirms, and writes down no more than the relay does.

    Raises:
        RelayDatabaseUnusable: it is set otherwise.
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


async def check_each_server(connection: Connection, servers: Servers) -> None:
    """See the same of every server over which the tables are spread; one is checked already.

    Raises:
        Busy: one of them does not answer.
        RelayDatabaseUnusable: one of them is set otherwise.
    """
    if not servers.spread:
        return
    for demand in _DEMANDS:
        for value in await servers.each(connection, f"SHOW {demand.setting}"):
            demand.check(value, "One of the servers over which Citus spreads the tables")
