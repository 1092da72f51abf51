"""One thing that somebody said, in the order of the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from e2etherapy.wire.item import Item
from e2etherapy.wire.role import Role

SaidItem_co = TypeVar("SaidItem_co", bound=Item, covariant=True)

CLOCKS_DIFFER: Final = timedelta(days=1)
"""By how much an author's clock may be ahead before it is not believed."""


def believed(moment: datetime, recorded: datetime) -> datetime:
    """Return a moment that an author's clock named, but none that had not come yet.

    A clock that is more than a day ahead of the device that recorded this is wrong, or lies: then
    it counts as having been when it was recorded. What an author claims to have been earlier is
    believed: it may have waited for weeks at the relay, and for longer on a device that was off.

    Args:
        moment: UTC.
        recorded: when this device recorded it, UTC.
    """
    return recorded if moment - recorded > CLOCKS_DIFFER else moment


@dataclass(frozen=True, slots=True)
class Gone:
    """An item of which only the place is left: what it said was erased here, or is damaged.

    Attributes:
        id: its 16 bytes.
        kind: as it stands in its JSON.
    """

    id: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Said(Generic[SaidItem_co]):
    """An item with its author, and when this device recorded it, UTC, whole seconds."""

    author: Role
    item: SaidItem_co
    recorded: datetime

    @property
    def when(self) -> datetime:
        """When it was written, as far as its author's clock is believed.

        Both devices have the same, unless the author's clock is more than a day ahead.
        """
        return believed(self.item.written, self.recorded)
