"""The one table of exit codes; docs/cli.md shows it, and a test compares the two."""

from __future__ import annotations

from typing import NamedTuple

from e2etherapy import errors
from e2etherapy.cli.passphrase import PassphraseMissing, PassphraseUnusable
from e2etherapy.errors.writing import CannotClean
from e2etherapy.vault.room import NO_ROOM


class Exit(NamedTuple):
    """One way for a command to end.

    Attributes:
        name: what it is called in JSON.
        errors: the exceptions that lead to it; the nearest base class of an exception counts.
    """

    code: int
    name: str
    meaning: str
    errors: tuple[type[BaseException], ...] = ()


class DiskFull(errors.E2ETherapyError):
    """A file could not be written for want of room."""


class UnusableFile(errors.E2ETherapyError):
    """A file named on the command line cannot be read or written."""


class Interrupted(errors.E2ETherapyError):
    """Somebody pressed Ctrl-C; the sentence says what is there now."""


class Findings(errors.E2ETherapyError):
    """`doctor` found something to put right."""


TABLE = (
    Exit(0, "ok", "Done."),
    Exit(1, "stopped", "You answered no, or whoever read the output stopped reading."),
    Exit(2, "usage", "The command line is not complete or not understood."),
    Exit(
        3,
        "not_possible",
        "What was asked does not fit what is on this device.",
        (errors.E2ETherapyError,),
    ),
    Exit(
        10,
        "no_passphrase",
        "No passphrase was given, or it cannot be one.",
        (PassphraseMissing, PassphraseUnusable),
    ),
    Exit(
        11, "wrong_passphrase", "The passphrase does not open the vault.", (errors.WrongPassphrase,)
    ),
    Exit(12, "vault_missing", "There is no vault in this folder.", (errors.VaultMissing,)),
    Exit(13, "vault_exists", "There is already a vault in this folder.", (errors.VaultExists,)),
    Exit(14, "vault_busy", "Another process has the vault open.", (errors.VaultBusy,)),
    Exit(15, "vault_too_new", "A newer version wrote the vault.", (errors.VaultTooNew,)),
    Exit(
        16,
        "vault_damaged",
        "The vault's files cannot be read.",
        (
            errors.VaultDamaged,
            errors.UnsafeParameters,
            errors.MalformedData,
            errors.CryptographyError,
        ),
    ),
    Exit(
        17, "old_copy", "The vault may have a newer copy elsewhere; see doctor.", (errors.OldCopy,)
    ),
    Exit(
        18,
        "disk_full",
        "The disk has no room; the last step was undone.",
        (errors.VaultFull, DiskFull),
    ),
    Exit(
        19,
        "vault_error",
        "The vault's disk reported an error; the last step was undone.",
        (errors.VaultError,),
    ),
    Exit(20, "invalid_link", "This is no invitation link or relay address.", (errors.InvalidLink,)),
    Exit(
        21,
        "invitation_unavailable",
        "The invitation was used, has expired, or is not what the link names.",
        (
            errors.InvitationUnavailable,
            errors.InvitationUsed,
            errors.InvitationExpired,
            errors.InvitationMismatch,
        ),
    ),
    Exit(
        22,
        "unknown_conversation",
        "There is no conversation under this name.",
        (errors.UnknownConversation,),
    ),
    Exit(
        23,
        "not_ready",
        "The conversation cannot carry messages now.",
        (errors.NotReady, errors.SessionError),
    ),
    Exit(
        24,
        "identity_differed",
        "The six words differed; nothing is sent.",
        (errors.IdentityUnconfirmed,),
    ),
    Exit(25, "too_large", "The text or file is too large.", (errors.ContentTooLarge,)),
    Exit(26, "invalid_text", "The text is empty or not valid UTF-8.", (errors.InvalidText,)),
    Exit(
        27,
        "name_taken",
        "There is already a conversation under this name.",
        (errors.NameTaken,),
    ),
    Exit(28, "wrong_role", "This step belongs to the other role.", (errors.WrongRole,)),
    Exit(
        29,
        "another_client",
        "A text may be meant for another client; nothing was sent.",
        (errors.AnotherClient,),
    ),
    Exit(30, "relay_refused", "The relay does not accept this right.", (errors.RelayRefused,)),
    Exit(31, "relay_full", "The mailbox or the relay's disk is full.", (errors.RelayFull,)),
    Exit(
        32,
        "relay_protocol",
        "The relay's answer is not one that this version understands.",
        (errors.RelayError,),
    ),
    Exit(33, "relay_setup", "The relay cannot run as asked.", (errors.RelaySetupError,)),
    Exit(40, "journal_broken", "The record does not verify.", (errors.JournalBroken,)),
    Exit(41, "findings", "doctor found something to put right.", (Findings,)),
    Exit(
        42,
        "wrong_notes_secret",
        "The secret does not open the process notes.",
        (errors.WrongNotesSecret,),
    ),
    Exit(43, "legal_hold", "A legal hold forbids to erase anything of this.", (errors.LegalHold,)),
    Exit(
        44,
        "clock_disputed",
        "The device's clock may be wrong; nothing was erased.",
        (errors.ClockDisputed,),
    ),
    Exit(
        45,
        "not_cleaned",
        "What a picture or voice note says beside it cannot be taken out; nothing was sent.",
        (CannotClean,),
    ),
    Exit(70, "internal", "A mistake in e2etherapy itself."),
    Exit(74, "file", "A file could not be read or written.", (OSError, UnusableFile)),
    Exit(
        75,
        "relay_unreachable",
        "The relay can't be reached; what was written is safe and goes out with a later sync.",
        (errors.RelayUnreachable,),
    ),
    Exit(130, "interrupted", "Ended with Ctrl-C.", (Interrupted,)),
)

BY_NAME = {row.name: row for row in TABLE}
_BY_ERROR = {error: row for row in TABLE for error in row.errors}


def exit_for(error: BaseException) -> Exit:
    """Return how a command ends that met this error."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return BY_NAME["disk_full"]
    for kind in type(error).__mro__:
        if kind in _BY_ERROR:
            return _BY_ERROR[kind]
    return BY_NAME["internal"]


def sentence_for(error: BaseException) -> str:
    """Return what a person is told; of an unexpected error no more than its kind."""
    if isinstance(error, errors.E2ETherapyError):
        return str(error) or (type(error).__doc__ or "").split("\n", 1)[0]
    if isinstance(error, OSError):
        reason = error.strerror or "it cannot be used"
        if error.errno in NO_ROOM:
            reason = "the disk has no room; free some space and try again"
        return f"{error.filename}: {reason}." if error.filename else f"{reason}."
    return (
        f"Something in e2etherapy itself went wrong ({type(error).__name__}). "
        "Run the command again with E2ETHERAPY_TRACEBACK=1 to see where."
    )
