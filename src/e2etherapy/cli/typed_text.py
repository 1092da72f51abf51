"""Text from the command line, from standard input byte for byte, or typed at a terminal."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli.saving import unusable
from e2etherapy.errors import InvalidText

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger

STANDARD_INPUT = "-"


def piped(argument: str | None) -> str | None:
    """Return the text that was given or comes through a pipe; None if somebody has to type it.

    Raises:
        InvalidText: standard input is not UTF-8.
    """
    if argument is None and sys.stdin.isatty():
        return None
    return argument if argument not in {None, STANDARD_INPUT} else standard_input()


def standard_input() -> str:
    """Return standard input, every byte of it.

    Raises:
        InvalidText: it is not UTF-8.
    """
    return decoded(sys.stdin.buffer.read())


def decoded(data: bytes) -> str:
    """Return what came from standard input as text.

    Raises:
        InvalidText: it is not UTF-8.
    """
    try:
        return data.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise InvalidText(
            f"Standard input is not valid UTF-8 (byte {error.start + 1}). Nothing was sent or "
            "written. To send a file as it is, use --attach."
        ) from None


@asynccontextmanager
async def asking(messenger: Messenger) -> AsyncIterator[None]:
    """Wait for a person: other processes may use the vault, and Ctrl-C ends the command.

    Raises:
        VaultBusy: another process has not let go of it since.
    """
    import asyncio

    await messenger.device.vault.pause()
    # The handler of asyncio.run would only cancel the task, once the blocking read has ended.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        await asyncio.sleep(0)  # where a Ctrl-C ends it that came before
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    await messenger.device.vault.resume()


def secret(argument: str | None, file: Path | None, question: str) -> str | None:
    """Return a secret given as an argument, in a file, through a pipe or at a hidden prompt."""
    if file is not None:
        return standard_input() if str(file) == STANDARD_INPUT else text_in(file)
    if argument == STANDARD_INPUT:
        if not sys.stdin.isatty():
            return standard_input().strip()
        return str(click.prompt(question, hide_input=True, err=True)).strip()
    return argument


def text_in(file: Path) -> str:
    """Return the text of a file.

    Raises:
        InvalidText: it is not UTF-8.
        UnusableFile: it cannot be read.
    """
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise InvalidText(f"{file} is not UTF-8 text. Nothing was done.") from None
    except OSError as error:
        raise unusable(error, file, "Nothing was done.") from None
