"""Placeholder until export."""

from __future__ import annotations
from typing import BinaryIO
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.views import BookView


async def export(device: Device, file: BinaryIO, name: str | None) -> list[BookView]:
    raise RuntimeError
