"""Where the secret of the process notes comes from: a file, or a hidden prompt; never arguments."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from e2etherapy.cli import new_passphrase, output, passphrase, typed_text
from e2etherapy.cli.passphrase import PassphraseMissing, PassphraseUnusable

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.vault.notes_key import OpenedKey

VARIABLE = "E2ETHERAPY_NOTES_SECRET_FILE"
_REPLACED = (
    "The secret of the process notes was changed while you typed. Your note is still here, and is "
    "written once you give the new secret. Ctrl-C drops what you typed since the change; all of it "
    "stands above."
)
_Command = TypeVar("_Command", bound=Callable[..., Any])


def secret_option(command: _Command) -> _Command:
    """Let a command take --secret-file."""
    return click.option(
        "--secret-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A file with the secret of the notes on its first line.",
    )(command)


async def opened(messenger: Messenger, file: Path | None) -> OpenedKey:
    """Return the key of the notes, from a secret in a file or asked for at a hidden prompt.

    Raises:
        WrongNotesSecret: it is another one.
        PassphraseMissing: no file, and no terminal to ask at.
        WrongRole, MessengerError: there are no notes to open.
    """
    from e2etherapy.messenger.record import notes_secret

    await notes_secret.require(messenger.device)
    named = os.environ.get(VARIABLE)
    file = file or (Path(named) if named else None)
    if file is not None:
        return await messenger.unlock_notes(passphrase.from_file(file))
    _require_terminal("--secret-file")
    async with typed_text.asking(messenger):
        given = passphrase.asked("Secret of your process notes: ")
    return await messenger.unlock_notes(given)


async def current(messenger: Messenger, key: OpenedKey) -> OpenedKey:
    """Return a key that opens the notes still, after somebody has typed one for a while.

    If another process has changed the secret meanwhile, the new one is asked for until it is
    given: whoever has typed a note does not lose it by a slip.

    Raises:
        PassphraseMissing: no terminal to ask at.
        WrongRole, MessengerError: there are no notes to open any more.
    """
    from e2etherapy.errors import NotesKeyReplaced, VaultBusy, WrongNotesSecret
    from e2etherapy.messenger.record import noting

    try:
        await noting.require_current(messenger.device, key)
    except NotesKeyReplaced:
        output.remark(_REPLACED)
    else:
        return key
    while True:
        try:
            async with typed_text.asking(messenger):
                given = passphrase.asked("New secret of your process notes: ")
            return await messenger.unlock_notes(given)
        except (WrongNotesSecret, PassphraseUnusable, VaultBusy) as error:
            output.remark(f"{error} Your note is still here.")


async def require_lost(messenger: Messenger, file: Path | None, *, asks: bool) -> None:
    """Refuse to erase notes that a secret opens which is in a file, or which somebody remembers.

    Raises:
        MessengerError: it opens them, or none was ever chosen.
        LegalHold, VaultTooNew, WrongRole: nothing may be erased here.
    """
    from e2etherapy import errors

    await messenger.require_losable_notes()
    secret = _in_file(file)
    if secret is None and asks:
        secret = await _remembered(messenger)
    if secret is None:
        return
    try:
        await messenger.unlock_notes(secret)
    except (errors.WrongNotesSecret, errors.VaultDamaged, errors.UnsafeParameters):
        output.remark("That does not open them.")
        return
    raise errors.MessengerError(
        "This secret opens the process notes: it is not lost. Nothing was erased. Without --lost, "
        "another one can be chosen."
    )


def _in_file(file: Path | None) -> str | None:
    """Return the secret in a file; one that only the environment names may be lost with it."""
    if file is None:
        named = os.environ.get(VARIABLE)
        file = Path(named) if named and Path(named).exists() else None
    return None if file is None else passphrase.from_file(file)


async def _remembered(messenger: Messenger) -> str | None:
    try:
        async with typed_text.asking(messenger):
            return passphrase.asked("The secret, if you do remember it (Enter if not): ")
    except PassphraseUnusable:
        return None


async def chosen(messenger: Messenger, file: Path | None) -> str:
    """Return a new secret, from a file or a hidden prompt that asks twice.

    Raises:
        PassphraseMissing: no file, and no terminal to ask at.
        PassphraseUnusable: it cannot be one.
    """
    if file is not None:
        return new_passphrase.choose(file)
    _require_terminal("--new-secret-file")
    async with typed_text.asking(messenger):
        return new_passphrase.choose(None, "Choose a secret for your process notes: ")


def _require_terminal(option: str) -> None:
    if not passphrase.has_terminal():
        more = f" or set {VARIABLE}" if option == "--secret-file" else ""
        raise PassphraseMissing(
            f"There is no terminal to ask for the secret of the notes. Give {option} FILE{more}; "
            "the first line of the file is the secret. Nothing was changed."
        )
