"""The failure class of each of the package's errors, as the vectors name them."""

from e2etherapy import errors

FAILURES: dict[type[Exception], str] = {
    errors.MalformedData: "malformed",
    errors.InvalidKey: "invalid-key",
    errors.InvalidLink: "invalid-link",
    errors.InvitationMismatch: "invitation-mismatch",
    errors.InvitationUsed: "invitation-used",
    errors.InvitationExpired: "invitation-expired",
    errors.EnvelopeRefused: "refused",
    errors.ReplayedEnvelope: "replay",
    errors.TooManySkipped: "too-many-skipped",
    errors.ChainExhausted: "turn-full",
    errors.ContentTooLarge: "too-large",
    errors.WrongPassphrase: "wrong-passphrase",
    errors.WrongNotesSecret: "wrong-notes-secret",
    errors.AuthenticationFailed: "note-damaged",
    errors.UnsafeParameters: "unsafe-parameters",
    errors.JournalBroken: "record-broken",
}


def failure_class(error: Exception) -> str | None:
    return FAILURES.get(type(error))
