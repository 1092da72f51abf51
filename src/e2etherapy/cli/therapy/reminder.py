"""A quiet reminder of what has to be looked at once a quarter: one line, and nothing is sent."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from e2etherapy.cli.suggestion import told

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger


async def card_to_confirm(messenger: Messenger) -> date | None:
    """Return when the emergency card was last confirmed, if that is due anew."""
    return await messenger.card_to_confirm(date.today())  # noqa: DTZ011 - where the person is


def below(human: str, confirmed: date | None) -> str:
    """Return what a command says, with the reminder below it if there is one."""
    if confirmed is None:
        return human
    said = told(
        f"Your emergency card was last confirmed on {confirmed}. Is it still right? "
        "e2etherapy emergency-card confirm"
    )
    return f"{human}\n\n{said}"
