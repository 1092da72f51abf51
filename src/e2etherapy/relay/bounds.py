"""How much memory one relay process takes at most: the sum of what its limits allow."""

from __future__ import annotations

from typing import Final

from e2etherapy.mailbox.batch import MAX_ANSWER_SIZE
from e2etherapy.mailbox.operations import MAX_BODY
from e2etherapy.relay.group import MAX_PENDING
from e2etherapy.relay.limits import PACE_ROWS, PAGES_AT_ONCE, Limits
from e2etherapy.wire.envelope import ENVELOPE_SIZE

PROGRAM: Final = 100_663_296
"""Python, libraries, the database's caches and what the allocator does not give back."""
CONNECTION: Final = 20_480
REQUEST: Final = 20_480
WAITED_MAILBOX: Final = 300
WRITTEN_LATELY: Final = 8_388_608
"""What is known of mailboxes without looking, and in SQLite of the digests in them."""
PACES: Final = 4
CELL: Final = 8


def most_memory(limits: Limits) -> int:
    """Return bytes; what one read of each connection brings in passing is not in it.

    Bodies and answers count twice: Python copies them once on their way. Deposits whose senders
    have gone stay until they are written. TLS adds some 50 KB for
    each connection.
    """
    return sum(
        (
            PROGRAM,
            limits.connections * CONNECTION,
            limits.head_bytes,
            2 * limits.body_bytes,
            limits.requests * REQUEST,
            MAX_PENDING * ENVELOPE_SIZE,
            2 * (limits.untaken_bytes + PAGES_AT_ONCE * MAX_ANSWER_SIZE),
            limits.waited_mailboxes * WAITED_MAILBOX,
            limits.waits * MAX_BODY,
            2 * WRITTEN_LATELY,
            PACES * PACE_ROWS * limits.pace_cells * CELL,
        )
    )
