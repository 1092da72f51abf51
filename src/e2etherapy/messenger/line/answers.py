"""What a relay's answer means to the messenger: a value, or one of the errors in `errors`."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from e2etherapy.errors import (
    MalformedData,
    RelayBusy,
    RelayError,
    RelayFull,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.mailbox.operations import StoredEnvelope, unpack_page

OK, NO_CONTENT = 200, 204
_REFUSED, _TOO_OFTEN, _STOPPING, _FULL = 404, 429, 503, 507
_NOTHING_BEHIND = frozenset({502, 504})
"""What a proxy says for a relay that is away."""
DEFAULT_RETRY_SECONDS: Final = 2.0
LONGEST_RETRY_SECONDS: Final = 120.0
"""As a relay that keeps to docs/protocol.md, section 9.9, never exceeds."""
_SECONDS = re.compile(r"[0-9]{1,9}")
BROKEN_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def problem_of(status: int, expected: int, retry_after: str | None = None) -> RelayError | None:
    """Return the error that a status stands for; None if it is the one expected.

    Args:
        status: what was answered.
        expected: what success would be.
        retry_after: the header of that name, if there is one.
    """
    if status == expected:
        return None
    if status == _REFUSED:
        return RelayRefused("The relay has nothing here for this key.")
    if status == _FULL:
        return RelayFull(
            "The relay has no room for this now: the mailbox is full until the other side has "
            "fetched what is in it, or the relay's disk is."
        )
    if status in {_TOO_OFTEN, _STOPPING}:
        return RelayBusy("The relay is busy or stopping.", retry_seconds(retry_after))
    if status in _NOTHING_BEHIND:
        return RelayUnreachable("The relay can't be reached: only a server in front of it answers.")
    return RelayProtocolError(
        f"The relay answered in a way that this version does not understand ({status}). "
        "Nothing was lost; check the relay's address, or update."
    )


def require(status: int, expected: int, retry_after: str | None = None) -> None:
    """Raise the error that a status stands for, unless it is the one expected."""
    problem = problem_of(status, expected, retry_after)
    if problem is not None:
        raise problem


def retry_seconds(header: str | None) -> float:
    """Return how long a `Retry-After` asks to wait: 0 to 120 seconds, or 2 where it says nothing.

    Its other form, a date, takes a clock that agrees; relays send seconds.
    """
    if header is None or not _SECONDS.fullmatch(header):
        return DEFAULT_RETRY_SECONDS
    return min(float(header), LONGEST_RETRY_SECONDS)


def nonsense(why: str = "") -> RelayProtocolError:
    """Return the error for an answer that cannot be."""
    return RelayProtocolError("The relay's answer makes no sense" + (f": {why}" if why else "."))


def page_after(content: bytes, after: int, limit: int) -> list[StoredEnvelope]:
    """Return the envelopes of a page.

    Raises:
        RelayProtocolError: it breaks the form, has more than `limit`, or a position that is not
            above `after`.
    """
    try:
        page = unpack_page(content)
    except MalformedData as error:
        raise nonsense(str(error)) from None
    if len(page) > limit:
        raise nonsense("a page with more than was asked for.")
    if page and page[0].position <= after:
        raise nonsense("an old position.")
    return page


@asynccontextmanager
async def network_errors() -> AsyncIterator[None]:
    """Turn every failure of the network into `RelayUnreachable`."""
    import aiohttp  # noqa: PLC0415 - see `exchange`

    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError):
        # UnicodeError: a host that a link may name, and that no name on the network can be.
        # Without the cause: aiohttp's texts can hold the URL, and that holds a mailbox id.
        raise RelayUnreachable("The relay can't be reached.") from None
