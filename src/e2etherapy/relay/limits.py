"""What one relay process takes on, each number with its reason.

Imports nothing that takes long: the command line makes its flags from it.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

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

SPARE_FILES = 64
"""Descriptors that the database, the log and the listening sockets need."""

T = TypeVar("T", int, float)


@dataclass(frozen=True, slots=True)
class Figure:
    """What there is to say of a limit to an operator."""

    least: float
    greatest: float
    meaning: str
    live: bool
    """SIGHUP takes a new value up."""


def _figure(standard: T, bounds: tuple[T, T], meaning: str, *, live: bool = True) -> T:
    """Describe a limit: its standard value, and between which an operator may choose."""
    described: T = field(default=standard, metadata={Figure: Figure(*bounds, meaning, live)})
    return described


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one process takes on; `figures` tells what may be set."""

    connections: int = _figure(20_000, (16, 1_000_000), "Open connections, about 20 KB each.")
    """With TLS 50 KB, and up to 256 KB with an answer on its way."""
    idle_seconds: float = _figure(75.0, (60.0, 3_600.0), "A connection may be idle so long.")
    """Longer than the longest wait. From a connection's beginning or last answer, a whole request
    head has to arrive within this time."""
    body_seconds: float = _figure(30.0, (5.0, 600.0), "A request's body has to arrive within this.")
    """16 KiB over a very bad mobile link; slower is an attack."""
    body_bytes: int = _figure(67_108_864, (1_048_576, 2**32), "Bodies on their way in, in all.")
    """4,096 deposits or 128 full batches. What would be more is turned away before it is read."""
    answer_seconds: float = _figure(60.0, (5.0, 600.0), "An answer has to be taken within this.")
    """A page of 1 MiB over a bad mobile link; slower is dropped."""
    untaken_bytes: int = _figure(67_108_864, (2_097_152, 2**32), "Answers not yet taken, in all.")
    """64 full pages in this process. Beyond that, those that have waited longest are dropped."""
    stream_seconds: float = _figure(900.0, (60.0, 86_400.0), "A stream of arrivals ends then.")
    """Clients come back and spread over what is running."""
    heartbeat_seconds: float = _figure(25.0, (1.0, 25.0), "A stream is never silent for longer.")
    """The protocol promises 25, below the minute after which proxies cut an idle connection."""
    waits: int = _figure(16_384, (1, 1_000_000), "Devices that wait at the same moment.")
    """Each is an open connection."""
    waited_mailboxes: int = _figure(131_072, (128, 16_777_216), "Mailboxes waited for.")
    """About 300 bytes of memory each."""
    disk_reserve_bytes: int = _figure(
        268_435_456, (67_108_864, 2**40), "With less room the relay is not ready.", live=False
    )
    """Acknowledgements need some in order to make room.
    Five seconds of deposits, and the write-ahead log several times."""


STANDARD = Limits()


def figures() -> dict[str, tuple[float, Figure]]:
    """Return the standard value and the description of each limit, by its name."""
    return {
        each.name: (getattr(STANDARD, each.name), each.metadata[Figure]) for each in fields(Limits)
    }


def limits_of_this_process(most: Limits = STANDARD) -> Limits:
    """Return limits that fit into the number of files that this process may open.

    Raises the soft limit to the hard one first: a waiting device is an open connection.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return most
    return replace(most, connections=min(most.connections, max(hard - SPARE_FILES, SPARE_FILES)))
