"""What an item of the other side is to the vault: its kind, its words, its bytes."""

from __future__ import annotations

import hmac

from e2etherapy.errors import ContentRefused
from e2etherapy.primitives.digest import sha256
from e2etherapy.wire.body import Body
from e2etherapy.wire.content import AnyItem, Attachment, Profile, UnknownItem

_WORDS = ("title", "text", "note", "letter")
"""Where words stand that somebody wrote, in items of any kind that this version knows."""


def kind_of(item: AnyItem) -> str:
    """Return an item's kind, also of one that this version does not know."""
    return item.kind if isinstance(item, UnknownItem) else str(item.__struct_config__.tag)


def searchable(item: AnyItem) -> str:
    """Return the words by which an item can be found."""
    if isinstance(item, Attachment | Profile):
        return item.name
    return "\n".join(words for words in (getattr(item, name, "") for name in _WORDS) if words)


def check_blob(body: Body) -> None:
    """Refuse bytes that are not what the item says; raises what `check_bytes` does."""
    check_bytes(body.item, len(body.blob), sha256(body.blob))


def check_bytes(item: AnyItem, size: int, digest: bytes) -> None:
    """Refuse bytes that are not what the item says.

    Raises:
        ContentRefused: a file of another size or hash, or bytes where the kind has none.
    """
    if isinstance(item, Attachment):
        if size != item.size or not hmac.compare_digest(digest, item.sha256):
            raise ContentRefused("a file that is not what its description says")
    elif size and not isinstance(item, UnknownItem):
        raise ContentRefused("bytes where its kind has none")
