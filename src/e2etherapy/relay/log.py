"""The relay's log: JSON lines without an address, an id, a key, a path or a time finer than a day.

What other libraries log passes through here too, stripped of its words: they may quote requests.
"""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import MutableMapping, Sequence
from typing import Any, TextIO, cast

import structlog

from e2etherapy.relay.clock import Today, iso_date

_PACKAGE = "e2etherapy"
_FIELDS = frozenset(
    {"event", "level", "day", "exception", "at", "within", "logger", "envelopes", "invitations"}
    | {"setting", "reason", "restart"}
)


class RelayLog:
    """The events that a relay may log, each a method, so that nothing else gets in."""

    def __init__(self, stream: TextIO, today: Today) -> None:
        def add_day(_logger: object, _name: str, event: _Event) -> _Event:
            event["day"] = iso_date(today())
            return event

        self._log = structlog.wrap_logger(
            structlog.WriteLogger(cast("TextIO", _Unfailing(stream))),
            processors=[
                structlog.processors.add_log_level,
                add_day,
                _only_known_fields,
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        )

    def started(self) -> None:
        """The relay listens."""
        self._log.info("started")

    def stopping(self) -> None:
        """The relay was told to stop and takes no new requests."""
        self._log.info("stopping")

    def stopped(self) -> None:
        """Everything accepted is answered and the database is closed."""
        self._log.info("stopped")

    def expired(self, envelopes: int, invitations: int) -> None:
        """The daily expiry is through; how much it deleted."""
        self._log.info("expired", envelopes=envelopes, invitations=invitations)

    def clock_disputed(self) -> None:
        """The system's clock was set by more than a day, and is not believed."""
        self._log.error("clock disputed")

    def disk_full(self) -> None:
        """Something could not be written and was answered so."""
        self._log.error("disk full")

    def reloaded(self, restart: Sequence[str]) -> None:
        """Certificate and limits were read again; `restart` names settings that wait for one."""
        self._log.info("reloaded", restart=list(restart))

    def reload_refused(self, setting: str | None, reason: str) -> None:
        """What was read again cannot be used, and nothing changed.

        Args:
            setting: which one, if it is one.
            reason: what is wrong with it, in words that name no file and repeat no value.
        """
        self._log.error("reload refused", setting=setting, reason=reason)

    def fault(self, problem: BaseException) -> None:
        """Something unexpected happened: its type and where, never its message or any value."""
        self._log.error("fault", exception=type(problem).__qualname__, **_location(problem))

    def foreign(self, record: logging.LogRecord) -> None:
        """A library logged something: who and where, never what."""
        problem = record.exc_info[1] if record.exc_info else None
        details: dict[str, str] = {"at": f"{record.module}:{record.lineno}"}
        if problem is not None:
            details = {"exception": type(problem).__qualname__, **_location(problem)}
        self._log.warning("library", logger=record.name, **details)


_Event = MutableMapping[str, Any]


class _Unfailing:
    """A stream on which a line that cannot be written is lost, and nothing else.

    The reader of a pipe can be gone, and a log's disk full. Whether envelopes are kept, expire and
    are given out is not for the log to decide.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # A buffer would keep what it cannot write, and with it the interpreter would end in error.
        self._raw = getattr(getattr(stream, "buffer", None), "raw", None)

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._raw is None:
                self._stream.write(text)
            else:
                self._raw.write(text.encode())

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class StrippedRecords(logging.Handler):
    """Hands records of the standard library's logging on without their words."""

    def __init__(self, log: RelayLog) -> None:
        super().__init__(logging.WARNING)
        self._relay_log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log where a record came from."""
        self._relay_log.foreign(record)


def silence_libraries(log: RelayLog) -> None:
    """Let everything that libraries log or warn of in this process pass through `log`."""
    root = logging.getLogger()
    root.handlers[:] = [StrippedRecords(log)]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def _only_known_fields(_logger: object, _name: str, event: _Event) -> _Event:
    return {name: value for name, value in event.items() if name in _FIELDS}


def _location(problem: BaseException) -> dict[str, str]:
    """Name the innermost line, and the innermost one of this package, by module and number."""
    frames = [
        (frame.f_globals.get("__name__", "?"), number)
        for frame, number in traceback.walk_tb(problem.__traceback__)
    ]
    ours = [place for place in frames if str(place[0]).split(".")[0] == _PACKAGE]
    places = {"at": frames[-1:], "within": ours[-1:]}
    return {key: f"{name}:{line}" for key, found in places.items() for name, line in found}
