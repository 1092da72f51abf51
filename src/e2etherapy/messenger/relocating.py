"""A relay that is reached under another address than before.

Mailboxes do not move: it must be the same relay, which is asked before anything is changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from e2etherapy.errors import RelayRefused
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.settings import Setting
from e2etherapy.session.phases import Phase
from e2etherapy.vault import conversations, outbox
from e2etherapy.vault.records import ConversationRecord

_ASKED_AT_MOST = 8


async def move(device: Device, old: str, new: str) -> int:
    """Use a relay's new address; return how many conversations have changed with it.

    Args:
        device: whose vault it is.
        old: the URL until now, from `relay_url`.
        new: the URL from now on.

    Raises:
        RelayRefused: another relay answers there, which knows none of the mailboxes.
        RelayError: nothing that could be asked answers there.
    """
    moved = [found for found in await conversations.every(device.vault.db) if found.relay == old]
    open_ones = [found for found in moved if found.state.phase is not Phase.CLOSED]
    await _require_same_relay(device, new, sorted(open_ones, key=_may_be_unknown)[:_ASKED_AT_MOST])
    change = await device.begin_private()
    change.set(Setting.RELAY, new.encode())
    change.move_relay(old, new)
    for row, closing in await outbox.closings(device.vault.db):
        if closing.relay == old:
            change.done(row)
            change.queue(None, msgspec.structs.replace(closing, relay=new))
    await device.vault.commit(change)
    return len(moved)


def _may_be_unknown(record: ConversationRecord) -> bool:
    """Say whether the right relay may not know a mailbox: nothing has come out of it yet."""
    return record.acknowledged == 0


async def _require_same_relay(
    device: Device, url: str, records: Sequence[ConversationRecord]
) -> None:
    relay = await device.relay(url)
    await relay.health()
    for record in records:
        try:
            await relay.collect(record.mailbox.owner_key, record.collected)
        except RelayRefused:
            continue  # a mailbox that has not been made yet is unknown to the right relay too
        return
    if records:
        raise RelayRefused(
            f"Another relay answers at {url}: it knows none of your mailboxes, and they do not "
            "move. Nothing was changed."
        )
