"""Every exception that a caller can meet, in one hierarchy.

Each class carries the sentence that a person may read: what happened, what to do, and, only
where it is true, that nothing was lost. No message ever contains a key, an id or a text.
"""

from __future__ import annotations


class E2ETherapyError(Exception):
    """Base of everything that this package raises on purpose."""


# --- cryptography and formats -------------------------------------------------------------


class CryptographyError(E2ETherapyError):
    """A cryptographic check did not hold. Nothing was changed."""


class InvalidKey(CryptographyError):
    """A key has the wrong length, a low order, or is not a valid encoding."""


class AuthenticationFailed(CryptographyError):
    """A tag, commitment or signature did not verify."""


class MalformedData(E2ETherapyError):
    """Bytes do not have the form that docs/protocol.md gives them."""


class UnsafeParameters(E2ETherapyError):
    """Parameters read from a file are outside of what this version accepts."""


# --- session ------------------------------------------------------------------------------


class SessionError(E2ETherapyError):
    """An envelope or an action does not fit the conversation. Its state is unchanged."""


class EnvelopeRefused(SessionError):
    """An envelope cannot be opened in this conversation: forged, damaged or foreign."""


class ReplayedEnvelope(EnvelopeRefused):
    """An envelope's number was already used up; its key no longer exists."""


class TooManySkipped(EnvelopeRefused):
    """An envelope claims more missing predecessors than the limits allow."""


class InvitationUsed(SessionError):
    """An opening arrived for an invitation that somebody else has already used."""


class InvitationExpired(SessionError):
    """The invitation's last day is over."""


class InvitationMismatch(SessionError):
    """What the relay delivered is not the bundle that the link names."""


class ChainExhausted(SessionError):
    """A turn has as many messages as the limits allow; the other side must answer first."""


class ContentTooLarge(SessionError):
    """A text or file is longer than a conversation carries."""


class ContentRefused(SessionError):
    """A content item decrypted but breaks a rule of the conversation."""


class WrongPhase(SessionError):
    """The conversation is in a phase that does not allow this step."""


# --- relay and network --------------------------------------------------------------------


class RelayError(E2ETherapyError):
    """The relay could not do what was asked."""


class RelayUnreachable(RelayError):
    """No answer from the relay. Nothing on this device was changed or lost by that."""


class RelayBusy(RelayUnreachable):
    """The relay turned a request away for now: it has too much to do, or is stopping.

    Attributes:
        seconds: after how many it may be asked again; 2 where it did not say.
    """

    def __init__(self, sentence: str = "", seconds: float = 2.0) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class RelayRefused(RelayError):
    """The relay's one answer for "no such thing", "not yours" and "already gone"."""


class MailboxGone(RelayRefused):
    """The relay does not know the other side's mailbox any more; nothing reaches it again."""


class RelayFull(RelayError):
    """The mailbox, or the relay's disk, has no room now."""


class RelayProtocolError(RelayError):
    """The answer is not one that this version understands."""


class RelayVersionDiffers(RelayProtocolError):
    """The relay speaks other versions of its interface than this program."""


class InvitationUnavailable(RelayError):
    """The invitation is unknown, spent, expired, or the link is not complete."""


class InvalidLink(E2ETherapyError):
    """The text is not an invitation link."""


# --- vault and journal --------------------------------------------------------------------


class VaultError(E2ETherapyError):
    """The vault could not do what was asked; it is as it was before."""


class VaultMissing(VaultError):
    """There is no vault in this folder."""


class VaultExists(VaultError):
    """There is already a vault in this folder."""


class WrongPassphrase(VaultError):
    """No key slot opens with what was given."""


class WrongNotesSecret(VaultError):
    """What was given does not open the process notes."""


class VaultBusy(VaultError):
    """Another process has this vault open."""


class VaultTooNew(VaultError):
    """A newer version of this program wrote the vault."""


class VaultDamaged(VaultError):
    """The vault's files are not readable as a vault."""


class VaultFull(VaultError):
    """The disk has no room; the last step was undone."""


class NotRemembered(VaultError):
    """What was done is on disk; only this machine's note of the vault's age is not."""


class OldCopy(VaultError):
    """This vault is an older copy than the one last used here, or was moved here."""


class JournalBroken(VaultError):
    """The record's chain does not verify."""


# --- messenger ----------------------------------------------------------------------------


class MessengerError(E2ETherapyError):
    """A request does not fit what this device knows."""


class UnknownConversation(MessengerError):
    """There is no conversation under this name."""


class NameTaken(MessengerError):
    """There is already a conversation under this name."""


class NotReady(MessengerError):
    """The conversation exists but cannot carry messages yet."""


class WrongRole(MessengerError):
    """This step belongs to the other role."""


class InvalidText(MessengerError):
    """The text is empty or is not valid UTF-8."""


class IdentityUnconfirmed(MessengerError):
    """The safety phrase was compared and differed; nothing more is sent until that is resolved."""


class AnotherClient(MessengerError):
    """A text looks as if it were meant for another client, and nobody said that it is not."""


class LegalHold(MessengerError):
    """A legal hold forbids that anything of a conversation is erased."""


class NotesKeyReplaced(MessengerError):
    """The secret of the process notes was changed since it was given."""


class ClockDisputed(MessengerError):
    """Nothing is erased by a clock that may be wrong."""


# --- running a relay ----------------------------------------------------------------------


class RelaySetupError(E2ETherapyError):
    """The relay cannot run as it was asked to."""


class InvalidConfiguration(RelaySetupError):
    """A setting of a relay cannot be used.

    Attributes:
        setting: its name, or None where it is none.
        reason: what is wrong, in words that name no file and repeat nothing that was written there.
    """

    def __init__(self, sentence: str = "", reason: str = "", setting: str | None = None) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.setting = setting


class InvalidListenAddress(RelaySetupError):
    """The relay cannot listen there."""


class InvalidCertificate(RelaySetupError):
    """The TLS certificate and key cannot be used."""


class RelayDatabaseUnusable(RelaySetupError):
    """The file is not a database that the relay can use."""


class BackupRefused(RelaySetupError):
    """A backup could not be made or restored as asked; nothing was changed."""


class RelayDatabaseTooNew(RelaySetupError):
    """A newer version of this program wrote the relay's database."""


class RelayDatabaseTooOld(RelaySetupError):
    """An older version of this program made the relay's database; `relay migrate` comes first."""
