"""The list of conversations."""

from __future__ import annotations

from e2etherapy.messenger.clock import moment_of
from e2etherapy.messenger.views import ConversationView
from e2etherapy.session.states import Closed
from e2etherapy.vault import conversations, endings, threads, unfinished, unread
from e2etherapy.vault.vault import Vault


async def conversation_list(vault: Vault) -> list[ConversationView]:
    """Return a line for each conversation, oldest first."""
    lines = []
    ended = await endings.ended(vault.db)
    begun = await unfinished.conversations(vault.db, unfinished.MESSAGE)
    for found in await conversations.every(vault.db):
        tally = await threads.tally(vault.db, found.id)
        lines.append(
            ConversationView(
                name=found.name,
                role=found.role,
                phase=str(found.state.phase),
                verification=found.verification,
                relay=found.relay,
                messages=tally.messages,
                unread=await unread.count(vault.db, found.id),
                missing=tally.missing,
                waiting=tally.waiting,
                last=None if tally.last is None else moment_of(tally.last),
                ended=found.id in ended or isinstance(found.state, Closed),
                begun=found.id in begun,
            )
        )
    return lines
