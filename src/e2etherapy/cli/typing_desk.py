"""Typing several lines at a terminal, each of which is in the vault once Enter was pressed.

There is no editor: it would put the text into files of its own, in the clear, and keep them for as
long as it likes.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Protocol

import click

from e2etherapy.cli import output, questions, typed_text
from e2etherapy.cli.inert import inert
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.output import moment
from e2etherapy.cli.wrapping import terminal_width, wrapped

if TYPE_CHECKING:
    from e2etherapy.messenger.autosaving import Begun, Typed
    from e2etherapy.messenger.messenger import Messenger

_KEPT = "What was typed is kept on this device to the last Enter; the same command offers it again."
_FORGET = "Forget it for good?"
_STAYS = "It stays on this device, and is offered again. What you type now is a text of its own."
_NOT_KEPT = "What you type cannot be kept line by line now; it is there until this command ends."


class Drawer(Protocol):
    """Where what is typed is kept until it is whole."""

    async def begun(self) -> list[Begun]:
        """Return what was begun there before, the newest first."""

    async def keep(self, text: str, before: str) -> None:
        """Keep a text in the place of what was kept of it before; forget that for an empty one."""


@dataclass(frozen=True, slots=True)
class OpenDrawer:
    """What opens with the vault: texts of a kind, in a conversation if `name` says which."""

    messenger: Messenger
    what: Typed
    name: str | None

    async def begun(self) -> list[Begun]:
        """Return what was begun there before, the newest first."""
        return await self.messenger.begun(self.what, self.name)

    async def keep(self, text: str, before: str) -> None:
        """Keep a text in the place of what was kept of it before; forget that for an empty one."""
        await self.messenger.keep_begun(self.what, self.name, text, before=before)


@dataclass(frozen=True, slots=True)
class Typing:
    """Something that is to be typed.

    Attributes:
        heading: what it is, as a sentence.
        drawer: where it is kept meanwhile.
        undone: what has not been done if it ends here, as in "Nothing was sent."
    """

    heading: str
    drawer: Drawer
    undone: str


async def typed(invocation: Invocation, messenger: Messenger, typing: Typing) -> str:
    """Let a person type; meanwhile other processes may use the vault.

    What they began before is offered first, and stays unless they say that it may go. Whatever
    ends it, every line is kept up to the last Enter, until the text is sent or kept elsewhere.

    Raises:
        InvalidText: it is not UTF-8.
        VaultBusy: another process has not let go of the vault since.
    """
    text = await _begun(invocation, messenger, typing)
    invocation.if_stopped = f"{typing.undone} {_KEPT}" if text else typing.undone
    output.remark(f"{typing.heading} End with Ctrl-D on a line of its own.")
    desk = _Desk(invocation, messenger, typing, f"{text}\n" if text else "", text)
    async with typed_text.asking(messenger):
        await desk.take_lines()
    invocation.if_stopped = ""
    return desk.text()


@dataclass(slots=True)
class _Desk:
    """Where the lines come together."""

    invocation: Invocation
    messenger: Messenger
    typing: Typing
    before: str
    kept: str
    lines: bytes = b""
    told: bool = False

    async def take_lines(self) -> None:
        while line := sys.stdin.buffer.readline():
            self.lines += line
            with _ctrl_c_afterwards():
                await self._keep()

    def text(self) -> str:
        """Return all of it, without the Enter that was pressed to reach the line for Ctrl-D."""
        return (self.before + typed_text.decoded(self.lines)).removesuffix("\n")

    async def _keep(self) -> None:
        from e2etherapy.errors import NotesKeyReplaced, VaultError

        vault = self.messenger.device.vault
        so_far = (self.before + self.lines.decode(errors="replace")).removesuffix("\n")
        try:
            await vault.resume()
            await self.typing.drawer.keep(so_far, self.kept)
        except (VaultError, NotesKeyReplaced):
            # Another process has the vault, or the disk is full: the next line tries again. If it
            # has changed the secret of the notes, the new one is asked for after the last line.
            if not self.told:
                output.remark(_NOT_KEPT)
            self.told = True
        else:
            self.kept = so_far
            self.invocation.if_stopped = f"{self.typing.undone} {_KEPT}"
        finally:
            await vault.pause()


async def _begun(invocation: Invocation, messenger: Messenger, typing: Typing) -> str:
    """Offer what was begun before, the newest first; return what is to go on, or nothing."""
    stays = 0
    for begun in await typing.drawer.begun():
        _show(begun)
        with invocation.meanwhile(f"{typing.undone} {_KEPT}"):
            async with typed_text.asking(messenger):
                goes_on = questions.agreed("Go on with it?", default=True)
                forget = not goes_on and questions.agreed(_FORGET, default=False)
        if goes_on:
            return begun.text
        if forget:
            await typing.drawer.keep("", begun.text)
        else:
            stays += 1
    if stays:
        output.remark(_STAYS)
    return ""


def _show(begun: Begun) -> None:
    output.remark(f"You began this on {moment(begun.changed)}, and did not finish it:")
    width = terminal_width(sys.stderr)
    click.echo("\n".join(wrapped(inert(begun.text), width, "  ")), err=True)


@contextmanager
def _ctrl_c_afterwards() -> Iterator[None]:
    """Let a transaction end before Ctrl-C counts."""
    pressed = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True

    previous = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if pressed:
        raise KeyboardInterrupt
