"""Finding the one invitation link in what a person pasted.

Mail programs and messengers put words around a link, fold it, quote it, and change the case of its
scheme. Its secret has a fixed length, so that its end is certain.
"""

from __future__ import annotations

import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from e2etherapy.errors import InvalidLink

_SCHEME = "e2etherapy:"
_START = re.compile(r"e2etherapy\s*:", re.IGNORECASE)
_FOLD = re.compile(r"=?\r?\n[>\s]*|[\u00ad\u200b\u2060\ufeff]")
"""A line end, with the sign of quoted-printable before it and quotation marks after it; and
characters without width, where a program would allow a line to end."""
_FOLDED = "\n"
"""What stands for a fold in a text whose folds were looked for."""


def _form(fold: str) -> re.Pattern[str]:
    """Return the form of a link that has folds between its characters."""
    start = fold.join([*_SCHEME, "/", "/"])
    secret = rf"(?:[\w-]{fold}){{42}}[\w-]"
    host = rf"(?:[^\s/#]{fold})+"
    return re.compile(
        rf"{start}{fold}({host})/?{fold}#{fold}({secret})(?![\w-])", re.IGNORECASE | re.ASCII
    )


_LINK = _form("")
_FOLDED_LINK = _form(f"{_FOLDED}*")
_LONGEST = 100_000
_PASTING_SECONDS = 0.2
"""How long the next line of what was pasted may take."""


def find(text: str) -> str | None:
    """Return the one whole link in a text, as it was handed over; None if there is none.

    Raises:
        InvalidLink: there are several; which of them is meant is not for this program to say.
    """
    text = text[:_LONGEST]
    found = _links(_LINK, text) or _links(_FOLDED_LINK, _FOLD.sub(_FOLDED, text))
    if len(found) > 1:
        raise InvalidLink(
            f"There are {len(found)} different invitation links in this. Nothing was done. Give "
            "the one that is meant alone."
        )
    return next(iter(found), None)


def whole(text: str) -> str:
    """Return the link in what was pasted.

    Raises:
        InvalidLink: there is none that is whole, or there are several.
    """
    from e2etherapy.wire.invitation import InvitationLink

    found = find(text) or text.strip()
    InvitationLink.parse(found)
    return found


def asked() -> str:
    """Let a person paste a link at the terminal, unseen, with the words and folds around it.

    All lines that are pasted are read: the others would go to the shell as commands, and into
    its history.

    Raises:
        InvalidLink: there are several links in it.
        click.Abort: the input has ended.
    """
    sys.stderr.write("Invitation link: ")
    sys.stderr.flush()
    try:
        with _unseen():
            text = sys.stdin.readline()
            while find(text) is None and _goes_on(text):
                line = sys.stdin.readline()
                text += line
                if not line.strip():
                    break
    finally:
        sys.stderr.write("\n")
    if not text:
        raise click.Abort
    return text


def _goes_on(text: str) -> bool:
    """Say whether more lines were pasted, or a link has begun that is not whole."""
    if select.select([sys.stdin], [], [], _PASTING_SECONDS)[0]:
        return True
    if _START.search(text) is None:
        return False
    sys.stderr.write("\nThe link goes on; paste the rest (Enter alone: that was all): ")
    sys.stderr.flush()
    return True


@contextmanager
def _unseen() -> Iterator[None]:
    """Show nothing of what is typed; what is left of it in the end is thrown away."""
    import termios

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    hidden = [*before]
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _links(form: re.Pattern[str], text: str) -> dict[str, None]:
    """Return the different links, in order."""
    parts = [["".join(part.split()) for part in found] for found in form.findall(text)]
    return {f"{_SCHEME}//{host.lower()}/#{secret}": None for host, secret in parts}
