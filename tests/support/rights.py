"""Real rights at a running relay, and for each operation the ways to use and to misuse them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import (
    MAX_REQUEST_SIZE,
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
)
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositKey,
    OwnedMailbox,
    OwnerKey,
    Ticket,
)
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.wire import base64url
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayProcess,
    Request,
    acknowledgement,
    batch_request,
    collection,
    creation,
    deposit,
    draw,
    envelope,
    named,
    shown,
    tickets_request,
    wait,
    watching,
)

if TYPE_CHECKING:
    import requests

MANY = 10**6
NAMED = re.compile(api.BASE64URL_OF_32)


def send(session: requests.Session, port: int, request: Request) -> requests.Response:
    """Send a request over a session's connection."""
    headers = dict(request.headers)
    if request.authorization is not None:
        headers["Authorization"] = request.authorization
    if request.content_type is not None:
        headers["Content-Type"] = request.content_type
    return session.request(
        request.method,
        f"http://127.0.0.1:{port}{request.path}",
        data=request.body,
        headers=headers,
        timeout=PATIENCE_SECONDS,
    )


def put(ticket: Ticket, locator: bytes, content: bytes) -> Request:
    path = named("invitations", locator, "?days=3")
    return Request("PUT", path, shown(api.TICKET, ticket), content, api.BINARY)


def claim(token: ClaimToken, locator: bytes) -> Request:
    path = named("invitations", locator, "/claim")
    return Request("POST", path, shown(api.CLAIM, token))


def confirm(token: ClaimToken, locator: bytes) -> Request:
    return Request("DELETE", named("invitations", locator), shown(api.CLAIM, token))


def close(owned: OwnedMailbox) -> Request:
    path = named("mailboxes", owned.owner_key.mailbox())
    return Request("DELETE", path, shown(api.OWNER, owned.owner_key))


@dataclass(frozen=True)
class Rights:
    """Draws rights at one relay and uses them."""

    relay: RelayProcess
    session: requests.Session

    def send(self, request: Request) -> requests.Response:
        return send(self.session, self.relay.port, request)

    def done(self, request: Request) -> None:
        """Send what has to succeed."""
        answer = self.send(request)
        assert answer.status_code in {200, 204}, answer.text

    @cached_property
    def allowance(self) -> Allowance:
        return self.relay.allowance(MANY)

    @cached_property
    def lasting(self) -> OwnedMailbox:
        """Return a mailbox with something in it that is not closed on purpose."""
        return self.filled()

    def ticket(self) -> Ticket:
        ticket = Ticket(draw(32))
        self.done(tickets_request(self.allowance, ticket))
        return ticket

    def mailbox(self) -> OwnedMailbox:
        owned = OwnedMailbox.generate(draw)
        self.done(creation(owned, self.ticket()))
        return owned

    def filled(self) -> OwnedMailbox:
        """Return a mailbox with something in it."""
        owned = self.mailbox()
        self.done(deposit(owned, envelope("first")))
        return owned

    def invitation(self) -> bytes:
        """Return where a sealed bundle lies that nobody has claimed."""
        locator = draw(32)
        self.done(put(self.ticket(), locator, envelope("bundle")))
        return locator

    def claimed(self) -> tuple[ClaimToken, bytes]:
        token, locator = ClaimToken(draw(32)), self.invitation()
        self.done(claim(token, locator))
        return token, locator

    def right(self, name: str) -> Request:
        """Return a request for an operation that succeeds once."""
        made: dict[str, Callable[[], Request]] = {
            "issue_tickets": lambda: tickets_request(self.allowance, Ticket(draw(32))),
            "create_mailbox": lambda: creation(OwnedMailbox.generate(draw), self.ticket()),
            "close_mailbox": lambda: close(self.mailbox()),
            "deposit": lambda: deposit(self.lasting, draw(api.SEALED_BUNDLE_SIZE)),
            "collect": lambda: collection(self.lasting),
            "acknowledge": lambda: acknowledgement(self.filled(), 1),
            "wait": lambda: wait((self.lasting, 0), seconds=1),
            "watch": lambda: watching((self.lasting, 0)),
            "batch": self.batch,
            "put_invitation": lambda: put(self.ticket(), draw(32), envelope("bundle")),
            "claim_invitation": lambda: claim(ClaimToken(draw(32)), self.invitation()),
            "forget_invitation": lambda: confirm(*self.claimed()),
            "health": lambda: Request("GET", "/v1/health"),
            "ready": lambda: Request("GET", "/v1/ready"),
            "describe": lambda: Request("GET", "/v1/openapi.json"),
        }
        return made[name]()

    def batch(self) -> Request:
        owned, address = self.mailbox(), self.lasting.address()
        return batch_request(
            BatchedDeposit(address.key, address.mailbox, envelope("batched")),
            BatchedCollection(self.lasting.owner_key, 0, 2),
            BatchedAcknowledgement(owned.owner_key, 1),
            BatchedAcknowledgement(OwnerKey(draw(32)), 1),
        )

    def refused(self, name: str) -> Iterator[Request]:
        """Return requests that show a key without a right."""
        stranger, unknown = OwnedMailbox.generate(draw), ClaimToken(draw(32))
        made: dict[str, Callable[[], list[Request]]] = {
            "issue_tickets": lambda: [tickets_request(Allowance(draw(32)), Ticket(draw(32)))],
            "create_mailbox": lambda: [creation(stranger, Ticket(draw(32)))],
            "close_mailbox": lambda: [close(stranger)],
            "deposit": lambda: [deposit(stranger, envelope("a"))],
            "collect": lambda: [collection(stranger)],
            "acknowledge": lambda: [acknowledgement(stranger, 1)],
            "put_invitation": lambda: [put(Ticket(draw(32)), draw(32), envelope("bundle"))],
            "claim_invitation": lambda: [
                claim(unknown, draw(32)),
                claim(unknown, self.claimed()[1]),
            ],
            "forget_invitation": lambda: [confirm(unknown, self.claimed()[1])],
        }
        yield from made.get(name, list)()

    def contradicting(self, name: str) -> Iterator[Request]:
        """Return requests that use a right for something else than before."""
        if name == "create_mailbox":
            owned = self.lasting
            yield creation(OwnedMailbox(owned.owner_key, DepositKey(draw(32))), self.ticket())
        if name == "put_invitation":
            ticket = self.ticket()
            self.done(put(ticket, draw(32), envelope("bundle")))
            yield put(ticket, draw(32), envelope("bundle"))

    def ways(self, name: str) -> Iterator[tuple[int, Request]]:
        """Yield requests for an operation, each with the status that it has to be answered."""
        right = self.right(name)
        yield (200 if right.method == "GET" or name in _ANSWERING else 204), right
        yield from ((404, request) for request in self.refused(name))
        yield from ((409, request) for request in self.contradicting(name))
        yield 400, replace(right, path=right.path + ("&" if "?" in right.path else "?") + "more=1")
        if right.authorization is not None:
            yield 401, replace(right, authorization=None)
            yield 401, replace(right, authorization="Basic QQ")
            yield 400, replace(right, authorization=right.authorization[:-1])
        if right.body is None:
            yield 413, replace(right, body=b"x")
            return
        yield 400, replace(right, body=right.body[:-1])
        yield 413, replace(right, body=bytes(1 + _LONGEST.get(name, api.MAX_BODY)))
        yield 415, replace(right, content_type="text/plain")
        yield 415, replace(right, headers={"Content-Encoding": "gzip"})

    def fill(self, name: str, case: Any) -> None:  # noqa: ANN401 - a case of schemathesis
        """Put real keys and names where a generated case has any that have the right form."""
        owned = self.mailbox() if name in _USING_UP else self.lasting
        real = {"mailbox": owned.owner_key.mailbox(), "locator": self._claimed[1]}
        for place, value in real.items():
            if NAMED.fullmatch(str((case.path_parameters or {}).get(place, ""))):
                case.path_parameters[place] = base64url.encode(value)
        body = case.body if isinstance(case.body, dict) else {}
        if NAMED.fullmatch(str(body.get("ticket"))):
            body["ticket"] = base64url.encode(self.ticket())
        if 0 < _number(body.get("seconds")) <= api.MAX_WAIT_SECONDS:
            body["seconds"] = 0
        if isinstance(body.get("after"), list):
            body["after"] = [_without_fraction(position) for position in body["after"]]
        waits = len(body["after"]) if isinstance(body.get("after"), list) else 1
        case.headers["Authorization"] = self._authorization(name, owned, waits)

    def _authorization(self, name: str, owned: OwnedMailbox, keys: int) -> str:
        of: dict[str, Callable[[], tuple[str, SecretOctets]]] = {
            "issue_tickets": lambda: (api.ALLOWANCE, self.allowance),
            "deposit": lambda: (api.DEPOSIT, owned.deposit_key),
            "batch": lambda: (api.BATCH, owned.owner_key),
            "put_invitation": lambda: (api.TICKET, self.ticket()),
            "claim_invitation": lambda: (api.CLAIM, self._claimed[0]),
            "forget_invitation": lambda: (api.CLAIM, self._claimed[0]),
        }
        scheme, key = of.get(name, lambda: (api.OWNER, owned.owner_key))()
        return shown(scheme, *[key] * max(1, min(keys, api.MAX_WAITED_MAILBOXES)))

    @cached_property
    def _claimed(self) -> tuple[ClaimToken, bytes]:
        return self.claimed()


_ANSWERING = {"wait", "watch", "batch", "claim_invitation"}
_LONGEST = {"batch": MAX_REQUEST_SIZE}
_USING_UP = {"close_mailbox", "acknowledge"}


def _without_fraction(value: object) -> object:
    """Write 1.0 as 1: JSON Schema takes the two for the same, and the relay only the second."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(value: object) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0
