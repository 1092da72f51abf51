"""Opening a paused vault again before anything is done with it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from e2etherapy.messenger.device import Device


class _WithDevice(Protocol):
    device: Device


def let_wake(cls: type[_WithDevice]) -> None:
    """Let every public asynchronous method of a class first open the vault again, if need be.

    A pause ends with opening the vault. Another process may hold it then, or the disk may fail:
    the vault is closed, and this device works again as soon as it can be opened. Until then the
    methods raise VaultBusy, VaultDamaged or VaultTooNew.
    """
    for name, member in list(vars(cls).items()):
        if inspect.iscoroutinefunction(member) and not name.startswith("_"):
            setattr(cls, name, _woken(member))


def _woken(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(method)
    async def woken(self: _WithDevice, /, *args: object, **kwargs: object) -> object:
        await self.device.vault.resume()
        return await method(self, *args, **kwargs)

    return woken
