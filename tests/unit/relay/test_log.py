from __future__ import annotations

import io
import json
import logging

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
