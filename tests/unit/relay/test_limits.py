"""Each limit has a reason and bounds, and together they hold what they promise."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields

import pytest

from e2etherapy.mailbox.batch import MAX_OPERATIONS, MAX_REQUEST_SIZE
from e2etherapy.mailbox.operations import (
    HEARTBEAT_SECONDS,
    MAX_TICKETS,
    MAX_WAIT_SECONDS,
    MAX_WAITED_MAILBOXES,
)
from e2etherapy.relay import limits
from e2etherapy.relay.bounds import most_memory
from e2etherapy.relay.group import MAX_PENDING, MAX_PENDING_DEPOSITS
from e2etherapy.relay.limits import STANDARD, Limits, figures

NAMES = [each.name for each in fields(Limits)]
MOST_REQUESTS = 5_000
"""A second, more than one process answers."""


@pytest.mark.parametrize("name", NAMES)
def test_the_standard_lies_between_the_bounds(name: str) -> None:
    standard, figure = figures()[name]
    assert 0 < figure.least <= standard <= figure.greatest
    assert type(figure.least) is type(figure.greatest) is type(standard)
    assert standard == getattr(STANDARD, name)
    assert figure.meaning.endswith(".")


def test_every_limit_has_its_reason_beside_it() -> None:
    (described,) = (
        node
        for node in ast.parse(inspect.getsource(limits)).body
        if isinstance(node, ast.ClassDef) and node.name == "Limits"
    )
    reasons = {
        before.target.id: after.value.value
        for before, after in zip(described.body, described.body[1:], strict=False)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }
    assert list(reasons) == NAMES
    assert all(isinstance(reason, str) and len(reason) > 20 for reason in reasons.values())


@pytest.mark.parametrize(
    ("rate", "cost"),
    [
        (STANDARD.deposit_rate, MAX_OPERATIONS),
        (STANDARD.owner_rate, MAX_WAITED_MAILBOXES / 10),
        (STANDARD.ticket_rate, MAX_TICKETS / 10),
        (STANDARD.invitation_rate, 1),
    ],
)
def test_keys_drawn_at_random_cannot_fill_the_cells(rate: float, cost: float) -> None:
    """A request for 128 mailboxes or 256 tickets takes more than ten times as long to answer."""
    assert STANDARD.pace_cells * rate > 2 * MOST_REQUESTS * cost


def test_what_people_do_fits_into_a_burst() -> None:
    pages = -(-3_400 // 64)
    assert STANDARD.deposit_burst >= max(2 * 1_900, 4_096)
    assert STANDARD.owner_burst >= 2 * pages + 1_900
    assert STANDARD.ticket_burst >= MAX_TICKETS


def test_acknowledgements_have_room_where_deposits_have_none() -> None:
    assert figures()["writes"][1].greatest <= MAX_PENDING_DEPOSITS < MAX_PENDING
    assert figures()["body_bytes"][1].least >= MAX_REQUEST_SIZE


def test_the_most_memory_is_a_figure_that_machines_have() -> None:
    assert 2**29 < most_memory(STANDARD) < 2**30 + 2**28


def test_what_the_protocol_promises_is_within_every_setting() -> None:
    assert figures()["heartbeat_seconds"][1].greatest == HEARTBEAT_SECONDS
    assert figures()["idle_seconds"][1].least > MAX_WAIT_SECONDS
