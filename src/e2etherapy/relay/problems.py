"""Error answers (RFC 9457; docs/protocol.md, section 9.3)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import msgspec

from e2etherapy.mailbox.operations import Problem
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.relay.store import (
    Busy,
    Contradiction,
    DiskFull,
    MailboxFull,
    Refused,
    StoreError,
)


class ProblemAnswer(Exception):
    """An answer other than success, ready to be sent."""

    def __init__(self, status: int, title: str, detail: str, **headers: str) -> None:
        super().__init__(title)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = msgspec.json.encode(Problem("about:blank", title, status, detail))


REFUSED: Final = (404, "Refused", "There is nothing here for this key.")
_RETRY_SECONDS = 2
_RETRY_SPREAD = 8
"""Who was turned away at the same moment comes back over so many seconds."""
_LONGEST_RETRY = 120


def refused() -> ProblemAnswer:
    """Return the one answer to all that does not exist, is not yours, or is used up."""
    return ProblemAnswer(*REFUSED)


def malformed(detail: str) -> ProblemAnswer:
    """Return the answer to a request that has not the form of docs/protocol.md."""
    return ProblemAnswer(400, "Bad request", detail)


def unauthorized(scheme: str) -> ProblemAnswer:
    """Return the answer to a request that shows no key of the operation's kind."""
    detail = f"This operation needs an Authorization header with the scheme {scheme}."
    return ProblemAnswer(401, "No key", detail, WWW_Authenticate=scheme)


def contradiction() -> ProblemAnswer:
    """Return the answer to somebody who has used a right for something else already."""
    return ProblemAnswer(409, "Conflict", "This right was used for something else already.")


def too_long() -> ProblemAnswer:
    """Return the answer to a body that no operation of this kind has."""
    return ProblemAnswer(413, "Too long", "The body is longer than this operation's.")


def unsupported(wanted: str) -> ProblemAnswer:
    """Return the answer to a body of another kind."""
    return ProblemAnswer(415, "Unsupported", f"The body must be {wanted}, not encoded.")


def internal() -> ProblemAnswer:
    """Return the answer to a request that met a fault of the relay."""
    return ProblemAnswer(500, "Fault", "The relay met a fault; it may be tried again.")


def stopping() -> ProblemAnswer:
    """Return the answer while the relay stops."""
    return ProblemAnswer(503, "Stopping", "The relay is stopping.", Retry_After=_later())


def overloaded() -> ProblemAnswer:
    """Return the answer while more waits than the relay can hold."""
    return ProblemAnswer(503, "Busy", "Too much waits already.", Retry_After=_later())


def too_often(seconds: float) -> ProblemAnswer:
    """Return the answer to a key that has asked too often, and may again after some seconds."""
    later = str(min(max(math.ceil(seconds), 1), _LONGEST_RETRY))
    return ProblemAnswer(429, "Too often", "This key has asked too often.", Retry_After=later)


def mailbox_full() -> ProblemAnswer:
    """Return the answer to a deposit into a mailbox that holds all it may."""
    return ProblemAnswer(507, "Mailbox full", "The mailbox has no room; nothing was stored.")


def disk_full() -> ProblemAnswer:
    """Return the answer while nothing can be written."""
    return ProblemAnswer(507, "Disk full", "The relay's disk has no room; nothing was stored.")


_OF_STORE: Final[dict[type[StoreError], Callable[[], ProblemAnswer]]] = {
    Refused: refused,
    Contradiction: contradiction,
    MailboxFull: mailbox_full,
    DiskFull: disk_full,
    Busy: overloaded,
}


def of(error: StoreError) -> ProblemAnswer:
    """Return the answer to what a store did not do."""
    return _OF_STORE[type(error)]()


def _later() -> str:
    """Draw after how many seconds to come back, each time anew."""
    return str(_RETRY_SECONDS + system_entropy(1)[0] % _RETRY_SPREAD)
