from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable

import pytest

from e2etherapy.relay.log import RelayLog, StrippedRecords
from tests.support.relays import TODAY

SECRET = "the key of Robin"


def raised() -> BaseException:
    try:
        int(SECRET)
    except ValueError as problem:
        return problem
    raise AssertionError


def logged(written: io.StringIO) -> dict[str, object]:
    (line,) = written.getvalue().splitlines()
    found: dict[str, object] = json.loads(line)
    return found


def test_a_fault_is_logged_by_type_and_place_only() -> None:
    written = io.StringIO()
    RelayLog(written, lambda: TODAY).fault(raised())
    event = logged(written)
    assert event["exception"] == "ValueError"
    assert str(event["at"]).split(":")[0].endswith("test_log")
    assert SECRET not in written.getvalue()


def test_the_only_time_in_the_log_is_the_day() -> None:
    written = io.StringIO()
    RelayLog(written, lambda: TODAY).started()
    assert logged(written) == {"event": "started", "level": "info", "day": "2024-10-04"}


def test_what_a_library_logs_loses_its_words() -> None:
    written = io.StringIO()
    library = logging.getLogger("some.library")
    handler = StrippedRecords(RelayLog(written, lambda: TODAY))
    library.addHandler(handler)
    library.info("%s", SECRET)
    assert not written.getvalue()
    library.error("Error handling %s", SECRET, exc_info=raised())
    library.removeHandler(handler)
    event = logged(written)
    assert (event["logger"], event["exception"]) == ("some.library", "ValueError")
    assert SECRET not in written.getvalue()


class Broken(io.StringIO):
    """A stream whose disk is full, whose reader is gone, or that was closed."""

    def __init__(self, problem: Exception) -> None:
        super().__init__()
        self._problem = problem

    def write(self, _text: str) -> int:
        raise self._problem

    def flush(self) -> None:
        raise self._problem


EVENTS: list[Callable[[RelayLog], None]] = [
    RelayLog.started,
    RelayLog.stopping,
    RelayLog.stopped,
    lambda log: log.expired(1, 1),
    RelayLog.clock_disputed,
    RelayLog.disk_full,
    lambda log: log.reloaded([]),
    lambda log: log.reload_refused(None, ""),
    lambda log: log.fault(raised()),
    lambda log: log.foreign(logging.makeLogRecord({})),
]


@pytest.mark.parametrize("problem", [OSError(28, ""), BrokenPipeError(), ValueError("closed")])
def test_a_line_that_cannot_be_written_is_nobody_elses_problem(problem: Exception) -> None:
    log = RelayLog(Broken(problem), lambda: TODAY)
    for event in EVENTS:
        event(log)
