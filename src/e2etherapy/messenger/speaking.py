"""Saying something about the therapy, if it is in place."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from e2etherapy.errors import MessengerError, OutOfPlace
from e2etherapy.messenger import sending
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.composing import Composer
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.items import searchable
from e2etherapy.therapy.care import state
from e2etherapy.therapy.care.said import Said
from e2etherapy.therapy.care.state import Care
from e2etherapy.wire.care import CareItem


@dataclass(slots=True)
class Speaker:
    """Says things about the therapy in one conversation, each of which has to be in place.

    Attributes:
        composer: gathers them in one transaction.
        care: what holds after what was said so far.
    """

    composer: Composer
    care: Care

    def say(self, kind: type[CareItem], answers: bytes | None = None, **members: Any) -> bytes:  # noqa: ANN401
        """Say something; return the item's id.

        Raises:
            MessengerError: it cannot be said, or not now; nothing is sent.
        """
        item = self.composer.item(kind, answers=answers, **members)
        said = Said(self.composer.conversation.role, item, self.composer.now)
        try:
            self.care = state.after(self.care, said)
        except OutOfPlace as refused:
            raise MessengerError(f"This cannot be sent: {refused}. Nothing was sent.") from None
        return self.composer.say(item, searchable=searchable(item))


@contextlib.asynccontextmanager
async def speaking(device: Device, name: str) -> AsyncIterator[Speaker]:
    """Say things in one conversation; they are written when the block ends.

    Raises:
        OldCopy: this vault may have a newer copy elsewhere.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
        MessengerError: something cannot be said; nothing of it is sent.
    """
    async with sending.composer(device, name) as composer:
        yield Speaker(composer, await care_of(device.vault.db, composer.conversation))
