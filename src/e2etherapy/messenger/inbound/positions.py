"""What the positions of a page say: that something is missing, or that the relay was restored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.operations import StoredEnvelope, restore_of
from e2etherapy.messenger.occurrences import Occurrences


@dataclass(frozen=True, slots=True)
class Positions:
    """What a page's positions say, as a whole: whoever counts them must not fill a record.

    Attributes:
        missing: how many were given to envelopes that are not there any more.
        restored: they were given after a restore that was not known of.
    """

    missing: int
    restored: bool

    def tell(self, occurrences: Occurrences) -> None:
        """Note what a person should know."""
        name = occurrences.conversation
        if self.restored:
            sentence = (
                f"The relay was restored from a backup. What you and {name} have sent since that "
                "backup may be lost, also where it was shown as stored. Ask whether something is "
                "missing, and write it again."
            )
            occurrences.tell(EventName.RELAY_RESTORED, sentence)
        if self.missing:
            one = self.missing == 1
            sentence = (
                f"{'A delivery' if one else f'{self.missing} deliveries'} from {name} "
                f"{'was' if one else 'were'} removed from the relay before this device fetched "
                f"{'it: it was' if one else 'them: they were'} older than 30 days, or another copy "
                f"of this vault has fetched {'it' if one else 'them'}."
            )
            occurrences.tell(EventName.GAP_NOTICED, sentence, missing=self.missing)


def read(known: int, page: Sequence[StoredEnvelope]) -> Positions:
    """Compare a page with the highest position that was known before it."""
    last, missing, restored = known, 0, False
    for stored in page:
        if restore_of(stored.position) > restore_of(last):
            restored = True
        else:
            missing += max(stored.position - last - 1, 0)
        last = max(last, stored.position)
    return Positions(missing, restored)
