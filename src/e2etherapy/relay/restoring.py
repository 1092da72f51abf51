"""What a restore does, whatever the database is (docs/decisions/0011)."""

from __future__ import annotations

from dataclasses import dataclass

from e2etherapy.errors import BackupRefused
from e2etherapy.mailbox.operations import COUNT_BITS


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored relay begins with."""

    mailboxes: int
    envelopes: int
    invitations_deleted: int


def check_minute(latest: int, minute: int) -> None:
    """See that a minute raises every mailbox above the highest position, `latest`.

    Raises:
        BackupRefused: the clock is behind an earlier restore.
    """
    if latest >> COUNT_BITS >= minute:
        raise BackupRefused(
            "The clock of this machine is behind the moment at which this database was last "
            "restored, or it was restored a moment ago. Nothing was changed: set the clock, "
            "or wait a minute."
        )
