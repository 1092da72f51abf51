"""What holds about the therapy in a conversation, computed from its record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, TypeAlias

import msgspec

from e2etherapy.errors import MalformedData
from e2etherapy.journal import record
from e2etherapy.session.phases import Phase
from e2etherapy.therapy.account import Resolution
from e2etherapy.therapy.care import state
from e2etherapy.therapy.care.said import Gone, Said
from e2etherapy.therapy.care.state import Care
from e2etherapy.vault import care_items, endings
from e2etherapy.vault.care_items import CareRow
from e2etherapy.vault.database import Database
from e2etherapy.vault.records import Author, ConversationRecord
from e2etherapy.wire import content
from e2etherapy.wire.care import CARE
from e2etherapy.wire.item import Item
from e2etherapy.wire.role import Role

Named: TypeAlias = tuple[Role, bytes]
"""An item by its author and id."""


async def care_of(
    db: Database,
    conversation: ConversationRecord,
    about: Collection[type[Item]] | None = None,
    wordless: Collection[Named] = (),
) -> Care:
    """Return what holds, computed from the record.

    Args:
        db: where the record is.
        conversation: whose.
        about: the kinds that matter, as in `state.OF_A_QUEUE`; what others would change is left
            as it was at first. None for all.
        wordless: whose notes are left out; what they went with holds all the same.
    """
    kinds = None if about is None else [str(kind.__struct_config__.tag) for kind in about]
    rows = await care_items.every(db, conversation.id, kinds)
    return state.of(
        _without_note(said, wordless) if said else Gone(row.id, row.kind)
        for row in rows
        for said in [_said(conversation, row)]
    )


async def hidden_of(db: Database, conversation: ConversationRecord) -> frozenset[Named]:
    """Return what of the therapy in a conversation is shown only to who asks for it."""
    own = conversation.role
    return frozenset(
        (own if author is Author.OWN else own.other(), item)
        for author, item in await care_items.hidden(db, conversation.id)
    )


async def is_over(db: Database, conversation: ConversationRecord) -> bool:
    """Say whether a therapy was ended, or its conversation closed, so that nothing can follow.

    It is so also where the letter itself was erased, of which `care_of` knows nothing any more.
    """
    closed = conversation.state.phase is Phase.CLOSED
    return closed or await endings.has_ended(db, conversation.id)


async def resolutions_of(db: Database, conversation: ConversationRecord) -> dict[bytes, Resolution]:
    """Return what was done about flags, by their ids; what was erased or is damaged is left out."""
    found = {}
    for item, written in (await care_items.resolutions(db, conversation.id)).items():
        try:
            entry = record.decode(written)
        except MalformedData:
            continue
        if isinstance(entry, record.Event):
            found[item] = Resolution(str(entry.details.get("note", "")), entry.recorded)
    return found


def _without_note(said: Said[Any], wordless: Collection[Named]) -> Said[Any]:
    if (said.author, said.item.id) not in wordless or "note" not in said.item.__struct_fields__:
        return said
    return replace(said, item=msgspec.structs.replace(said.item, note=""))


def _said(conversation: ConversationRecord, row: CareRow) -> Said[Any] | None:
    """Return what stands in a row; nothing where it was erased or is damaged."""
    if row.content is None:
        return None
    try:
        entry = record.decode(row.content)
        if not isinstance(entry, record.Message):
            return None
        item = content.decode_item(bytes(entry.item))
    except MalformedData:
        return None
    if not isinstance(item, CARE):
        return None
    role = conversation.role
    author = role if row.author is Author.OWN else role.other()
    return Said(author, item, entry.recorded)
