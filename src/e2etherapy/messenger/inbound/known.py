"""What the other side has used before, against which each of its items is judged."""

from __future__ import annotations

from dataclasses import dataclass, field

from e2etherapy.errors import ContentRefused
from e2etherapy.messenger.inbound import long_items
from e2etherapy.vault.records import Partial
from e2etherapy.wire.content import AnyItem, Part


@dataclass(slots=True)
class Known:
    """Grows with each item that is accepted.

    Attributes:
        sequences: numbers that were used, as far as the items at hand touch them: with a piece
            goes every number of its whole.
        ids: names that were used, of whole items too.
        partials: long items on their way.
        given_up: long items that this page's have taken the room of.
    """

    sequences: set[int] = field(default_factory=set)
    ids: set[bytes] = field(default_factory=set)
    partials: dict[bytes, Partial] = field(default_factory=dict)
    given_up: set[bytes] = field(default_factory=set)

    def require_fresh(self, item: AnyItem) -> None:
        """Refuse what would take the place of something else; a long item's id counts at once.

        Raises:
            ContentRefused: an id or number was used, or the piece belongs to what is given up.
        """
        taken = item.sequence in self.sequences or item.id in self.ids or item.id in self.partials
        # Its pieces are deleted behind whatever this page adds under that id.
        taken = taken or item.id in self.given_up
        if not taken and isinstance(item, Part) and item.whole not in self.partials:
            if item.whole in self.given_up or not self.sequences.isdisjoint(
                long_items.numbers(item)
            ):
                # No number of what only begins can have been used: if one was, another item has
                # it, or this one was given up.
                raise ContentRefused("a piece of a long message that was given up")
            taken = item.whole in self.ids or item.whole == item.id
        if taken:
            raise ContentRefused("an id or number that was used before")

    def add(self, item: AnyItem) -> None:
        """Remember an item that was accepted."""
        self.sequences.add(item.sequence)
        self.ids.add(item.id)
