"""The rows of the vault as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import msgspec

from e2etherapy.journal.chain import BookId
from e2etherapy.mailbox.capabilities import DepositAddress, OwnedMailbox
from e2etherapy.session.states import Conversation
from e2etherapy.wire.role import Role


class Author(StrEnum):
    """Whose item it is, seen from this vault."""

    OWN = "own"
    PEER = "peer"


class Verification(StrEnum):
    """What came of comparing the six words."""

    UNVERIFIED = "unverified"
    MATCHED = "matched"
    DIFFERED = "differed"


class State(IntEnum):
    """How far an item is known to have come; it only ever rises."""

    ON_DEVICE = 0
    STORED = 1
    FETCHED = 2
    READ = 3
    RECEIVED = 10
    MARKED_READ = 11
    """Received, read, and the other side was told so."""


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """One conversation: its ratchet, its mailboxes, and how far each side has come.

    Attributes:
        collected: position of the last envelope of which everything is stored that came of it.
        acknowledged: position up to which the relay is known to have deleted.
        sequence: number of the last item that this device's owner wrote.
        created: Unix seconds.
    """

    id: int
    name: str
    role: Role
    relay: str
    book: BookId
    state: Conversation
    mailbox: OwnedMailbox
    peer: DepositAddress | None
    collected: int
    acknowledged: int
    sequence: int
    verification: Verification
    created: int


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item of either author; `journal` is None for what is not part of the record."""

    conversation: int
    author: Author
    sequence: int
    id: bytes
    kind: str
    journal: int | None
    state: State
    written: int


@dataclass(frozen=True, slots=True, repr=False)
class ChunkRow:
    """A piece of a long item; `data` of all pieces together is its packed form."""

    conversation: int
    author: Author
    whole: bytes
    position: int
    data: bytes | memoryview


@dataclass(frozen=True, slots=True)
class Partial:
    """A long item of the other side of which not every piece has arrived.

    Attributes:
        whole: its 16-byte id.
        total: number of pieces.
        first_sequence: sequence of its first piece.
        arrived: number of pieces that are here.
        day: on which the last of them came; 0 if an earlier version stored it.
    """

    conversation: int
    whole: bytes
    total: int
    first_sequence: int
    arrived: int
    day: int


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """An invitation that this device has begun to claim, until the relay has heard of its use.

    Attributes:
        locator: where it lies, 32 bytes.
        token: binds it to this device, 32 bytes.
        mailbox: this device's own, drawn with the token: a relay may have made it, and say not.
        sealed: the bundle, once it was opened; the relay keeps it for a day only.
        day: on which it began; None if an earlier version began it.
    """

    locator: bytes
    token: bytes
    mailbox: OwnedMailbox | None
    sealed: bytes | None
    day: int | None


class _Errand(msgspec.Struct, frozen=True):
    """What all errands share: they hold keys, and show none."""

    def __repr__(self) -> str:
        """Name the errand only."""
        return f"<{type(self).__name__}>"


class Deposit(_Errand, frozen=True, tag="deposit"):
    """Bring an envelope into the other side's mailbox."""

    envelope: bytes


class IssueTickets(_Errand, frozen=True, tag="issue_tickets"):
    """Register ticket hashes against the allowance."""

    allowance: bytes
    ticket_hashes: list[bytes]


class CreateMailbox(_Errand, frozen=True, tag="create_mailbox"):
    """Create this conversation's own mailbox."""

    ticket: bytes


class PutInvitation(_Errand, frozen=True, tag="put_invitation"):
    """Leave the sealed bundle at the relay."""

    locator: bytes
    ticket: bytes
    sealed: bytes
    days: int


class ConfirmClaim(_Errand, frozen=True, tag="confirm_claim"):
    """Let the relay forget a claimed invitation."""

    locator: bytes
    token: bytes


class CloseMailbox(_Errand, frozen=True, tag="close_mailbox"):
    """Delete the mailbox of a conversation that is not in the vault any more."""

    relay: str
    owner_key: bytes


Errand = Deposit | IssueTickets | CreateMailbox | PutInvitation | ConfirmClaim | CloseMailbox
"""What the relay still has to be told; each may be repeated without harm."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An errand.

    Attributes:
        conversation: whose it is; None if that is not in the vault any more.
        sequence: that of the item which it carries a part of, or 0.
    """

    id: int
    conversation: int | None
    errand: Errand
    sequence: int


@dataclass(frozen=True, slots=True, repr=False)
class ThreadRow:
    """An item with what the record holds of it."""

    item: ItemRow
    content: bytes | None
