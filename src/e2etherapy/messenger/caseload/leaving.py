"""The moment at which something leaves that is one of several, spread by chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from e2etherapy.errors import VaultBusy
from e2etherapy.messenger.device import Device
from e2etherapy.therapy.caseload.batch import Planned

_TRIES: Final = 20
_PAUSE: Final = 5.0
"""Seconds between two attempts to have the vault back from another process."""


async def until(device: Device, one: Planned, told: Callable[[Planned], None]) -> None:
    """Wait until its moment; meanwhile other processes may use the vault.

    Args:
        device: whose vault it is.
        one: what leaves, and when.
        told: called before the waiting begins, if there is any.

    Raises:
        VaultBusy: another process still has the vault open.
    """
    seconds = (one.at - device.clock()).total_seconds()
    if seconds <= 0:
        return
    told(one)
    await device.vault.pause()
    await device.sleep(seconds)
    for _ in range(_TRIES):
        try:
            await device.vault.resume()
        except VaultBusy:
            await device.sleep(_PAUSE)
        else:
            return
    await device.vault.resume()
