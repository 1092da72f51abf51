"""This device: its vault, clock, entropy and open relay connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final, Self

from e2etherapy.errors import VaultBusy
from e2etherapy.journal import record
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.clock import Clock, Sleep, system_clock
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.primitives.randomness import Entropy, system_entropy
from e2etherapy.vault.change import Change
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.vault.vault import Vault

_TRIES: Final = 20
_PAUSE_SECONDS: Final = 5.0
"""Between two attempts to have the vault back from another process."""


class Device:
    """What every step of the messenger works with; an asynchronous context manager."""

    def __init__(
        self,
        vault: Vault,
        *,
        clock: Clock = system_clock,
        entropy: Entropy = system_entropy,
        connect: Callable[[str], RelayConnection] = RelayConnection,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Take an open vault; it is closed together with the device."""
        self.vault = vault
        self.clock = clock
        self.entropy = entropy
        self.sleep = sleep
        self._connect = connect
        self._relays: dict[str, RelayConnection] = {}
        self._open = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Return the device."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections and the vault."""
        try:
            await self._open.aclose()
        finally:
            await self.vault.close()

    async def relay(self, url: str) -> RelayConnection:
        """Return an open connection to a relay, one for each."""
        if url not in self._relays:
            self._relays[url] = await self._open.enter_async_context(self._connect(url))
        return self._relays[url]

    @contextlib.asynccontextmanager
    async def lending(self) -> AsyncIterator[None]:
        """Let other processes use the vault in the block, and have it back behind it.

        Raises:
            VaultBusy: another process does not let go of it for minutes.
        """
        await self.vault.pause()
        try:
            yield
        except asyncio.CancelledError:
            # Whoever pressed Ctrl-C does not wait for minutes.
            with contextlib.suppress(VaultBusy):
                await self.vault.resume()
            raise
        except Exception:
            await self.take_back()
            raise
        await self.take_back()

    async def take_back(self) -> None:
        """Have the vault back from other processes, with patience; an open one stays as it is.

        Raises:
            VaultBusy: another process does not let go of it for minutes.
        """
        for _ in range(_TRIES):
            try:
                await self.vault.resume()
            except VaultBusy:
                await self.sleep(_PAUSE_SECONDS)
            else:
                return
        await self.vault.resume()

    async def begin(self, conversation: ConversationRecord, behind: Change | None = None) -> Change:
        """Start gathering a change of one conversation, to be committed with those before it."""
        return await self.vault.begin(conversation.book, self.entropy, behind)

    async def trust_this_copy(self) -> None:
        """Take the owner's word that no other copy of the vault is in use, and record it.

        Raises:
            VaultFull, VaultError: it could not be written down, and does not count.
        """
        change = await self.begin_private()
        event = record.Event(recorded=self.clock(), event=EventName.COPY_TRUSTED)
        change.record(record.encode(event))
        await self.vault.trust_this_copy(change)

    async def begin_private(self) -> Change:
        """Start gathering a change of the private journal or the settings."""
        return await self.vault.begin(self.vault.private_book, self.entropy)
