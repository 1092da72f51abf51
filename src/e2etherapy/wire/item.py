"""What every item has, whatever it says (docs/protocol.md, section 7)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from e2etherapy.wire import notation

ITEM_ID_SIZE = 16
MAX_SEQUENCE = notation.MAX_INTEGER
MAX_NAME_LENGTH = 200

ItemId = Annotated[bytes, msgspec.Meta(min_length=ITEM_ID_SIZE, max_length=ITEM_ID_SIZE)]
Sequence = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQUENCE)]
When = Annotated[datetime, msgspec.Meta(tz=True)]
Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME_LENGTH)]
Digest = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class Item(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """What every kind has.

    Attributes:
        id: 16 random bytes.
        sequence: the author's count of items in this conversation, from 1.
        written: when the author wrote it, UTC, whole seconds.
        answers: the id of the item that this one answers, if it answers one.
    """

    id: ItemId
    sequence: Sequence
    written: When
    answers: ItemId | None = None

    def __repr__(self) -> str:
        """Name the kind, never what was said."""
        return f"<{type(self).__name__} item>"
