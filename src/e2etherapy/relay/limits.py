"""What one relay process takes on, each number with its reason."""

from __future__ import annotations

import resource
from dataclasses import dataclass, replace

from e2etherapy.mailbox.operations import HEARTBEAT_SECONDS
from e2etherapy.wire.envelope import ENVELOPE_SIZE

MAX_BODY = ENVELOPE_SIZE
"""No operation but a batch has a longer body: 256 ticket hashes are 12 KB, a wait's 128 positions
3 KB."""

MAX_HEADER_LINE = 8_190
"""128 owner keys in one header are 5.6 KB."""

MAX_HEADERS = 64

PAGES_AT_ONCE = 2
"""Pages that are being read for their answers; a store reads them one after the other anyway."""

UNTAKEN_BYTES = 131_072
"""What the system may keep of an answer on its way; Linux takes twice as much memory for it."""

UNTAKEN_SECONDS = 60
"""After so long without any progress, Linux itself ends a connection with something on its way:
its other side has gone without a word, or does not read."""

LINGERING_SECONDS = 2.0
"""How long the rest of a refused body is read, so that its sender sees the answer."""

STOP_SECONDS = 10.0
"""What is in flight when the relay stops may take so long."""

DISK_RESERVE = 67_108_864
"""Room for 4,000 envelopes, or for the write-ahead log of a minute under full load."""

SPARE_FILES = 64
"""Descriptors that the database, the log and the listening sockets need."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one process holds at the same moment."""

    connections: int = 20_000
    """About 20 KB of memory each; with TLS 50 KB, and up to 256 KB with an answer on its way."""
    idle_seconds: float = 75.0
    """Longer than the longest wait. From a connection's beginning or last answer, a whole request
    head has to arrive within this time."""
    body_seconds: float = 30.0
    """16 KiB over a very bad mobile link; slower is an attack."""
    body_bytes: int = 67_108_864
    """Bodies on their way in, all together: 4,096 deposits or 128 full batches. What would be more
    is turned away before it is read."""
    answer_seconds: float = 60.0
    """A page of 1 MiB over a bad mobile link; slower is dropped."""
    untaken_bytes: int = 67_108_864
    """Answers in this process that their readers have not taken: 64 full pages. Beyond that,
    those that have waited longest are dropped."""
    stream_seconds: float = 900.0
    """A stream of arrivals ends after so long, so that clients spread over what is running."""
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    waits: int = 16_384
    waited_mailboxes: int = 131_072
    """About 300 bytes of memory each."""


STANDARD = Limits()


def limits_of_this_process(most: Limits = STANDARD) -> Limits:
    """Return limits that fit into the number of files that this process may open.

    Raises the soft limit to the hard one first: a waiting device is an open connection.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return most
    return replace(most, connections=min(most.connections, max(hard - SPARE_FILES, SPARE_FILES)))
