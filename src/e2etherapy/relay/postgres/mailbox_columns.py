"""What a deposit must know of its mailbox, as columns of a statement."""

from __future__ import annotations

from typing import Final

# A mailbox that does not exist makes the same work as one whose key is another: 32 zero bytes
# stand for its key's hash, and what waits is looked for.
#
# What waits is what lies between the lowest and the last position: acknowledging and expiry take
# from the low end. The lower 32 bits go on counting across a restore (COUNT_BITS).
_COLUMNS: Final = """
    deposit_key_hash IS NOT NULL,
    coalesce(deposit_key_hash, decode(repeat('00', 32), 'hex')),
    coalesce(last_position, 0),
    coalesce((last_position & 4294967295) + 1 - (SELECT position & 4294967295 FROM envelope
        WHERE mailbox = {address} ORDER BY position LIMIT 1), 0)
"""


def mailbox_columns(address: str) -> str:
    """Return the columns of a MailboxState: exists, deposit_key_hash, last_position, waiting.

    Args:
        address: how the statement calls the mailbox that is asked for. Of what it joins,
            deposit_key_hash and last_position are null where there is no such mailbox.
    """
    return _COLUMNS.format(address=address)
