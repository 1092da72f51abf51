"""What a PostgreSQL server must not be set to, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2etherapy.errors import RelayDatabaseUnusable
from e2etherapy.relay.postgres.connection import Connection


@dataclass(frozen=True, slots=True)
class _Demand:
    """A setting, the values that it may have, and what another value would do."""

    setting: str
    accepted: frozenset[str]
    otherwise: str


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
        if value not in demand.accepted:
            raise RelayDatabaseUnusable(
                f"PostgreSQL runs with {demand.setting} = {value}: {demand.otherwise}. Nothing "
                f"was changed: set it to {min(demand.accepted - {'ddl'})!r} and start again."
            )
