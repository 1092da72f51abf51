"""Where the passphrase comes from: a file, or a hidden prompt; never the command's arguments."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from e2etherapy.errors import E2ETherapyError

VARIABLE = "E2ETHERAPY_PASSPHRASE_FILE"
_LONGEST = 4_096
_TERMINAL = "/dev/tty"


class PassphraseMissing(E2ETherapyError):
    """There is no passphrase and nobody to ask for one."""


class PassphraseUnusable(E2ETherapyError):
    """The passphrase is empty, not text, or too short for a new one."""


def named_file(given: Path | None) -> Path | None:
    """Return the file that holds the passphrase, from an option or the environment."""
    named = os.environ.get(VARIABLE)
    return given or (Path(named) if named else None)


def obtain(file: Path | None) -> str:
    """Return the passphrase that opens the vault, from a file or a hidden prompt.

    Raises:
        PassphraseMissing: no file, and no terminal to ask at.
        PassphraseUnusable: what was found cannot be one.
        OSError: the file cannot be read.
    """
    file = named_file(file)
    return asked("Passphrase: ") if file is None else from_file(file)


def has_terminal() -> bool:
    """Say whether this process has a terminal at which a person can be asked in secret."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def from_file(file: Path) -> str:
    """Return the first line of a file; warn if others can read it.

    Raises:
        PassphraseUnusable: it cannot be a passphrase.
        OSError: the file cannot be read.
    """
    with file.open("rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode
        line = opened.readline(_LONGEST + 1).rstrip(b"\r\n")
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        sys.stderr.write(
            f"Other users of this machine can read {file}. Make it yours alone: chmod 600\n"
        )
    if len(line) > _LONGEST:
        raise PassphraseUnusable(f"The first line of {file} is too long for a passphrase.")
    try:
        passphrase = line.decode()
    except UnicodeDecodeError:
        raise PassphraseUnusable(f"The first line of {file} is not UTF-8 text.") from None
    if not passphrase.strip():
        raise PassphraseUnusable(f"The first line of {file} is empty; it should be a passphrase.")
    return passphrase


def asked(question: str) -> str:
    """Return what a person types at a hidden prompt.

    Raises:
        PassphraseMissing: there is no terminal to ask at.
        PassphraseUnusable: nothing was typed.
        click.Abort: the input has ended.
    """
    import getpass

    import click

    if not has_terminal():
        raise PassphraseMissing(
            "There is no terminal to ask for the passphrase. Give --passphrase-file FILE or set "
            f"{VARIABLE}; the first line of the file is the passphrase."
        )
    try:
        given = getpass.getpass(question)
    except EOFError:
        raise click.Abort from None
    if not given.strip():
        raise PassphraseUnusable("The passphrase is empty. Nothing was changed.")
    return given
