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

MAX_HEAD = 32_768
"""Of all its lines together; it counts where a head comes in pieces."""

MAX_AHEAD = 262_144
"""What one connection may send before it has taken all answers to what it sent: 15 deposits."""

READ_SIZE = 16_384
"""A body that is not being read is let in up to twice this."""

PACE_ROWS = 4
"""How many cells count for one key: others' traffic slows it only where it fills all of them."""

PAGES_AT_ONCE = 2
"""Pages that are being read for their answers; a store reads them one after the other anyway."""

PAGE_SECONDS = 5.0
"""How long one may wait for its turn to be read. A store that answers reads hundreds meanwhile;
behind one that is silent, whoever waits is told to come back before having given up."""

UNTAKEN_BYTES = 131_072
"""What the system may keep of an answer on its way; Linux takes twice as much memory for it."""

UNREAD_BYTES = 131_072
"""What the system may keep of a request on its way, and hand over at once; Linux takes twice as
much. It would otherwise be up to 6 MB for each connection."""

UNTAKEN_SECONDS = 60
"""After so long without any progress, Linux itself ends a connection with something on its way:
its other side has gone without a word, or does not read."""

LINGERING_SECONDS = 2.0
"""How long the rest of a refused body is read, so that its sender sees the answer."""

LOOK_SECONDS = 50.0
"""A stream looks into a store of several relays so often, as one of them may have died before it
told of an arrival. Below the longest wait, which looks when it ends; 10,000 streams look 200 times
a second."""

LAST_SECONDS = 1.0
"""For what is still in flight when a relay has drained, and for who reads the metrics then; aiohttp
waits for it twice."""

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
    """How much one process takes on; `figures` tells between which values each may be set.

    None of these needs to know who asks: what is counted is what all hold together, or what is
    asked with one key.
    """

    connections: int = _figure(20_000, (16, 1_000_000), "Open connections.")
    """About 20 KB of memory each; with TLS 50 KB, and up to 256 KB with an answer on its way. Those
    beyond are closed at once, unanswered."""
    handshake_seconds: float = _figure(
        10.0, (1.0, 60.0), "A TLS handshake has to be over within this.", live=False
    )
    """It takes two round trips; a connection that says nothing is closed."""
    idle_seconds: float = _figure(75.0, (60.0, 3_600.0), "A connection may be idle so long.")
    """Longer than the longest wait. From a connection's beginning or last answer, a whole request
    head has to arrive within this time."""
    head_bytes: int = _figure(67_108_864, (1_048_576, 2**32), "Heads that are not whole, in all.")
    """10,000 of the longest. Whoever sends more than there is room for is dropped."""
    body_seconds: float = _figure(30.0, (5.0, 600.0), "A request's body has to arrive within this.")
    """16 KiB over a very bad mobile link; slower is an attack."""
    body_grace_seconds: float = _figure(
        5.0, (1.0, 60.0), "A body that takes longer gives way to others."
    )
    """Where there is no room for another body. A full batch takes as long over 1 Mbit/s."""
    body_bytes: int = _figure(67_108_864, (1_048_576, 2**32), "Bodies not yet answered, in all.")
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
    requests: int = _figure(4_096, (64, 100_000), "Requests being worked on, waits aside.")
    """About 20 KB each. What is new gets half of them, so that collecting and acknowledging go on
    when depositing is too much."""
    writes: int = _figure(768, (32, 960), "New things that the store has at the same moment.")
    """A store takes 1,024 changes; the rest is for acknowledgements, which make room."""
    write_seconds: float = _figure(1.0, (0.1, 20.0), "A new thing may wait so long to be written.")
    """While the oldest of them has waited longer than this, no further one is taken. A client gives
    up after 30 seconds; a disk that stalls for one is in trouble."""
    pace_cells: int = _figure(
        65_536, (1_024, 4_194_304), "Cells in which keys are counted; 128 bytes each.", live=False
    )
    """Of each row of each pace: 8 MiB for all. Times a pace's rate, they are more than a process
    can be asked, so that keys drawn at random fill nothing."""
    deposit_burst: int = _figure(
        4_096, (256, 1_000_000), "Deposits with one key into one mailbox at once."
    )
    """What a mailbox holds, or two files of 25 MB."""
    deposit_rate: float = _figure(32.0, (1.0, 10_000.0), "So many of them a second after that.")
    """A hundredth of what a process stores. A sitting's 52 replies go to 52 mailboxes."""
    owner_burst: int = _figure(
        2_048, (256, 1_000_000), "Collections, acknowledgements and waits of one mailbox at once."
    )
    """A first sync of 3,400 messages takes 108; a file that comes in while one waits for it, some
    1,000."""
    owner_rate: float = _figure(16.0, (1.0, 10_000.0), "So many of them a second after that.")
    """A device that is told of each arrival asks twice for each."""
    ticket_burst: int = _figure(
        1_024, (256, 1_000_000), "Tickets issued with one allowance at once."
    )
    """Four full requests, a practice's beginning."""
    ticket_rate: float = _figure(32.0, (1.0, 10_000.0), "So many of them a second after that.")
    """Repetitions count too."""
    invitation_burst: int = _figure(
        16, (4, 10_000), "Requests with one ticket or claim token at once."
    )
    """Each is used twice or three times in its life, and repeated when an answer was lost."""
    invitation_rate: float = _figure(1.0, (0.1, 1_000.0), "So many of them a second after that.")
    """Whoever repeats waits for an answer in between."""
    disk_reserve_bytes: int = _figure(
        268_435_456, (67_108_864, 2**40), "Room on the disk that deposits leave."
    )
    """So that it is never really full: acknowledgements need some in order to make room. Five
    seconds of deposits, and the write-ahead log several times."""
    stored_bytes: int = _figure(2**40, (67_108_864, 2**46), "What the database may hold in all.")
    """1 TiB, 60 million envelopes; the disk ends earlier."""


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
