"""How long somebody who delivers waits for a relay that says when it can be asked again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from e2etherapy.errors import RelayBusy

LONGEST_SECONDS: Final = 30.0
"""After that much waiting without anything delivered, a person is told rather than kept."""


@dataclass(slots=True)
class Patience:
    """What is left of it; shared by all that is delivered in one go.

    Attributes:
        seconds: how long relays may still be waited for.
    """

    seconds: float = LONGEST_SECONDS

    def renew(self) -> None:
        """Begin anew: something was delivered."""
        self.seconds = LONGEST_SECONDS

    async def outlast(self, busy: RelayBusy, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Wait as long as a relay asks for.

        Raises:
            RelayBusy: that is longer than there is patience left.
        """
        if busy.seconds > self.seconds:
            raise busy
        self.seconds -= busy.seconds
        await sleep(busy.seconds)
