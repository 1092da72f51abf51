"""JSON as the specification has it written, also of what breaks every other rule."""

from __future__ import annotations

import json
from collections.abc import Mapping

from e2etherapy.wire.care import CARE
from e2etherapy.wire.content import (
    Attachment,
    JournalShare,
    Part,
    Profile,
    ReadMark,
    Receipt,
    Text,
)
from e2etherapy.wire.item import Item

_KINDS: tuple[type[Item], ...] = (
    *(Attachment, JournalShare, Part, Profile, ReadMark, Receipt, Text),
    *CARE,
)
_ORDER: dict[object, list[str]] = {
    kind.__struct_config__.tag: ["kind", *kind.__struct_fields__] for kind in _KINDS
}


def in_order(item: Mapping[str, object]) -> dict[str, object]:
    """Return an item's members in the order in which they are written; strange ones come last."""
    kind = item.get("kind")
    order = _ORDER.get(kind, []) if isinstance(kind, str) else []
    return {name: item[name] for name in (*order, *item) if name in item}


def written(value: object) -> bytes:
    """Return JSON without white space and without needless escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
