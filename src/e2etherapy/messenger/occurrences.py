"""What happens while envelopes are worked through: for the record, and for a person to read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from e2etherapy.journal import record
from e2etherapy.journal.record import EventName
from e2etherapy.vault.change import Change

Details = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know, as a sentence.

    Attributes:
        count: how many times it happened.
        reason: why something was refused; empty where nothing was.
    """

    conversation: str
    event: EventName
    sentence: str
    count: int = 1
    reason: str = ""


def add(notices: list[Notice], notice: Notice) -> None:
    """Add a notice; one more refusal for the same reason is counted with those before it.

    A flood is told of once, however many pages it came in, and hides nothing else.
    """
    same = (notice.conversation, notice.event, notice.reason)
    for place, one in enumerate(notices if notice.reason else []):
        if (one.conversation, one.event, one.reason) == same:
            notices[place] = _refused(same, one.count + notice.count)
            return
    notices.append(notice)


def _refused(of: tuple[str, EventName, str], count: int) -> Notice:
    conversation, event, reason = of
    what = "Something that arrived" if count == 1 else f"{count} things that arrived"
    was = "was" if count == 1 else "were"
    sentence = f"{what} for {conversation} {was} refused: {reason}. Nothing else was affected."
    return Notice(conversation, event, sentence, count, reason)


@dataclass(slots=True)
class Occurrences:
    """What happens in one conversation, until it is recorded.

    Attributes:
        conversation: its name.
        notices: what the person should know.
    """

    conversation: str
    notices: list[Notice] = field(default_factory=list)
    _events: list[tuple[EventName, Details]] = field(default_factory=list)
    _refused: Counter[tuple[EventName, str]] = field(default_factory=Counter)
    _used: Counter[tuple[EventName, str]] = field(default_factory=Counter)

    def tell(self, event: EventName, sentence: str, **details: str | int) -> None:
        """Note an event of its own."""
        self._events.append((event, details))
        count = details.get("count", 1)
        self.notices.append(Notice(self.conversation, event, sentence, int(count)))

    def refuse(self, event: EventName, reason: str) -> None:
        """Note that something was refused; what is refused for the same reason is told of once.

        Whoever floods a mailbox with what nobody can open must not flood the record as well.
        """
        self._refused[event, reason.removesuffix(".")] += 1

    def misuse(self, event: EventName, sentence: str) -> None:
        """Note that an invitation was used by somebody else or too late; told of once, too."""
        self._used[event, sentence] += 1

    def record(self, change: Change, now: datetime) -> None:
        """Put what happened since the last time into the record."""
        for (event, sentence), count in self._used.items():
            self.tell(event, sentence, count=count)
        for (event, reason), count in self._refused.items():
            self._events.append((event, {"count": count, "reason": reason}))
            self.notices.append(_refused((self.conversation, event, reason), count))
        for event, details in self._events:
            change.record(record.encode(record.Event(recorded=now, event=event, details=details)))
        self._used.clear()
        self._refused.clear()
        self._events.clear()
