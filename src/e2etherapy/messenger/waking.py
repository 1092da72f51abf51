"""Opening a paused vault again before anything is done with it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from e2etherapy.messenger.device import Device

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class _WithDevice(Protocol):
    device: Device


_Self = TypeVar("_Self", bound=_WithDevice)
_Method = Callable[Concatenate[_Self, _Given], Coroutine[Any, Any, _Result]]


def awake(method: _Method[_Self, _Given, _Result]) -> _Method[_Self, _Given, _Result]:
    """Let a method first open the vault again, if the end of a pause could not.

    A pause ends with opening the vault. Another process may hold it then, or the disk may fail:
    the vault is closed, and this device works again as soon as it can be opened.

    Raises:
        VaultBusy, VaultDamaged, VaultTooNew: from the method, if it still cannot be opened.
    """

    @functools.wraps(method)
    async def woken(self: _Self, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        await self.device.vault.resume()
        return await method(self, *args, **kwargs)

    return woken
