"""Relays in this process that speak another version of the interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2etherapy.mailbox import operations as api
from e2etherapy.relay.routes import OPERATIONS

if TYPE_CHECKING:
    import pytest


def speaking(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let relays in this process have all their operations under another version."""
    for (method, path), operation in list(OPERATIONS.items()):
        monkeypatch.delitem(OPERATIONS, (method, path))
        renamed = path.replace(api.API, f"/{version}", 1)
        monkeypatch.setitem(OPERATIONS, (method, renamed), operation)
