"""What the messenger returns to whoever shows it: frozen values in a person's terms.

Those that hold what somebody wrote, or a link, have no telling `repr`: a log must not repeat it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from e2etherapy.cleaning import voice
from e2etherapy.messenger.occurrences import Notice
from e2etherapy.vault.records import State, Verification
from e2etherapy.wire.role import Role

STATE_WORDS = {
    State.ON_DEVICE: "on_device",
    State.STORED: "stored",
    State.FETCHED: "fetched",
    State.READ: "read",
    State.RECEIVED: "received",
    State.MARKED_READ: "received",
}
"""The delivery states as they stand in JSON (docs/protocol.md, section 11)."""

Landed: TypeAlias = Literal["helped", "understood", "unsure", "missed", "hurt"]
"""How a text of the therapist landed with the client, from best to worst."""


@dataclass(frozen=True, slots=True, repr=False)
class FileView:
    """An attached file.

    Attributes:
        id: the item's id in hex, for `Messenger.attachment`; unique together with the author.
        media_type: what its sender says that it is: nobody has to believe it.
        size: bytes.
    """

    id: str
    name: str
    media_type: str
    size: int

    @property
    def voice(self) -> int | None:
        """How many seconds a voice note lasts, 0 if nobody knows; None for any other file."""
        return voice.seconds_of(self.media_type)


@dataclass(frozen=True, slots=True, repr=False)
class AttachmentView:
    """One of the files of a conversation.

    Attributes:
        number: its place among them on this device, from 1, which it keeps.
        tag: what it is called on both devices: C or T, for who sent it, and their number of it.
        author: who sent it, on `written` by the clock of their device.
        own: whether that is the owner of this device.
        hidden: it is listed only if asked for.
    """

    number: int
    tag: str
    author: Role
    own: bool
    written: datetime
    file: FileView
    hidden: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class MessageView:
    """One item of a thread.

    Attributes:
        id: the item's id in hex.
        author: the person who wrote it.
        own: whether that is the owner of this device.
        kind: text, attachment, journal_share or unknown.
        text: the words; for an unknown kind, a sentence that says so.
        written: when its author's device says it was written, UTC.
        arrived: when this device recorded it, UTC.
        state: on_device, stored, fetched, read or received.
        unread: it came from the other side and was not shown before (`Messenger.mark_read`).
        missing_before: how many items of the same author, written since their last one here, have
            not arrived. What they are nobody can know: messages, or the receipts that devices send.
        due: by when a client's message is to be answered, UTC, by the agreement of then.
        agreement: the number of that agreement; None where nothing was agreed.
        landed: how a text of the therapist landed, if the client said: helped, understood, unsure,
            missed or hurt.
        hidden: it is shown only if asked for.
    """

    id: str
    author: Role
    own: bool
    kind: str
    text: str
    written: datetime
    arrived: datetime
    state: str
    file: FileView | None = None
    unread: bool = False
    missing_before: int = 0
    landed: Landed | None = None
    due: datetime | None = None
    agreement: int | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class ConversationView:
    """One line of the list of conversations.

    Attributes:
        phase: invited, joined, opening, ready, waiting or closed.
        verification: unverified, matched or differed.
        messages: items in the thread.
        unread: those of the other side that were not shown yet.
        missing: items of the other side that later ones show to exist.
        waiting: errands that the relay has not answered.
        last: when the last message was written, UTC.
        ended: the therapy is over, and nothing can be sent any more.
        begun: a message was begun on this device and not finished (`Messenger.begun`).
    """

    name: str
    role: Role
    phase: str
    verification: Verification
    relay: str
    messages: int
    unread: int
    missing: int
    waiting: int
    last: datetime | None
    ended: bool = False
    begun: bool = False


@dataclass(frozen=True, slots=True)
class SendReport:
    """What became of something that was sent.

    Attributes:
        id: the item's id in hex.
        state: on_device or stored.
        problem: why it has not been delivered; None if it has.
        reaches_nobody: it never will be.
    """

    id: str
    state: str
    problem: str | None = None
    reaches_nobody: bool = False


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync brought.

    Attributes:
        arrived: for each conversation with news, the number of new messages.
        notices: what the person should know.
        delivered: how many texts, files and entries that had waited here are at a relay now.
        unsent: errands that the relay has not answered.
        problem: what kept a relay from doing its part; None if all did.
    """

    arrived: dict[str, int] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    unsent: int = 0
    problem: str | None = None
    delivered: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class JournalView:
    """One of one's own private entries.

    Attributes:
        number: position in the private book, from 1.
        mood: 0 to 10, if one was given.
    """

    number: int
    id: str
    written: datetime
    text: str
    mood: int | None


@dataclass(frozen=True, slots=True, repr=False)
class SearchView:
    """An entry of the record that holds the words.

    Attributes:
        conversation: its name; None for the private journal.
    """

    conversation: str | None
    author: Role
    text: str
    written: datetime


@dataclass(frozen=True, slots=True)
class BookView:
    """A verified book of the record: its title, entries and last head in hex.

    Attributes:
        messages: those of its entries that somebody wrote or attached.
        private: it is one's own journal.
    """

    title: str
    entries: int
    head: str
    messages: int = 0
    private: bool = False


@dataclass(frozen=True, slots=True)
class ExportedBookView(BookView):
    """A book of the record in an export.

    Attributes:
        unreadable: positions of entries that are in it as bytes, and that its pages cannot show.
        missing_files: files that its entries name, and that could not be read.
    """

    unreadable: tuple[int, ...] = ()
    missing_files: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class InvitationView:
    """An invitation to hand over. `link` is a secret; `expires` its last day.

    Attributes:
        lost: the relay did not know the one from before any more, so that this is another.
        again: it is the one from before, which nobody has used.
        replaced: the one from before was withdrawn, and its link opens nothing any more.
    """

    name: str
    link: str
    expires: str
    lost: bool = False
    again: bool = False
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class JoinedView:
    """A conversation that was just joined.

    Attributes:
        name: what the conversation is called on this device.
        credential: the licence credential in the invitation, not yet verified; None if none.
    """

    name: str
    credential: str | None
