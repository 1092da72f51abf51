"""What a therapist has to know before answering one client, without reading the whole thread."""

from __future__ import annotations

from typing import Final

from e2etherapy.errors import NotReady, WrongRole
from e2etherapy.messenger import reading
from e2etherapy.messenger.caring import care_of, hidden_of, is_over, resolutions_of
from e2etherapy.messenger.caseload import queueing
from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.device import Device
from e2etherapy.session.states import was_joined
from e2etherapy.therapy.caseload import context as at_a_glance
from e2etherapy.therapy.caseload.context import Context, Exchanged, Known
from e2etherapy.vault import care_items, conversations, threads, unread
from e2etherapy.vault.records import Author, ConversationRecord, ThreadRow
from e2etherapy.wire.role import Role

NEWEST: Final = 12
"""Messages that are read to find the last exchange."""


async def context(device: Device, name: str, *, hidden: bool = False) -> Context:
    """Return it; nothing counts as read by that.

    Args:
        device: the therapist's.
        name: the conversation's.
        hidden: show messages, goals and homework that were hidden as well; messages wait for an
            answer in any case.

    Raises:
        WrongRole: this is a client's vault.
        NotReady: the invitation has not been used yet.
        UnknownConversation: there is no such conversation.
    """
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole("Only a therapist has a queue; 'e2etherapy read' shows what was written.")
    db = device.vault.db
    found = await conversations.named(db, name)
    if not was_joined(found.state):
        raise NotReady(f"{found.name} has not used the invitation yet.")
    care = await care_of(db, found)
    new = set(await unread.items(db, found.id))
    newest = await threads.newest(db, found.id, NEWEST, hidden=hidden)
    waiting = await threads.unanswered(db, found.id)
    known = Known(
        care=care,
        closed=await care_items.resolved(db, found.id),
        resolved=await resolutions_of(db, found),
        newest=[_exchanged(found, row, new) for row in newest],
        waiting=[queueing.message(row, care.agreements) for row in waiting],
        ended=await is_over(db, found),
        hidden=frozenset() if hidden else await hidden_of(db, found),
    )
    return at_a_glance.context(found.name, known, device.clock())


def _exchanged(found: ConversationRecord, row: ThreadRow, new: set[bytes]) -> Exchanged:
    own = row.item.author is Author.OWN
    text, _, _ = reading.words_of(row)
    return Exchanged(
        found.role if own else found.role.other(),
        text,
        moment_of(row.item.written),
        not own and row.item.id in new,
    )
