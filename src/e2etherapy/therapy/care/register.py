"""What items have begun, each under the id of its item: the open ones can be counted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from e2etherapy.errors.therapy import OutOfPlace


class Begun(Protocol):
    """What an item has begun."""

    @property
    def id(self) -> bytes:
        """That of the item."""

    @property
    def is_open(self) -> bool:
        """Whether something is still to be said to it."""


AnyBegun = TypeVar("AnyBegun", bound=Begun)


@dataclass(frozen=True, slots=True)
class Register(Generic[AnyBegun]):
    """All that was begun, in the order of the record.

    What is open is known without a look at all of it, which may be years of work, or a flood.

    Attributes:
        by_id: what was begun.
        open_ids: of what is open.
        last: the number that was given last, from 1. What was erased keeps its own, so that the
            others keep theirs.
    """

    by_id: MappingProxyType[bytes, AnyBegun] = field(default_factory=lambda: MappingProxyType({}))
    open_ids: frozenset[bytes] = frozenset()
    last: int = 0

    @property
    def next_number(self) -> int:
        """The number of what is begun next."""
        return self.last + 1

    def get(self, item_id: bytes | None) -> AnyBegun | None:
        """Return what an item has begun, if it is here."""
        return None if item_id is None else self.by_id.get(item_id)

    def all(self) -> tuple[AnyBegun, ...]:
        """Return everything."""
        return tuple(self.by_id.values())

    def open(self) -> tuple[AnyBegun, ...]:
        """Return what is open."""
        return tuple(one for one in self.by_id.values() if one.id in self.open_ids)

    def begin(self, one: AnyBegun, most: int, kind: str) -> Register[AnyBegun]:
        """Take what an item begins.

        Args:
            one: what it begins.
            most: how many may be open.
            kind: what they are, as in "homeworks".

        Raises:
            OutOfPlace: too many are open, or another item, of either side, has begun one under
                this id.
        """
        if one.id in self.by_id:
            raise OutOfPlace("an item with the id of another one")
        if len(self.open_ids) >= most:
            raise OutOfPlace(f"one more than {most} open {kind}")
        return replace(self.change(one), last=self.next_number)

    def skip(self) -> Register[AnyBegun]:
        """Keep the number of one that was erased."""
        return replace(self, last=self.next_number)

    def change(self, one: AnyBegun) -> Register[AnyBegun]:
        """Take what has become of one, in its place."""
        own = frozenset({one.id})
        opened = self.open_ids | own if one.is_open else self.open_ids - own
        by_id = MappingProxyType(self.by_id | {one.id: one})
        return replace(self, by_id=by_id, open_ids=opened)
