"""Who wrote when, and what of it has no answer yet; nothing of what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from e2etherapy.therapy.care.said import Said
from e2etherapy.wire.content import Attachment, JournalShare, Text
from e2etherapy.wire.role import Role

WORDS: Final = (Text, Attachment, JournalShare)
"""What somebody says to somebody. A receipt, a check-in or a goal neither waits nor answers."""

Due = Callable[[datetime], datetime | None]
"""Takes when a message was written; returns by when it is to be answered, if that was agreed."""


@dataclass(frozen=True, slots=True)
class Message:
    """That somebody wrote.

    Attributes:
        author: who.
        written: when, by the author's clock, UTC.
        recorded: when this device recorded it, UTC.
        due: by when it is to be answered; None for what nothing was agreed for.
    """

    author: Role
    written: datetime
    recorded: datetime
    due: datetime | None = None

    @property
    def since(self) -> datetime:
        """From when on it waits: a clock that is ahead makes nobody's message younger."""
        return min(self.written, self.recorded)


@dataclass(frozen=True, slots=True)
class Reply:
    """The end of somebody's waiting.

    Attributes:
        since: from when on the first of what it answers waited.
        due: the earliest due time of what it answers.
        came: when this device recorded it.
    """

    since: datetime
    due: datetime | None
    came: datetime

    @property
    def took(self) -> timedelta:
        """How long somebody waited."""
        return max(self.came - self.since, timedelta(0))

    @property
    def in_time(self) -> bool | None:
        """Whether it came by the due time, at the last moment too; None without one."""
        return None if self.due is None else self.came <= self.due


def messages(record: Iterable[Said[Any]], due: Due) -> tuple[Message, ...]:
    """Return that of a record which waits or answers.

    Args:
        record: in its order.
        due: of the client's messages, as `care.agreements.Agreements.due` computes it.
    """
    return tuple(_message(said, due) for said in record if isinstance(said.item, WORDS))


def _message(said: Said[Any], due: Due) -> Message:
    written = said.item.written
    by = due(written) if said.author is Role.CLIENT else None
    return Message(said.author, written, said.recorded, by)


def unanswered(exchange: Iterable[Message]) -> tuple[Message, ...]:
    """Return the client's messages after the therapist's last one.

    The order of the record decides, not the clocks: of two in one second, one was first.
    """
    waiting: list[Message] = []
    for message in exchange:
        if message.author is Role.CLIENT:
            waiting.append(message)
        else:
            waiting.clear()
    return tuple(waiting)


def replies(exchange: Iterable[Message]) -> Iterator[Reply]:
    """Return the therapist's messages for which the client waited; a second one is none."""
    waiting: list[Message] = []
    for message in exchange:
        if message.author is Role.CLIENT:
            waiting.append(message)
        elif waiting:
            yield Reply(waiting_since(waiting), earliest_due(waiting), message.recorded)
            waiting.clear()


def waiting_since(waiting: Iterable[Message]) -> datetime:
    """Return from when on the first of at least one message waits."""
    return min(message.since for message in waiting)


def earliest_due(waiting: Iterable[Message]) -> datetime | None:
    """Return by when the first answer is due; None if nothing was agreed for any of them."""
    return min((message.due for message in waiting if message.due is not None), default=None)
