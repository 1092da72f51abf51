"""One thing that somebody said, in the order of the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from e2etherapy.wire.item import Item
from e2etherapy.wire.role import Role

SaidItem_co = TypeVar("SaidItem_co", bound=Item, covariant=True)


@dataclass(frozen=True, slots=True)
class Said(Generic[SaidItem_co]):
    """An item with its author, and when this device recorded it, UTC, whole seconds."""

    author: Role
    item: SaidItem_co
    recorded: datetime
