"""The messenger's side of the relay's HTTP interface (docs/protocol.md, section 9).

Every failure becomes one of the errors in `e2etherapy.errors`; no key is ever part of a URL.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from e2etherapy.errors import (
    InvalidLink,
    MalformedData,
    RelayFull,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.mailbox import operations
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositAddress,
    OwnedMailbox,
    OwnerKey,
    Ticket,
    TicketHash,
)
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.messenger import relay_versions
from e2etherapy.wire import base64url
from e2etherapy.wire.invitation import InvitationLink, LinkSecret
from e2etherapy.wire.locator import Locator

_TIMEOUT_SECONDS = 30.0
_BROKEN_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_OK, _NO_CONTENT = 200, 204
_MAX_ANSWER = operations.MAX_PAGE * operations.RECORD_SIZE


def relay_url(text: str) -> str:
    """Return a relay's base URL from what a person typed or a link names.

    Raises:
        InvalidLink: not an http(s) URL, http to another machine, or no link could carry it.
    """
    given = text.strip()
    try:
        if "://" not in given:
            loopback = _is_loopback(urlsplit(f"//{given}").hostname)
            given = f"{'http' if loopback else 'https'}://{given}"
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidLink(f"{text!r} is not the address of a relay.") from None
    more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    address = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    if parts.scheme not in {"http", "https"} or more or not _fits_a_link(address):
        raise InvalidLink(
            f"{text!r} is not the address of a relay. It looks like https://relay.example or "
            "http://127.0.0.1:8700."
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise InvalidLink("A relay on another machine must be reached by https.")
    return f"{parts.scheme}://{address}"


def _fits_a_link(address: str) -> bool:
    """Say whether whoever gets an invitation could read this host and port in its link."""
    try:
        link = InvitationLink.parse(InvitationLink(address, LinkSecret(bytes(32))).text())
    except InvalidLink:
        return False
    return link.relay_host == address


def relay_host(url: str) -> str:
    """Return the host and port of a relay's URL, as an invitation link shows it."""
    return urlsplit(url).netloc


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class RelayConnection:
    """Talks to one relay; use it as an asynchronous context manager."""

    def __init__(self, url: str) -> None:
        """Take a URL from `relay_url`; nothing is opened yet."""
        self._base = url + operations.API
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open a connection pool that stores no cookie and follows no environment proxy."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "e2etherapy", "Accept-Encoding": "identity"},
            # An answer that is small on the wire must not grow in memory.
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def issue_tickets(self, allowance: Allowance, hashes: Sequence[TicketHash]) -> None:
        """Register ticket hashes against an allowance."""
        body = operations.IssueTickets([base64url.encode(item) for item in hashes])
        header = operations.authorization(operations.ALLOWANCE, allowance)
        await self._call("POST", "/tickets", header, json=body)

    async def create_mailbox(self, mailbox: OwnedMailbox, ticket: Ticket) -> None:
        """Create one's own mailbox; repeating it changes nothing."""
        body = operations.CreateMailbox(
            base64url.encode(ticket), base64url.encode(mailbox.deposit_key.hash())
        )
        header = operations.authorization(operations.OWNER, mailbox.owner_key)
        await self._call("PUT", _mailbox(mailbox.owner_key), header, json=body)

    async def close_mailbox(self, owner_key: OwnerKey) -> None:
        """Delete one's own mailbox with everything in it."""
        header = operations.authorization(operations.OWNER, owner_key)
        await self._call("DELETE", _mailbox(owner_key), header)

    async def deposit(self, address: DepositAddress, envelope: bytes) -> None:
        """Deposit an envelope; when this returns, it is on the relay's disk."""
        path = f"/mailboxes/{base64url.encode(address.mailbox)}/envelopes"
        header = operations.authorization(operations.DEPOSIT, address.key)
        await self._call("POST", path, header, binary=envelope)

    async def collect(self, owner_key: OwnerKey, after: int) -> list[StoredEnvelope]:
        """Return up to 64 envelopes with a position above `after`, in order."""
        path = f"{_mailbox(owner_key)}/envelopes"
        header = operations.authorization(operations.OWNER, owner_key)
        query = {"after": str(after), "limit": str(operations.MAX_PAGE)}
        answer = await self._call("GET", path, header, query=query, success=_OK)
        try:
            page = operations.unpack_page(answer)
        except MalformedData as error:
            raise RelayProtocolError(f"The relay's answer makes no sense: {error}") from None
        if page and page[0].position <= after:
            raise RelayProtocolError("The relay's answer makes no sense: an old position.")
        return page

    async def acknowledge(self, owner_key: OwnerKey, through: int) -> None:
        """Let the relay delete every envelope up to a position."""
        path = f"{_mailbox(owner_key)}/envelopes"
        header = operations.authorization(operations.OWNER, owner_key)
        await self._call("DELETE", path, header, query={"through": str(through)})

    async def wait(self, mailboxes: Sequence[tuple[OwnerKey, int]], seconds: float) -> list[int]:
        """Return indexes of mailboxes (at most 128) with something above their position.

        Waits up to `seconds` (at most 55) for the first; 0 asks and returns at once.
        """
        header = operations.authorization(operations.OWNER, *(key for key, _ in mailboxes))
        body = operations.Wait([position for _, position in mailboxes], seconds)
        patience = _TIMEOUT_SECONDS + seconds
        answer = await self._call(
            "POST", "/wait", header, json=body, patience=patience, success=_OK
        )
        try:
            arrived = msgspec.json.decode(answer, type=operations.Arrivals).arrived
        except _BROKEN_JSON:
            raise RelayProtocolError("The relay's answer makes no sense.") from None
        # In order and each once, whatever the relay says.
        return sorted({index for index in arrived if 0 <= index < len(mailboxes)})

    async def put_invitation(
        self, locator: Locator, ticket: Ticket, sealed: bytes, days: int
    ) -> None:
        """Leave a sealed bundle for `days` days."""
        header = operations.authorization(operations.TICKET, ticket)
        path = f"/invitations/{base64url.encode(locator)}"
        await self._call("PUT", path, header, binary=sealed, query={"days": str(days)})

    async def claim(self, locator: Locator, token: ClaimToken) -> bytes:
        """Claim an invitation; the same token may ask again until it confirms."""
        header = operations.authorization(operations.CLAIM, token)
        path = f"/invitations/{base64url.encode(locator)}/claim"
        sealed = await self._call("POST", path, header, success=_OK)
        if len(sealed) != operations.SEALED_BUNDLE_SIZE:
            raise RelayProtocolError("The relay's answer makes no sense.")
        return sealed

    async def confirm_claim(self, locator: Locator, token: ClaimToken) -> None:
        """Let the relay forget a claimed bundle."""
        header = operations.authorization(operations.CLAIM, token)
        await self._call("DELETE", f"/invitations/{base64url.encode(locator)}", header)

    async def health(self) -> dict[str, object]:
        """Return what the relay says of itself."""
        try:
            return msgspec.json.decode(
                await self._call("GET", "/health", None, success=_OK), type=dict[str, object]
            )
        except _BROKEN_JSON:
            raise RelayProtocolError("This address does not answer like a relay.") from None

    async def _call(
        self,
        method: str,
        path: str,
        authorization: str | None,
        *,
        json: msgspec.Struct | None = None,
        binary: bytes | None = None,
        query: Mapping[str, str] | None = None,
        patience: float = _TIMEOUT_SECONDS,
        success: int = _NO_CONTENT,
    ) -> bytes:
        if self._session is None:
            raise RuntimeError("The relay connection is not open.")
        headers = {} if authorization is None else {"Authorization": authorization}
        data = msgspec.json.encode(json) if json is not None else binary
        if data is not None:
            headers["Content-Type"] = operations.BINARY if json is None else operations.JSON
        async with (
            _network_errors(),
            self._session.request(
                method,
                self._base + path,
                headers=headers,
                params=query,
                data=data,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=patience),
            ) as response,
        ):
            answer = await response.content.read(_MAX_ANSWER + 1)
            while not response.content.at_eof() and len(answer) <= _MAX_ANSWER:
                answer += await response.content.read(_MAX_ANSWER + 1 - len(answer))
        relay_versions.check(response.status, answer)
        _check(response.status, success, len(answer))
        return answer


def _mailbox(owner_key: OwnerKey) -> str:
    return f"/mailboxes/{base64url.encode(owner_key.mailbox())}"


def _check(status: int, success: int, length: int) -> None:
    if status == 404:  # noqa: PLR2004 - HTTP status codes are clearer than names for them
        raise RelayRefused("The relay has nothing here for this key.")
    if status == 507:  # noqa: PLR2004
        raise RelayFull(
            "The relay has no room for this now: the mailbox or its disk is full. "
            "What you wrote is safe on this device and goes out with a later sync."
        )
    if status in {429, 503}:
        raise RelayUnreachable(
            "The relay is busy or stopping. What you wrote is safe on this device and goes out "
            "with a later sync."
        )
    # Another success is no answer either: who answers everything with 200 has stored nothing.
    if status != success or length > _MAX_ANSWER:
        raise RelayProtocolError(
            f"The relay answered in a way that this version does not understand ({status}). "
            "Nothing was lost; check the relay's address, or update."
        )


@asynccontextmanager
async def _network_errors() -> AsyncIterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError):
        # UnicodeError: a host that a link may name, and that no name on the network can be.
        # Without the cause: aiohttp's texts can hold the URL, and that holds a mailbox id.
        raise RelayUnreachable(
            "The relay can't be reached. What you wrote is safe on this device and goes out "
            "with the next sync."
        ) from None
