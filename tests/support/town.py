"""Many clients with many objects at once, and what cannot have happened to them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from e2etherapy.mailbox.capabilities import Ticket
from tests.support.histories import DrawerKeys, Guest, HouseholdKeys, Resident
from tests.support.linearizability import MAYBE
from tests.support.lines import Line


@dataclass
class Town:
    """Households and drawers, each with some clients, spread over the relays."""

    tickets: list[Ticket]
    chance: random.Random
    households: list[HouseholdKeys] = field(default_factory=list)
    drawers: list[DrawerKeys] = field(default_factory=list)

    TICKETS_EACH = 4

    def __post_init__(self) -> None:
        for start in range(0, len(self.tickets), 3 * self.TICKETS_EACH):
            parts = [
                self.tickets[begin : begin + self.TICKETS_EACH]
                for begin in range(start, start + 3 * self.TICKETS_EACH, self.TICKETS_EACH)
            ]
            self.households += [HouseholdKeys(parts[0]), HouseholdKeys(parts[1])]
            self.drawers.append(DrawerKeys(parts[2]))

    async def live(self, line: Callable[[], Line], calls: int, clients: int = 4) -> None:
        """Let everybody make some calls, each over a line of its own."""
        residents = [
            Resident(f"{number}", keys, line(), random.Random(self.chance.random()))
            for keys in self.households
            for number in range(clients)
        ]
        guests = [
            Guest(f"{number}", keys, line(), random.Random(self.chance.random()))
            for keys in self.drawers
            for number in range(clients)
        ]
        lives = [one.live(calls) for one in residents] + [one.live(calls) for one in guests]
        await asyncio.gather(*lives)

    async def look(self, line: Line) -> None:
        """See what is there in the end, so that what was lost shows."""
        for keys in self.households:
            for box in range(len(keys.boxes)):
                await Resident("end", keys, line, random.Random(0)).look(box)

    def operations(self) -> int:
        at_home = sum(len(keys.record.operations) for keys in self.households)
        return at_home + sum(len(keys.record.operations) for keys in self.drawers)

    def maybes(self) -> int:
        """Return how many operations have no answer."""
        answers = [one.answer for keys in self.households for one in keys.record.operations]
        answers += [one.answer for keys in self.drawers for one in keys.record.operations]
        return answers.count(MAYBE)

    def is_right(self) -> bool:
        """Say whether everything can have happened; stops at the first that cannot."""
        return all(keys.stuck() is None for keys in self.drawers) and all(
            keys.stuck() is None for keys in self.households
        )

    def stuck(self) -> list[object]:
        """Return what cannot have happened, by object; empty for a relay that is right."""
        at_home = [keys.stuck() for keys in self.households]
        lying = [keys.stuck() for keys in self.drawers]
        return [one for one in [*at_home, *lying] if one is not None]
