"""What may be counted of a relay that runs."""

from __future__ import annotations

from dataclasses import dataclass

from e2etherapy.relay.app import Relay
from e2etherapy.relay.counts import Counts
from e2etherapy.relay.http import RelayServer
from e2etherapy.relay.store import Store


@dataclass(frozen=True, slots=True)
class Observed:
    """The parts of a running relay that its counts and gauges are read from."""

    relay: Relay
    server: RelayServer
    store: Store

    @property
    def counts(self) -> Counts:
        """What it has done."""
        return self.relay.counts
