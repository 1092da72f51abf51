"""What both ends of the relay's HTTP interface agree on (docs/protocol.md, section 9).

Paths, authorization schemes, numbers and the binary form of a page of envelopes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from e2etherapy.errors import MalformedData
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.wire import base64url
from e2etherapy.wire.envelope import ENVELOPE_SIZE

API = "/v1"
SEALED_BUNDLE_SIZE = ENVELOPE_SIZE
"""A sealed invitation has the size of an envelope."""

MAX_BODY = ENVELOPE_SIZE
"""No operation but a batch has a longer body: 256 ticket hashes are 12 KB, a wait's 128 positions
3 KB."""

RETENTION_DAYS = 30
MAILBOX_CAPACITY = 4_096
MAX_PAGE = 64
"""Envelopes in one answer: 1 MiB."""
MAX_WAITED_MAILBOXES = 128
MAX_WAIT_SECONDS = 55
"""Below the minute after which common proxies cut an idle connection."""
MAX_TICKETS = 256
MAX_INVITATION_DAYS = 30
CLAIM_DAYS = 1
"""An unconfirmed claim can be repeated on the day of the claim and on this many after it."""
MAX_POSITION = 2**63 - 1
COUNT_BITS = 32
"""Of a position, so many lower bits count envelopes; those above say at which minute the relay was
last restored from a backup, and are 0 before the first time."""

OWNER = "Owner"
DEPOSIT = "Deposit"
TICKET = "Ticket"
ALLOWANCE = "Allowance"
CLAIM = "Claim"
BATCH = "Batch"
"""The keys of a batch's operations, deposit keys and owner keys, in their order."""

EVENTS = "text/event-stream"
ARRIVED = "arrived"
"""The name of a stream's one kind of event."""
HEARTBEAT_SECONDS = 25
"""A stream says something at least so often, so that both ends notice when the other is gone."""

BINARY = "application/octet-stream"
JSON = "application/json"
PROBLEM = "application/problem+json"

BATCHES = "batch"
ARRIVALS = "arrivals"
FEATURES = (BATCHES, ARRIVALS)
"""Operations that a relay may lack, as its health names them: each is `POST` of its name."""

_POSITION = struct.Struct(">Q")
RECORD_SIZE = _POSITION.size + ENVELOPE_SIZE


@dataclass(frozen=True, slots=True)
class StoredEnvelope:
    """An envelope and its position in its mailbox, rising from 1."""

    position: int
    envelope: bytes


BASE64URL_OF_32 = "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
"""A regular expression: without padding, and with the spare bits zero."""

Named = Annotated[
    str,
    Meta(
        min_length=43,
        max_length=43,
        description="32 bytes in base64url without padding.",
        extra_json_schema={"pattern": f"^{BASE64URL_OF_32}$"},
    ),
]
Position = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_POSITION,
        description="A position in a mailbox, without a fraction; 0 is before the first.",
        extra_json_schema={"format": "int64"},
    ),
]


class CreateMailbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a mailbox's creation: an unspent ticket, and the hash of the deposit key."""

    ticket: Named
    deposit_key_hash: Named


class IssueTickets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a ticket request: hashes of tickets that the holder has drawn."""

    ticket_hashes: Annotated[list[Named], Meta(max_length=MAX_TICKETS)]


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a wait: for each key in the Authorization header, the last known position."""

    after: Annotated[list[Position], Meta(min_length=1, max_length=MAX_WAITED_MAILBOXES)]
    seconds: Annotated[float, Meta(ge=0, le=MAX_WAIT_SECONDS)]


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a request for a stream of arrivals: as a wait's, without an end."""

    after: Annotated[list[Position], Meta(min_length=1, max_length=MAX_WAITED_MAILBOXES)]


class Arrivals(msgspec.Struct, frozen=True):
    """Answer to a wait: indexes (into the request) of mailboxes with something newer."""

    arrived: list[int]


class Health(msgspec.Struct, frozen=True):
    """What a relay says of itself: its versions, its optional operations, its day in UTC."""

    status: str
    versions: list[str]
    now: Annotated[str, Meta(extra_json_schema={"format": "date"})]
    features: list[str] = []


class Ready(msgspec.Struct, frozen=True):
    """What a relay says that takes envelopes in."""

    status: str


class Problem(msgspec.Struct, frozen=True):
    """An error answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


def restore_of(position: int) -> int:
    """Return at which minute since 1970-01-01 UTC a relay was restored before it gave a position.

    0 where it never was.
    """
    return position >> COUNT_BITS


UNKNOWN_VERSION = "urn:e2etherapy:unknown-version"
"""The type of the one problem that has more members."""


class UnknownVersion(Problem, frozen=True):
    """The answer to a path of a version that the relay does not speak, with those it does."""

    versions: list[str]


def authorization(scheme: str, *keys: SecretOctets) -> str:
    """Return the value of an Authorization header for one key or several of a kind."""
    return scheme + " " + ",".join(base64url.encode(key) for key in keys)


def parse_authorization(value: str, scheme: str) -> list[bytes]:
    """Return the 32-byte keys in an Authorization header.

    Raises:
        MalformedData: another scheme, no key, too many, or not base64url of 32 bytes.
    """
    given, _, keys = value.partition(" ")
    if given != scheme:
        raise MalformedData(f"The Authorization header must use the scheme {scheme}.")
    parts = keys.split(",")
    if len(parts) > MAX_WAITED_MAILBOXES:
        raise MalformedData(f"At most {MAX_WAITED_MAILBOXES} keys at once.")
    return [base64url.decode(part, 32) for part in parts]


def pack_page(envelopes: Iterable[StoredEnvelope]) -> bytes:
    """Return the records of a page: ``u64 position | 16,384 bytes`` each."""
    return b"".join(_POSITION.pack(item.position) + item.envelope for item in envelopes)


def unpack_page(data: bytes) -> list[StoredEnvelope]:
    """Read a page.

    Raises:
        MalformedData: not whole records, too many, or positions that do not rise.
    """
    count, rest = divmod(len(data), RECORD_SIZE)
    if rest or count > MAX_PAGE:
        raise MalformedData("A page of envelopes has whole records, at most 64.")
    page = []
    last = 0
    for start in range(0, len(data), RECORD_SIZE):
        (position,) = _POSITION.unpack_from(data, start)
        if not last < position <= MAX_POSITION:
            raise MalformedData("Positions in a page of envelopes must rise.")
        last = position
        page.append(StoredEnvelope(position, data[start + 8 : start + RECORD_SIZE]))
    return page
