"""Error answers (RFC 9457; docs/protocol.md, section 9.3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from e2etherapy.mailbox.operations import UNKNOWN_VERSION, Problem, UnknownVersion
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.store import (
    Busy,
    Contradiction,
    DiskFull,
    MailboxFull,
    Refused,
    StoreError,
)


class Reason(StrEnum):
    """Why something was not done, for the operator's counts; those who ask are told less."""

    REFUSED = "refused"
    FORM = "form"
    VERSION = "version"
    KEY = "key"
    CONTRADICTION = "contradiction"
    FAULT = "fault"
    STOPPING = "stopping"
    NOT_READY = "not_ready"
    REQUESTS = "requests"
    WRITES = "writes"
    READS = "reads"
    BODIES = "bodies"
    WAITS = "waits"
    STORE = "store"
    DEPOSIT_PACE = "deposit_pace"
    OWNER_PACE = "owner_pace"
    TICKET_PACE = "ticket_pace"
    INVITATION_PACE = "invitation_pace"
    MAILBOX_FULL = "mailbox_full"
    RESERVE = "reserve"
    DISK_FULL = "disk_full"


class ProblemAnswer(Exception):
    """An answer other than success, ready to be sent."""

    def __init__(
        self, status: int, title: str, detail: str, reason: Reason, **headers: str
    ) -> None:
        super().__init__(title)
        self.status = status
        self.reason = reason
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = msgspec.json.encode(Problem("about:blank", title, status, detail))


REFUSED: Final = (404, "Refused", "There is nothing here for this key.")
_RETRY_SECONDS = 2
_RETRY_SPREAD = 8
"""Who was turned away at the same moment comes back over so many seconds."""
LONGEST_RETRY = 120


def refused() -> ProblemAnswer:
    """Return the one answer to all that does not exist, is not yours, or is used up."""
    return ProblemAnswer(*REFUSED, Reason.REFUSED)


def malformed(detail: str) -> ProblemAnswer:
    """Return the answer to a request that has not the form of docs/protocol.md."""
    return ProblemAnswer(400, "Bad request", detail, Reason.FORM)


def unknown_version(versions: Sequence[str]) -> ProblemAnswer:
    """Return the answer to a path of a version that this relay does not speak.

    Its status is not that of a refusal: a program that does not know this answer must not
    believe that its mailbox is gone.
    """
    title, detail = "Unknown version", "The relay does not speak this version."
    answer = ProblemAnswer(400, title, detail, Reason.VERSION)
    answer.body = msgspec.json.encode(
        UnknownVersion(UNKNOWN_VERSION, title, answer.status, detail, list(versions))
    )
    return answer


def unauthorized(scheme: str) -> ProblemAnswer:
    """Return the answer to a request that shows no key of the operation's kind."""
    detail = f"This operation needs an Authorization header with the scheme {scheme}."
    return ProblemAnswer(401, "No key", detail, Reason.KEY, WWW_Authenticate=scheme)


def contradiction() -> ProblemAnswer:
    """Return the answer to somebody who has used a right for something else already."""
    detail = "This right was used for something else already."
    return ProblemAnswer(409, "Conflict", detail, Reason.CONTRADICTION)


def too_long() -> ProblemAnswer:
    """Return the answer to a body that no operation of this kind has."""
    detail = "The body is longer than this operation's."
    return ProblemAnswer(413, "Too long", detail, Reason.FORM)


def unsupported(wanted: str) -> ProblemAnswer:
    """Return the answer to a body of another kind."""
    detail = f"The body must be {wanted}, not encoded."
    return ProblemAnswer(415, "Unsupported", detail, Reason.FORM)


def too_often(seconds: float, reason: Reason) -> ProblemAnswer:
    """Return the answer to a key that has asked too often, and may again after some seconds."""
    detail = "This key has asked too often."
    later = str(min(max(math.ceil(seconds), 1), LONGEST_RETRY))
    return ProblemAnswer(429, "Too often", detail, reason, Retry_After=later)


def internal() -> ProblemAnswer:
    """Return the answer to a request that met a fault of the relay."""
    detail = "The relay met a fault; it may be tried again."
    return ProblemAnswer(500, "Fault", detail, Reason.FAULT)


def stopping() -> ProblemAnswer:
    """Return the answer while the relay stops."""
    return _later("Stopping", "The relay is stopping.", Reason.STOPPING)


def overloaded(reason: Reason) -> ProblemAnswer:
    """Return the answer while more waits than the relay can hold, whatever it is."""
    return _later("Busy", "Too much waits already.", reason)


def not_ready(detail: str) -> ProblemAnswer:
    """Return the answer to whoever asks whether something can be taken in, when it can't."""
    return _later("Not ready", detail, Reason.NOT_READY)


def mailbox_full() -> ProblemAnswer:
    """Return the answer to a deposit into a mailbox that holds all it may."""
    detail = "The mailbox has no room; nothing was stored."
    return ProblemAnswer(507, "Mailbox full", detail, Reason.MAILBOX_FULL)


def disk_full(reason: Reason = Reason.DISK_FULL) -> ProblemAnswer:
    """Return the answer while nothing can be written, or no more is to be."""
    detail = "The relay's disk has no room; nothing was stored."
    return ProblemAnswer(507, "Disk full", detail, reason)


def of(error: StoreError) -> ProblemAnswer:
    """Return the answer to what a store did not do."""
    return _OF_STORE[type(error)]()


def _busy_store() -> ProblemAnswer:
    return overloaded(Reason.STORE)


_OF_STORE: Final[dict[type[StoreError], Callable[[], ProblemAnswer]]] = {
    Refused: refused,
    Contradiction: contradiction,
    MailboxFull: mailbox_full,
    DiskFull: disk_full,
    Busy: _busy_store,
}


def _later(title: str, detail: str, reason: Reason) -> ProblemAnswer:
    """Return an answer after which to come back, drawing each time anew after how many seconds."""
    seconds = _RETRY_SECONDS + system_entropy(1)[0] % _RETRY_SPREAD
    return ProblemAnswer(503, title, detail, reason, Retry_After=str(seconds))
