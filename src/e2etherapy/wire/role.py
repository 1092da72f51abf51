"""Who the two people in a conversation are."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Which person a vault, or an author, is."""

    CLIENT = "client"
    THERAPIST = "therapist"

    def other(self) -> Role:
        """Return the person on the other side."""
        return Role.CLIENT if self is Role.THERAPIST else Role.THERAPIST
