"""What holds about the therapy in a conversation, computed from its record."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

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


async def care_of(
    db: Database,
    conversation: ConversationRecord,
    about: Collection[type[Item]] | None = None,
) -> Care:
    """Return what holds, computed from the record.

    Args:
        db: where the record is.
        conversation: whose.
        about: the kinds that matter, as in `state.OF_A_QUEUE`; what others would change is left
            as it was at first. None for all.
    """
    kinds = None if about is None else [str(kind.__struct_config__.tag) for kind in about]
    rows = await care_items.every(db, conversation.id, kinds)
    return state.of(_said(conversation, row) or Gone(row.id, row.kind) for row in rows)


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
