"""Saying something about the therapy, if it is in place."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from e2etherapy.errors import InvalidText, MalformedData, MessengerError, WrongRole
from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.inbound.items import searchable
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.composing import Composer
from e2etherapy.therapy.care import state
from e2etherapy.therapy.care.said import Said
from e2etherapy.therapy.care.state import Care
from e2etherapy.wire import content
from e2etherapy.wire.care import CareItem
from e2etherapy.wire.role import Role


class _HasNumber(Protocol):
    @property
    def number(self) -> int:
        """From 1; it stays, whatever is erased."""


_Numbered = TypeVar("_Numbered", bound=_HasNumber)


@dataclass(slots=True)
class Speaker:
    """Says things about the therapy in one conversation, each of which has to be in place.

    Attributes:
        composer: gathers them in one transaction.
        care: what holds after what was said so far.
    """

    composer: Composer
    care: Care

    @property
    def name(self) -> str:
        """The name of the conversation, as it is stored."""
        return self.composer.conversation.name

    def say(self, kind: type[CareItem], answers: bytes | None = None, **members: Any) -> bytes:  # noqa: ANN401
        """Say something; return the item's id.

        Raises:
            InvalidText: a text in it is too long, or not valid Unicode; nothing is sent.
            MessengerError: it cannot be said, or not now; nothing is sent.
        """
        item = self.composer.item(kind, answers=answers, **members)
        try:
            content.check_item(item)
            content.encode_item(item)
        except MalformedData:
            raise InvalidText(
                "A text in it is too long, or is not valid Unicode. Nothing was sent."
            ) from None
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


def require_role(device: Device, role: Role, does: str) -> None:
    """Refuse what the other side does.

    Args:
        device: whose it is.
        role: who does it.
        does: what they do, as in "gives homework".

    Raises:
        WrongRole: this is the other side's vault; nothing was sent.
    """
    if device.vault.role is not role:
        raise WrongRole(f"Only a {role} {does}. Nothing was sent.")


def require_words(text: str, what: str, longest: int) -> None:
    """Refuse a text that says nothing, or more than its place holds.

    Args:
        text: what somebody wrote.
        what: what the text is, as a sentence begins.
        longest: in characters.

    Raises:
        InvalidText: it does; nothing was sent.
    """
    if not text.strip():
        raise InvalidText(f"{what} is empty. Nothing was sent.")
    require_short(text, what, longest)


def require_short(text: str, what: str, longest: int) -> None:
    """Refuse a text that says more than its place holds; it may be empty.

    Raises:
        InvalidText: it does; nothing was sent.
    """
    if len(text) > longest:
        raise InvalidText(f"{what} has more than {longest:,} characters. Nothing was sent.")


def numbered(listed: Sequence[_Numbered], number: int, what: str) -> _Numbered:
    """Return what has a number in a list.

    Args:
        listed: all of it.
        number: the number.
        what: what has it, as in "homework"; also the command that lists it.

    Raises:
        MessengerError: nothing has it, or it was erased; nothing was sent.
    """
    for one in listed:
        if one.number == number:
            return one
    raise MessengerError(
        f"There is no {what} {number}; 'e2etherapy {what} list' and the name shows the "
        "numbers. Nothing was sent."
    )
