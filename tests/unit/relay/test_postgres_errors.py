"""PostgreSQL's errors in the store's words."""

from __future__ import annotations

import asyncpg
import pytest

from e2etherapy.relay.postgres.errors import UnexpectedAnswer, in_store_words
from e2etherapy.relay.store import Busy, DiskFull


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", DiskFull),
        ("53200", Busy),
        ("53300", Busy),
        ("57P01", Busy),
        ("57P03", Busy),
        ("57014", Busy),
        ("55P03", Busy),
        ("40P01", Busy),
        ("40001", Busy),
        ("25006", Busy),
        ("08006", Busy),
        ("23505", UnexpectedAnswer),
        ("42703", UnexpectedAnswer),
    ],
)
def test_an_error_of_the_server_loses_its_words(state: str, kind: type[Exception]) -> None:
    problem = asyncpg.PostgresError.new(
        {"C": state, "M": "duplicate key", "D": "Key (mailbox)=(Robin) already exists."}
    )
    translated = in_store_words(problem)
    assert type(translated) is kind
    assert "Robin" not in f"{translated!r} {translated}"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("could not commit transaction for shard 102012 on at least one active node", Busy),
        ("server closed the connection unexpectedly\n\tThis probably means", Busy),
        ("cache lookup failed for relation 16384", UnexpectedAnswer),
    ],
)
def test_a_server_that_citus_lost_is_busy_and_a_fault_is_none(
    words: str, kind: type[Exception]
) -> None:
    problem = asyncpg.PostgresError.new({"C": "XX000", "M": words})
    assert type(in_store_words(problem)) is kind


@pytest.mark.parametrize(
    "problem",
    [
        asyncpg.InterfaceError("connection is closed"),
        ConnectionRefusedError("relay.example"),
        TimeoutError(),
    ],
)
def test_a_lost_connection_is_busy(problem: Exception) -> None:
    assert isinstance(in_store_words(problem), Busy)


def test_what_is_no_error_of_the_database_stays_what_it_is() -> None:
    problem = ZeroDivisionError()
    assert in_store_words(problem) is problem
