"""A mailbox whose operator keeps everything, and shows of it what they like."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from e2etherapy.mailbox.operations import MAX_PAGE, StoredEnvelope


def digest(envelope: bytes) -> bytes:
    """Return the name under which tests remember an envelope."""
    return hashlib.sha256(envelope).digest()


@dataclass(eq=False)
class Entry:
    """One envelope that lies in a mailbox; `position` is the last one it was shown under."""

    envelope: bytes
    position: int = 0
    withheld: bool = False

    def name(self) -> bytes:
        """Return the envelope's digest."""
        return digest(self.envelope)


@dataclass
class Mailbox:
    """What lies in a mailbox, and everything that its author has ever deposited there."""

    entries: list[Entry] = field(default_factory=list)
    history: list[bytes] = field(default_factory=list)
    acknowledged: int = 0
    skipped_positions: int = 0
    ignored_acknowledgements: int = 0

    def collect(self, after: int, limit: int = MAX_PAGE) -> list[StoredEnvelope]:
        """Show what the owner does not hold yet, under positions that rise from the last one."""
        for entry in self.entries:
            if entry.position > after:
                entry.position = 0  # it was shown, and the owner did not get to store it
        shown = [entry for entry in self.entries if not entry.withheld and not entry.position][
            :limit
        ]
        start = 1 + (after or self.acknowledged)
        if shown:
            start += self.skipped_positions
            self.skipped_positions = 0
        for position, entry in enumerate(shown, start):
            entry.position = position
        return [StoredEnvelope(entry.position, entry.envelope) for entry in shown]

    def acknowledge(self, through: int) -> None:
        """Delete what the owner holds, or show it once more as if it were new."""
        self.acknowledged = through
        if self.ignored_acknowledgements:
            self.ignored_acknowledgements -= 1
            for entry in self.entries:
                entry.position = 0
            return
        self.entries = [entry for entry in self.entries if not 0 < entry.position <= through]

    def has_news(self, after: int) -> bool:
        """Say whether `collect` would show something."""
        return any(not entry.withheld and not 0 < entry.position <= after for entry in self.entries)
