"""What can keep something that was written, or a file, from going out."""

from __future__ import annotations

from e2etherapy.errors import E2ETherapyError, MessengerError


class CannotClean(E2ETherapyError):
    """A picture or sound cannot be freed of what its file says beside it. Nothing was sent.

    The message is the reason, as in "it is damaged".
    """


class FileWaits(MessengerError):
    """A file is kept back, so that the other side's mailbox has room for messages."""
