"""A last look at what somebody wrote, before something that cannot be taken back."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.errors import MessengerError, RelayError

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger

SECONDS: Final = 20.0
"""Whoever wants to end something is not kept by a relay for longer than that."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found.

    Attributes:
        name: of the conversation.
        arrived: how many messages of the other side have come with this look.
    """

    name: str
    arrived: int

    def require_nothing_arrived(self, again: str) -> None:
        """Refuse to go on past what nobody can have read.

        Args:
            again: what the same command does once it was read, as a sentence.

        Raises:
            MessengerError: something has arrived.
        """
        if self.arrived:
            raise MessengerError(f"{_new(self.arrived, self.name)} {again}")


async def taken(invocation: Invocation, messenger: Messenger, name: str) -> Look:
    """Sync, and tell what came of it; a relay that is away or slow is told of, and keeps nobody.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    before = await _unread(messenger, name)
    told: list[str] = []
    try:
        async with asyncio.timeout(SECONDS):
            report = await messenger.sync()
        told += [notice.sentence for notice in report.notices]
        problem = report.problem
    except TimeoutError:
        problem = "The relay takes too long to answer."
    except RelayError as error:
        problem = str(error)
    if problem:
        told.append(f"{problem} What {name} has written lately may not be on this device.")
    after = await _unread(messenger, name)
    if after:
        told.append(_new(len(after), name))
    if told and not invocation.json:
        output.remark("\n".join(map(inert_line, told)))
    return Look(name, len(after - before))


def _new(count: int, name: str) -> str:
    messages = wording.counted(count, "message", "messages")
    read = f"e2etherapy read {shlex.quote(inert_line(name))}"
    return f"You have not read {messages} from {name} ('{read}')."


async def _unread(messenger: Messenger, name: str) -> set[bytes]:
    from e2etherapy.vault import conversations, unread

    db = messenger.device.vault.db
    return set(await unread.items(db, (await conversations.named(db, name)).id))
