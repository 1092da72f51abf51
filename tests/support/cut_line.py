"""A way to the relay that is cut where a test says, as by the network or by the program's end."""

from __future__ import annotations

from collections.abc import Callable

from e2etherapy.errors import RelayUnreachable
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.outbound.courier import Progress


class Ended(BaseException):
    """The program is gone: nothing in it may catch this."""


class Line:
    """A way to the relay that can be cut at one call, before or after it took effect.

    Attributes:
        calls: requests since the last `cut`.
        down: nothing gets through.
        batches: whether the relay at its end knows them.
        snapshot: called at the cut, as if the program ended there; without it, the cut is met as
            any failure of the network is.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.fail_at: int | None = None
        self.after_effect = False
        self.down = False
        self.batches = True
        self.snapshot: Callable[[], object] | None = None

    def cut(self, call: int, *, after_effect: bool) -> None:
        """Fail at call number `call` from now on, counted from 1."""
        self.calls = 0
        self.fail_at = call
        self.after_effect = after_effect

    def cut_behind(self, envelopes: int, *, after_effect: bool = False) -> Progress:
        """Return what to tell of progress, so that the line is gone after so many envelopes."""

        def told(done: int, _total: int) -> None:
            self.down = self.down or done >= envelopes
            self.after_effect = after_effect

        return told

    def mend(self) -> None:
        """Let everything through."""
        self.fail_at = None
        self.down = False
        self.snapshot = None

    def fail(self) -> BaseException:
        """Return how the cut shows itself."""
        if self.snapshot is not None:
            self.snapshot()
            return Ended()
        return RelayUnreachable("The line was cut.")

    def connect(self, url: str) -> RelayConnection:
        """Make a connection over this line."""
        return _ConnectionOverLine(url, self)


class _ConnectionOverLine(RelayConnection):
    def __init__(self, url: str, line: Line) -> None:
        super().__init__(url)
        self._line = line

    async def features(self) -> frozenset[str]:
        return await super().features() if self._line.batches else frozenset()

    async def _call(self, *given: object, **named: object) -> bytes:
        line = self._line
        line.calls += 1
        failing = line.down or line.calls == line.fail_at
        if failing and not line.after_effect:
            raise line.fail()
        answer = await super()._call(*given, **named)  # type: ignore[arg-type]
        if failing:
            raise line.fail()
        return answer
