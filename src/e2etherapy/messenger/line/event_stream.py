"""Reading server-sent events from bytes that come in pieces; pure, and bounded in memory.

The form is that of the WHATWG's HTML standard, section 9.2, as far as a relay uses it: `id` and
`retry` are ignored like any field without a meaning here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from e2etherapy.errors import MalformedData

MAX_LINE_BYTES: Final = 8_192
"""Of a line, and of an event's data: 128 indexes are far shorter."""

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name (`message` if it has none) and its data."""

    name: bytes
    data: bytes


@dataclass(slots=True)
class EventStream:
    """Takes the bytes of one stream as they come; what is cut off at its end is no event."""

    _unfinished: bytes = b""
    _began: bool = False
    _after_return: bool = False
    _name: bytes = b""
    _data: list[bytes] = field(default_factory=list)

    def feed(self, piece: bytes) -> list[Event]:
        """Take the next bytes and return the events that they complete.

        Raises:
            MalformedData: a line or an event's data is longer than 8,192 bytes.
        """
        if not piece:
            return []
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_return = piece.endswith(b"\r")
        *lines, self._unfinished = _LINE_END.split(self._unfinished + piece)
        if len(self._unfinished) > MAX_LINE_BYTES:
            raise MalformedData("A line of an event stream is too long.")
        return [event for line in lines if (event := self._take(line)) is not None]

    def _take(self, line: bytes) -> Event | None:
        if len(line) > MAX_LINE_BYTES:
            raise MalformedData("A line of an event stream is too long.")
        if not self._began:
            self._began = True
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._finish()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._name = value
        elif name == b"data":
            self._data.append(value)
            if sum(map(len, self._data)) + len(self._data) > MAX_LINE_BYTES:
                raise MalformedData("An event of an event stream is too long.")
        # A comment has an empty name, and fields that are not known are ignored.
        return None

    def _finish(self) -> Event | None:
        name, data = self._name or b"message", self._data
        self._name, self._data = b"", []
        return Event(name, b"\n".join(data)) if data else None
