"""What the table of operations does not say of itself: words, JSON bodies, answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2etherapy.mailbox import batch
from e2etherapy.mailbox import operations as api

REFUSED, CONFLICT, TOO_OFTEN, NO_ROOM = 404, 409, 429, 507
DONE: Final = "It is done."


@dataclass(frozen=True, slots=True)
class Octets:
    """A binary body or answer."""

    description: str
    least: int
    greatest: int
    step: int = 1
    """Its length is a multiple of this."""


@dataclass(frozen=True, slots=True)
class Events:
    """What a stream of server-sent events says."""

    description: str


@dataclass(frozen=True, slots=True)
class Described:
    """One operation in words.

    Attributes:
        name: unique among the operations.
        answer: what success has in it, if anything: bytes, a structure, or any JSON object.
        problems: statuses that depend on what the relay keeps; those that depend on the
            request's form follow from its form.
        body: what a request has in it.
    """

    name: str
    summary: str
    success: str = DONE
    answer: Octets | Events | type[object] | None = None
    problems: tuple[int, ...] = ()
    body: str | type[object] | None = None
    more: str = ""


_PAGE = Octets(
    "Records of an envelope's position (8 bytes, big-endian) and the envelope (16,384 bytes), in "
    "the order of rising positions; possibly none.",
    0,
    api.MAX_PAGE * api.RECORD_SIZE,
    api.RECORD_SIZE,
)
_RESULTS = Octets(
    "A result for each operation, in their order: its status (2 bytes), the length of what "
    "follows (4 bytes), and a page of records after status 200. Numbers are big-endian.",
    batch.RESULT_SIZE,
    batch.MAX_ANSWER_SIZE,
)
_OPERATIONS = (
    "Operations one after another, each with its key in the Authorization header in the same "
    "order. Deposit: 01, mailbox id (32 bytes), envelope (16,384 bytes). Collect: 02, after "
    "(8 bytes), limit (1 byte; at most 64 in all). Acknowledge: 03, through (8 bytes). Numbers "
    "are big-endian."
)

DESCRIBED: Final = {
    ("POST", "/v1/tickets"): Described(
        "issue_tickets",
        "Issue tickets that this allowance pays for",
        problems=(REFUSED, TOO_OFTEN, NO_ROOM),
        body=api.IssueTickets,
        more="All of them or none. Hashes that were issued already cost nothing again.",
    ),
    ("PUT", "/v1/mailboxes/*"): Described(
        "create_mailbox",
        "Create the mailbox of this owner key",
        problems=(REFUSED, CONFLICT, TOO_OFTEN, NO_ROOM),
        body=api.CreateMailbox,
        more="Spends the ticket. The same request again changes nothing and spends nothing.",
    ),
    ("DELETE", "/v1/mailboxes/*"): Described(
        "close_mailbox",
        "Delete one's mailbox and all that is in it",
        problems=(REFUSED, TOO_OFTEN, NO_ROOM),
    ),
    ("POST", "/v1/mailboxes/*/envelopes"): Described(
        "deposit",
        "Deposit an envelope",
        "It is on the relay's disk.",
        problems=(REFUSED, TOO_OFTEN, NO_ROOM),
        body="An envelope.",
        more="An envelope that waits already is not stored twice.",
    ),
    ("GET", "/v1/mailboxes/*/envelopes"): Described(
        "collect",
        "Fetch envelopes from one's mailbox",
        "Up to `limit` envelopes with a position above `after`.",
        _PAGE,
        problems=(REFUSED, TOO_OFTEN),
    ),
    ("DELETE", "/v1/mailboxes/*/envelopes"): Described(
        "acknowledge",
        "Delete every envelope up to a position",
        problems=(REFUSED, TOO_OFTEN, NO_ROOM),
    ),
    ("POST", "/v1/wait"): Described(
        "wait",
        "Wait until something arrives in one of several mailboxes",
        "Something is there, or the time is over and the list is empty.",
        api.Arrivals,
        problems=(TOO_OFTEN,),
        body=api.Wait,
        more="One position for each key. A mailbox that does not exist counts as an empty one.",
    ),
    ("POST", "/v1/arrivals"): Described(
        "watch",
        "Be told of everything that arrives in several mailboxes, on one connection",
        "A stream, which the relay ends after some time or when it stops.",
        Events(
            "Server-sent events `arrived`, each with a JSON list of indexes into the request as "
            "its data; the first at once. A line `:` comes at least every 25 seconds."
        ),
        problems=(TOO_OFTEN,),
        body=api.Watch,
        more="One position for each key. A mailbox that does not exist counts as an empty one.",
    ),
    ("POST", "/v1/batch"): Described(
        "batch",
        "Carry out many operations, each with a result of its own",
        "What became of each.",
        _RESULTS,
        body=_OPERATIONS,
        more="An operation whose key has asked too often has the status 429 in its result; it may "
        "be tried again after two seconds.",
    ),
    ("PUT", "/v1/invitations/*"): Described(
        "put_invitation",
        "Leave a sealed bundle for whoever has the link",
        problems=(REFUSED, CONFLICT, TOO_OFTEN, NO_ROOM),
        body="A sealed bundle.",
        more="The ticket stays unspent, and puts one invitation.",
    ),
    ("POST", "/v1/invitations/*/claim"): Described(
        "claim_invitation",
        "Claim a sealed bundle, for the first token that asks",
        "The sealed bundle.",
        Octets("A sealed bundle.", api.SEALED_BUNDLE_SIZE, api.SEALED_BUNDLE_SIZE),
        problems=(REFUSED, TOO_OFTEN, NO_ROOM),
        more="The same token may ask again until it confirms.",
    ),
    ("DELETE", "/v1/invitations/*"): Described(
        "forget_invitation",
        "Confirm a claim, so that the relay forgets the bundle",
        problems=(REFUSED, TOO_OFTEN, NO_ROOM),
    ),
    ("GET", "/v1/health"): Described(
        "health", "Ask whether the relay works", "The relay works.", api.Health
    ),
    ("GET", "/v1/ready"): Described(
        "ready",
        "Ask whether envelopes can be taken in now",
        "They can.",
        api.Ready,
        more="Not while the relay stops, its disk has no room or its database does not answer.",
    ),
    ("GET", "/v1/openapi.json"): Described(
        "describe", "Fetch this document", "This document.", dict[str, object]
    ),
}

SCHEMES: Final = {
    api.OWNER: "An owner key: its mailbox is collected from, acknowledged in, waited for, closed.",
    api.DEPOSIT: "A deposit key: deposits into one mailbox.",
    api.TICKET: "A ticket: creates one mailbox and puts one invitation.",
    api.ALLOWANCE: "An allowance: issues a number of tickets.",
    api.CLAIM: "A token that whoever claims an invitation draws.",
    api.BATCH: "The deposit keys and owner keys of a batch's operations, in their order.",
}
