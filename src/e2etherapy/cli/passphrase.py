"""Where the passphrase comes from: a file, or a hidden prompt; never the command's arguments."""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from pathlib import Path

from e2etherapy.cli import output
from e2etherapy.errors import E2ETherapyError

VARIABLE = "E2ETHERAPY_PASSPHRASE_FILE"
LEAST = 8
"""Characters of a new passphrase, spaces not counted; one that exists is taken as it is."""
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
    return _asked("Passphrase: ") if file is None else _from_file(file)


def choose(file: Path | None) -> str:
    """Return a new passphrase, from a file or a hidden prompt that asks twice.

    At the prompt, one that is too short or was typed differently the second time is asked for
    again.

    Raises:
        PassphraseMissing, PassphraseUnusable, OSError: as for `obtain`; also one that is too short.
    """
    if file is not None:
        return _long_enough(_from_file(file))
    if has_terminal():
        output.remark("Four or more unrelated words make a good passphrase.")
    while True:
        try:
            return _asked_twice()
        except PassphraseUnusable as unusable:
            output.remark(str(unusable))


def _asked_twice() -> str:
    first = _long_enough(_asked("Choose a passphrase: "))
    if _normal(_asked("The same again: ")) != _normal(first):
        raise PassphraseUnusable("The two were different. Nothing was changed; once more, please.")
    return first


def _long_enough(passphrase: str) -> str:
    """Return a new passphrase that is not among those that are tried first.

    What is counted is the form from which the key is made (docs/protocol.md, section 13).

    Raises:
        PassphraseUnusable: it is too short.
    """
    if len("".join(_normal(passphrase).split())) < LEAST:
        raise PassphraseUnusable(
            f"This passphrase is too short: it needs at least {LEAST} characters, spaces not "
            "counted. Nothing was changed. Take four or more words that have nothing to do with "
            "each other or with you: they are easy to remember and hard to guess."
        )
    return passphrase


def _normal(passphrase: str) -> str:
    return unicodedata.normalize("NFKC", passphrase)


def has_terminal() -> bool:
    """Say whether this process has a terminal at which a person can be asked in secret."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _from_file(file: Path) -> str:
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


def _asked(question: str) -> str:
    import getpass

    if not has_terminal():
        raise PassphraseMissing(
            "There is no terminal to ask for the passphrase. Give --passphrase-file FILE or set "
            f"{VARIABLE}; the first line of the file is the passphrase."
        )
    given = getpass.getpass(question)
    if not given.strip():
        raise PassphraseUnusable("The passphrase is empty. Nothing was changed.")
    return given
