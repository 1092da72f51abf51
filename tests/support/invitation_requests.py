"""Requests about one invitation, written out by hand."""

from __future__ import annotations

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import ClaimToken, Ticket
from tests.support.relays import (
    Request,
    named,
    shown,
)

LOCATOR = b"\x07" * 32


def put(ticket: Ticket, bundle: bytes, days: object = 3, locator: bytes = LOCATOR) -> Request:
    path = named("invitations", locator, f"?days={days}")
    return Request("PUT", path, shown(api.TICKET, ticket), bundle, api.BINARY)


def claim(token: ClaimToken) -> Request:
    return Request("POST", named("invitations", LOCATOR, "/claim"), shown(api.CLAIM, token))


def confirm(token: ClaimToken) -> Request:
    return Request("DELETE", named("invitations", LOCATOR), shown(api.CLAIM, token))
