"""What an item of the other side is to the vault: its kind, its words, its bytes."""

from __future__ import annotations

import hmac

from e2etherapy.errors import ContentRefused
from e2etherapy.primitives.digest import sha256
from e2etherapy.wire.content import (
    AnyItem,
    Attachment,
    Body,
    JournalShare,
    Profile,
    Text,
    UnknownItem,
)


def kind_of(item: AnyItem) -> str:
    """Return an item's kind, also of one that this version does not know."""
    return item.kind if isinstance(item, UnknownItem) else str(item.__struct_config__.tag)


def searchable(item: AnyItem) -> str:
    """Return the words by which an item can be found."""
    if isinstance(item, Text | JournalShare):
        return item.text
    return item.name if isinstance(item, Attachment | Profile) else ""


def check_blob(body: Body) -> None:
    """Refuse bytes that are not what the item says.

    Raises:
        ContentRefused: a file of another size or hash, or bytes where the kind has none.
    """
    item = body.item
    if isinstance(item, Attachment):
        if len(body.blob) != item.size or not hmac.compare_digest(sha256(body.blob), item.sha256):
            raise ContentRefused("a file that is not what its description says")
    elif body.blob and not isinstance(item, UnknownItem):
        raise ContentRefused("bytes where its kind has none")
