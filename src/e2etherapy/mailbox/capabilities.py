"""Keys that show a right at the relay, and the addresses derived from them.

All are 32 random bytes. The relay stores only hashes of them (docs/protocol.md, section 9).
"""

from __future__ import annotations

from dataclasses import dataclass

from e2etherapy.primitives.digest import labelled
from e2etherapy.primitives.octets import Octets, SecretOctets
from e2etherapy.primitives.randomness import Entropy


class MailboxId(Octets):
    """SHA-256 of a label and the owner key, 32 bytes: whoever shows the key owns the mailbox."""

    __slots__ = ()


class DepositKeyHash(Octets):
    """What the relay keeps of a deposit key, 32 bytes."""

    __slots__ = ()


class TicketHash(Octets):
    """What the relay keeps of an unspent ticket, 32 bytes."""

    __slots__ = ()


class AllowanceHash(Octets):
    """What the relay keeps of an allowance, 32 bytes."""

    __slots__ = ()


class ClaimHash(Octets):
    """What the relay keeps of the token of whoever claimed an invitation, 32 bytes."""

    __slots__ = ()


class OwnerKey(SecretOctets):
    """Collects from, acknowledges in and closes one mailbox."""

    __slots__ = ()

    def mailbox(self) -> MailboxId:
        """Return the address of the mailbox that this key owns."""
        return MailboxId(labelled("mailbox", bytes(self)))


class DepositKey(SecretOctets):
    """Deposits into one mailbox."""

    __slots__ = ()

    def hash(self) -> DepositKeyHash:
        """Return what the relay keeps."""
        return DepositKeyHash(labelled("deposit-key", bytes(self)))


class Ticket(SecretOctets):
    """Pays for one mailbox, once."""

    __slots__ = ()

    def hash(self) -> TicketHash:
        """Return what the relay keeps."""
        return TicketHash(labelled("ticket", bytes(self)))


class Allowance(SecretOctets):
    """Issues tickets up to a number that the operator granted."""

    __slots__ = ()

    def hash(self) -> AllowanceHash:
        """Return what the relay keeps."""
        return AllowanceHash(labelled("allowance", bytes(self)))


class ClaimToken(SecretOctets):
    """Chosen by who claims an invitation, so that a lost answer can be asked for again."""

    __slots__ = ()

    def hash(self) -> ClaimHash:
        """Return what the relay keeps until the claimant confirms."""
        return ClaimHash(labelled("claim", bytes(self)))


@dataclass(frozen=True, slots=True)
class DepositAddress:
    """Where and with which key the other side deposits."""

    mailbox: MailboxId
    key: DepositKey


@dataclass(frozen=True, slots=True)
class OwnedMailbox:
    """A mailbox of one's own: its owner key and the deposit key that the other side gets."""

    owner_key: OwnerKey
    deposit_key: DepositKey

    @classmethod
    def generate(cls, entropy: Entropy) -> OwnedMailbox:
        """Draw both keys."""
        return cls(OwnerKey(entropy(32)), DepositKey(entropy(32)))

    def address(self) -> DepositAddress:
        """Return what the other side needs in order to deposit."""
        return DepositAddress(self.owner_key.mailbox(), self.deposit_key)
