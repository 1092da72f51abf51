"""Sending a text, a file or both, and saying how far they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from e2etherapy.cleaning import outgoing
from e2etherapy.cleaning.outgoing import OutgoingFile
from e2etherapy.cli import output, wording
from e2etherapy.cli.answers import ItemKind, Sent, SentItem, State
from e2etherapy.cli.exit_codes import Interrupted
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.progress import progress_bar
from e2etherapy.cli.saving import unusable
from e2etherapy.errors import ContentTooLarge, RelayUnreachable
from e2etherapy.wire.content import MAX_ATTACHMENT_BYTES

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import SendReport

_CLEANED = "{}: where, when and with what it was made is taken out of it."
_AS_IT_IS = "{} goes as it is: what its file says beside it (author, place, times) goes along."
_RECORDING = " A recording of your own is sent without that by --voice."


def attachment(path: Path, *, as_file: bool = False, voice: bool = False) -> OutgoingFile:
    """Read a file that is to be sent, and clean it if it is a picture or a voice note.

    Args:
        path: where it is.
        as_file: send it as it is.
        voice: it is a voice note.

    Raises:
        ContentTooLarge: it is larger than a conversation carries.
        CannotClean: what it says beside itself cannot be taken out.
        UnusableFile: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_ATTACHMENT_BYTES + 1)
    except OSError as error:
        raise unusable(error, path, "Nothing was sent.") from None
    if len(data) > MAX_ATTACHMENT_BYTES:
        raise _too_large(path, path.stat().st_size)
    prepared = outgoing.voice_note if voice else outgoing.attached
    file_ = prepared(path.name, data, as_file=as_file)
    if len(file_.data) > MAX_ATTACHMENT_BYTES:
        raise _too_large(path, len(file_.data))  # drawn anew, a picture can be larger
    return file_


def _too_large(path: Path, size: int) -> ContentTooLarge:
    return ContentTooLarge(
        f"{path} has {size:,} bytes; {MAX_ATTACHMENT_BYTES:,} are the most that can be sent. "
        "Nothing was sent. Make it smaller, or send it in pieces."
    )


def tell(files: Sequence[OutgoingFile]) -> None:
    """Tell a person what goes along with each file."""
    for file in files:
        sentence = _CLEANED if file.cleaned else _AS_IT_IS
        if not file.cleaned and file.media_type.startswith("audio/"):
            sentence += _RECORDING
        output.remark(sentence.format(inert_line(file.name)))


async def send(
    messenger: Messenger, name: str, text: str | None, files: Sequence[OutgoingFile]
) -> Sent:
    """Send a text, if there is one, then the files.

    Raises:
        Interrupted: Ctrl-C was pressed; the sentence says what became of each.
    """
    items = []
    asked = [] if text is None else ["The text"]
    asked += [f"The file {inert_line(file.name)}" for file in files]
    async with interruptible(messenger, name, asked) as called:
        with progress_bar("Sending") as progress:
            if text is not None:
                items.append(item("text", await messenger.send(name, text, progress)))
            for file in files:
                parts = (file.name, file.media_type, file.data)
                report = await messenger.send_file(name, parts, progress)
                items.append(item("attachment", report, cleaned=file.cleaned))
    return sent(called, items)


@asynccontextmanager
async def interruptible(
    messenger: Messenger, name: str, asked: Sequence[str]
) -> AsyncIterator[str]:
    """Say, if Ctrl-C ends it, what became of what was to be sent; yield what the other is called.

    Args:
        messenger: sends it.
        name: whom to.
        asked: what each thing is called in a sentence, in the order in which they are sent.

    Raises:
        Interrupted: it did.
    """
    from e2etherapy.vault import conversations, threads

    before = await conversations.named(messenger.device.vault.db, name)
    try:
        yield before.name
    except asyncio.CancelledError:
        db = messenger.device.vault.db
        states = await threads.own_since(db, before.id, before.sequence)
        raise Interrupted(wording.interrupted(asked, states)) from None


def item(kind: ItemKind, report: SendReport, *, cleaned: bool | None = None) -> SentItem:
    """Return what became of one item."""
    state = cast("State", report.state)
    return SentItem(id=report.id, kind=kind, state=state, problem=report.problem, cleaned=cleaned)


def sent(name: str, items: list[SentItem]) -> Sent:
    """Return what became of all items."""
    held = any(part.state == "on_device" for part in items)
    least: State = "on_device" if held else "stored"
    return Sent(name=name, state=least, items=items)


def show(invocation: Invocation, result: Sent) -> None:
    """Print what became of it.

    Raises:
        RelayUnreachable: it is still only on this device; the output says so as well.
    """
    if result.state == "on_device":
        output.answer(invocation, result, "")
        problems = [part.problem for part in result.items]
        raise RelayUnreachable(wording.waiting(problems))
    name = inert_line(result.name)
    output.answer(invocation, result, f"{wording.state(name, result.state)}.")
