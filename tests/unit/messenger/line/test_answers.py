"""What a status of the relay, or of a server in front of it, means."""

from __future__ import annotations

import pytest

from e2etherapy.errors import (
    RelayBusy,
    RelayFull,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.messenger.line.answers import problem_of, require, retry_seconds


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (404, RelayRefused),
        (429, RelayBusy),
        (502, RelayUnreachable),
        (503, RelayBusy),
        (504, RelayUnreachable),
        (507, RelayFull),
        (200, RelayProtocolError),
        (302, RelayProtocolError),
        (500, RelayProtocolError),
    ],
)
def test_each_status_is_one_kind_of_problem(status: int, problem: type[Exception]) -> None:
    assert type(problem_of(status, 204)) is problem
    with pytest.raises(problem):
        require(status, 204)


def test_the_expected_status_is_no_problem() -> None:
    assert problem_of(204, 204) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 2),
        ("0", 0),
        ("7", 7),
        ("120", 120),
        ("121", 120),
        ("999999999", 120),
        ("9999999999", 2),
        ("", 2),
        ("-1", 2),
        ("1.5", 2),
        ("soon", 2),
        ("\u0667", 2),
        ("Fri, 27 Nov 2026 22:53:11 GMT", 2),
    ],
)
def test_what_a_relay_asks_for_is_waited_within_bounds(header: str | None, seconds: float) -> None:
    assert retry_seconds(header) == seconds
