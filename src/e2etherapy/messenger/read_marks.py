"""What was shown: noted on this device, and told to the other side where its owner wants that."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from e2etherapy.errors import NotReady, RelayError
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.settings import Setting
from e2etherapy.vault import conversations, receipts, unread


async def mark(device: Device, name: str, shown: Collection[str] | None) -> None:
    """Note that messages of the other side were shown, then tell of it.

    Args:
        device: whose vault it is.
        name: the conversation's.
        shown: ids in hex; None for all that are here.

    Raises:
        UnknownConversation: there is no such conversation.
        OldCopy, NotReady, IdentityUnconfirmed, ChainExhausted: it is noted and cannot be told.
        VaultFull, VaultError: it could not be noted.
    """
    vault = device.vault
    record = await conversations.named(vault.db, name)
    fresh = [
        item
        for item in await unread.items(vault.db, record.id)
        if shown is None or item.hex() in shown
    ]
    if fresh:
        change = await device.begin(record)
        change.mark_shown(record.id, fresh)
        await vault.commit(change)
    if await vault.setting(Setting.READ_MARKS) is None:
        return
    items = await receipts.unmarked(vault.db, record.id)
    if items:
        async with sending.composer(device, name) as composer:
            composer.read_mark(items)
        with contextlib.suppress(RelayError, NotReady):
            # The mark waits in the outbox like anything else.
            await sending.deliver(device, record)
