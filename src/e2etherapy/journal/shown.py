"""An entry as a person reads it: who, when, what; the same lines in HTML and in text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from e2etherapy.errors import MalformedData
from e2etherapy.journal import record
from e2etherapy.journal.chain import Entry
from e2etherapy.journal.erasure import Erasures
from e2etherapy.wire import content
from e2etherapy.wire.care import CARE
from e2etherapy.wire.content import (
    AnyItem,
    Attachment,
    JournalShare,
    Profile,
    ReadMark,
    Receipt,
    Text,
)
from e2etherapy.wire.item import Item

BLANKED = "Blanked in this copy."
ERASED_KIND = "erased"
NEWER = "Written by a newer version; kept as it came in journal.json."
UNREADABLE = (
    "This entry cannot be shown: it breaks the form of its kind. "
    "Its bytes are in journal.json, as they were recorded."
)
UNREADABLE_KIND = "unreadable"
BLANKED_KIND = "blanked"
WRITTEN_KINDS = frozenset({"message", "private"})

_STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, further line ends, and what shows text in another order than it stands.

Joiners, marks and tags only shape letters and emoji: Persian is unreadable without them.
"""

_EVENTS = {
    "invitation_made": "An invitation was made.",
    "invitation_expired": "Somebody used the invitation after its last day.",
    "invitation_unused": "Nobody used the invitation, and it was withdrawn.",
    "invitation_used_by_somebody_else": "Somebody else tried to use the invitation.",
    "conversation_established": "The conversation was established.",
    "safety_phrase_matched": "The six words were compared and matched.",
    "safety_phrase_differed": "The six words were compared and differed.",
    "envelope_refused": "Something that arrived was refused.",
    "content_refused": "Something that arrived was refused.",
    "delivery_refused": "The relay refused a delivery.",
    "gap_noticed": "Deliveries were missing at the relay.",
    "relay_restored": "The relay was restored from a backup; deliveries may be missing.",
    "long_item_lost": "A long message or file could not be completed and was given up.",
    "copy_trusted": "The owner said that this is the only copy of the vault.",
    "shared_from_journal": "An entry of the private journal was shared.",
    "flag_resolved": "What had to be seen first was dealt with.",
    "conversation_closed": "The conversation was closed: nothing can be sent or arrive any more.",
    "extract_written": "Entries of the record were written into a file for somebody else.",
    "entries_erased": "Entries were erased.",
    "hold_placed": "A legal hold was placed: nothing may be erased.",
    "hold_lifted": "The legal hold was lifted.",
    "retention_set": "It was set how long this is kept.",
    "clock_confirmed": "The owner confirmed which day it was.",
}
_DOCUMENTS = frozenset({"terms", "plan", "card"})
"""Members that carry JSON as a text."""
_REFUSED = (
    frozenset({"count", "reason"}),
    "Something that arrived was refused ({count} times): {reason}.",
)
_DETAILED: dict[str, tuple[frozenset[str], str]] = {
    "envelope_refused": _REFUSED,
    "content_refused": _REFUSED,
    "gap_noticed": (frozenset({"missing"}), "{missing} deliveries were missing at the relay."),
    "long_item_lost": (
        frozenset({"arrived", "total"}),
        "A long message or file could not be completed: {arrived} of its {total} pieces arrived.",
    ),
    "shared_from_journal": (
        frozenset({"entry"}),
        "Entry {entry} of the private journal was shared.",
    ),
    "flag_resolved": (frozenset({"flag", "note"}), "What had to be seen first was done: {note}"),
    "conversation_closed": (
        frozenset({"undelivered"}),
        (
            "The conversation was closed: nothing can be sent or arrive any more. Messages that "
            "did not reach the other side: {undelivered}."
        ),
    ),
    "extract_written": (
        frozenset({"request", "entries"}),
        (
            "Entries of the record were written into a file for somebody else, as the client had "
            "allowed: {entries}."
        ),
    ),
    "entries_erased": (
        frozenset({"entries", "reason"}),
        "Erased from this device, by number: {entries}. Why: {reason}",
    ),
    "hold_placed": (
        frozenset({"reason"}),
        "A legal hold was placed: nothing may be erased. Why: {reason}",
    ),
    "hold_lifted": (frozenset({"reason"}), "The legal hold was lifted. Why: {reason}"),
    "retention_set": (frozenset({"rule"}), "How long this is kept was set to: {rule}."),
    "clock_confirmed": (frozenset({"date"}), "The owner confirmed that it was {date}."),
}
"""Sentences for events with just these details."""
_JUST: dict[str, tuple[str, str | int, str]] = {
    "envelope_refused": ("count", 1, "Something that arrived was refused: {reason}."),
    "content_refused": ("count", 1, "Something that arrived was refused: {reason}."),
    "gap_noticed": ("missing", 1, "A delivery was missing at the relay."),
    "retention_set": ("rule", "until-erased", "This is kept until somebody erases it."),
}
"""Sentences for those of which one detail, under this name, is just this."""


@dataclass(frozen=True, slots=True, repr=False)
class Authors:
    """What the two people of a book are called; the private journal has only the owner."""

    owner: str
    other: str


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """One entry for a reader.

    Attributes:
        position: number in the book.
        heading: who or what.
        when: a sentence with the times, UTC.
        text: what was written or what happened.
        kind: message, private, event, blanked, erased, unknown or unreadable, for its appearance.
        file: hex id and hex SHA-256 of the file that the entry commits to, if there is one.
        own: whether the owner of the book wrote it; ids are unique for each author only.
    """

    position: int
    heading: str
    when: str
    text: str
    kind: str
    file: tuple[str, str] | None = None
    own: bool = True


def is_written(entry: Entry) -> bool:
    """Say whether a reader is shown an entry as something that somebody wrote or attached."""
    return show(entry, Authors("", "")).kind in WRITTEN_KINDS


def show(entry: Entry, authors: Authors, erasures: Erasures | None = None) -> Shown:
    """Turn an entry into what a person reads; one that breaks its form into a sentence saying so.

    A record is exported whole or not at all, and one damaged entry must not withhold the others.

    Args:
        entry: of a book.
        authors: what the people in it are called.
        erasures: what the book says was erased; whatever else has no content was blanked.
    """
    if entry.content is None:
        return _without_content(entry.position, erasures)
    try:
        return _readable(entry.position, record.decode(entry.content), authors)
    except MalformedData:
        return Shown(entry.position, "", "", UNREADABLE, UNREADABLE_KIND)


def _without_content(position: int, erasures: Erasures | None) -> Shown:
    act = None if erasures is None else erasures.of(position)
    if act is None:
        return Shown(position, "", "", BLANKED, BLANKED_KIND)
    sentence = f"Erased from this device. Why: {act.reason}"
    return Shown(position, "", f"Erased {_time(act.when)}.", sentence, ERASED_KIND)


def _readable(
    position: int, decoded: record.Content | record.UnknownEntry, authors: Authors
) -> Shown:
    match decoded:
        case record.Message():
            return _message(position, decoded, authors)
        case record.PrivateEntry():
            mood = "" if decoded.mood is None else f"Mood {decoded.mood} of 10. "
            when = f"{mood}Written {_time(decoded.recorded)}."
            return Shown(position, authors.owner, when, decoded.text, "private")
        case record.Event():
            when = f"Recorded {_time(decoded.recorded)}."
            return Shown(position, "", when, _happened(decoded), "event")
    return Shown(position, "", "", NEWER, "unknown")


def _happened(event: record.Event) -> str:
    """Return an event as a sentence that has its details in it."""
    names, sentence = _DETAILED.get(event.event, (frozenset(), ""))
    if names and names == event.details.keys():
        name, value, just = _JUST.get(event.event, ("", 1, ""))
        return (just if event.details.get(name) == value else sentence).format_map(event.details)
    plain = _EVENTS.get(event.event, event.event)
    details = ", ".join(f"{name}: {value}" for name, value in event.details.items())
    return f"{plain} ({details})" if details else plain


def visible(text: str) -> str:
    """Make visible what could steer a terminal or the order of the text; line breaks stay."""
    return _STEERING.sub(lambda found: f"<U+{ord(found[0]):04X}>", text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    """Make a name or title visible on one line, so that it cannot pass for several."""
    return " ".join(visible(text).split())


def _message(position: int, entry: record.Message, authors: Authors) -> Shown:
    item = content.decode_item(bytes(entry.item))
    own = entry.direction == "sent"
    author = authors.owner if own else authors.other
    when = f"Written {_time(item.written)}; recorded here {_time(entry.recorded)}."
    if isinstance(item, JournalShare):
        when = f"Shared from the journal of {_time(item.entry_written)}. {when}"
    kind, text = _said(item)
    file = (item.id.hex(), item.sha256.hex()) if isinstance(item, Attachment) else None
    return Shown(position, author, when, text, kind, file, own)


def _said(item: AnyItem) -> tuple[str, str]:
    """Return the appearance of an item and its words."""
    kind, text = "unknown", NEWER
    if isinstance(item, CARE):
        kind, text = "message", _about_therapy(item)
    match item:
        case Text() | JournalShare():
            kind, text = "message", item.text
        case Attachment():
            kind, text = "message", f"{item.name} ({item.media_type}, {item.size:,} bytes)"
        case Profile():
            called = f"Would like to be called {item.name}." if item.name else "Said hello."
            kind, text = "event", called
        case Receipt():
            kind, text = "event", f"The device confirmed messages: {len(item.items)}."
        case ReadMark():
            kind, text = "event", f"Messages marked as read: {len(item.items)}."
    return kind, text


def _about_therapy(item: Item) -> str:
    """Return an item's kind and its members as a person reads them; journal.json has the rest."""
    members = msgspec.to_builtins(item)
    kind = str(members.pop("kind")).replace("_", " ").replace("check in", "check-in").capitalize()
    lines = [
        line
        for name, value in members.items()
        if name not in {"id", "sequence", "written", "answers", "digest"}
        for line in _member(name, value)
    ]
    return "\n".join([f"{kind}.", *lines])


def _member(name: str, value: object) -> list[str]:
    called = name.replace("_", " ")
    match value:
        case bool():
            return [f"{called}: {'yes' if value else 'no'}"]
        case list() if name == "entries":  # digests of them
            return [f"{called}: {len(value)}"]
        case list():
            return [f"{called}: {', '.join('-' if one is None else str(one) for one in value)}"]
        case str() if name in _DOCUMENTS:
            return [f"{called}:", *_document(value)]
    return [f"{called}: {value}"]


def _document(text: str) -> list[str]:
    """Return the members of a text in JSON, each on lines of its own; any other text as it is."""
    try:
        members = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return [text]
    if not isinstance(members, dict):
        return [text]
    return [line for name, value in members.items() for line in _member(str(name), value)]


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
