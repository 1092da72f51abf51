"""Writing, fetching and reading."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from e2etherapy.cli import output, typed_text, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.cli.answers import File, Message, Phase, Sent, State
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import MessageView
    from e2etherapy.vault.records import Role

    _Saved = dict[tuple[Role, str], Path]
    """Where each file was put, by its author and id: the other side may use an id of one's own."""


@click.command(
    epilog="""\b
Examples:
  e2etherapy send "Dr. Okafor" "I slept better."
  e2etherapy send "Dr. Okafor" - < letter.txt
  e2etherapy send "Dr. Okafor" --attach diary.pdf"""
)
@click.argument("name")
@click.argument("text", required=False)
@click.option(
    "--attach",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Send this file, up to 25 MB.",
)
@vault_options
@click.pass_obj
def send(invocation: Invocation, name: str, text: str | None, attach: Path | None) -> None:
    """Send a text, a file or both to NAME.

    TEXT may be - for standard input, byte for byte; without it, a pipe is read or you are asked.

    What can't be delivered now is safe on this device and goes out with the next sync.
    """
    from e2etherapy.cli import sending

    file = None if attach is None else sending.attachment(attach)
    given = None if text is None and file is not None else typed_text.piped(text)
    asked = given is None and file is None

    async def deliver(messenger: Messenger) -> Sent:
        words = await _written(messenger, name) if asked else given
        return await sending.send(messenger, name, words, file)

    sending.show(invocation, invocation.unlocked(deliver))


async def _written(messenger: Messenger, name: str) -> str:
    await messenger.safety_phrase(name)  # to whom nothing can be sent is said before typing
    return await typed_text.typed(messenger, f"Your message to {inert_line(name)}.")


@click.command()
@click.option("--wait", is_flag=True, help="Go on until Ctrl-C, fetching what arrives.")
@vault_options
@click.pass_obj
def sync(invocation: Invocation, wait: bool) -> None:
    """Fetch what has arrived; deliver what waits.

    With --wait --json each arrival is one line of JSON.
    """
    from e2etherapy.cli import syncing

    if wait:
        invocation.unlocked(lambda messenger: syncing.until_stopped(invocation, messenger))
        return
    syncing.show_all(invocation, invocation.unlocked(syncing.once))


@click.command()
@vault_options
@click.pass_obj
def conversations(invocation: Invocation) -> None:
    """List your conversations."""
    from e2etherapy.cli.answers import Conversation

    views = invocation.unlocked(lambda messenger: messenger.conversations())
    listed = [
        Conversation(
            name=view.name,
            role=view.role.value,
            phase=cast("Phase", view.phase),
            verification=view.verification.value,
            relay=view.relay,
            messages=view.messages,
            missing=view.missing,
            waiting=view.waiting,
            last=view.last,
        )
        for view in views
    ]
    human = "\n\n".join(wording.conversation(view) for view in views)
    output.answer(invocation, listed, human or wording.NO_CONVERSATIONS)


@click.command(epilog='\b\nExample:\n  e2etherapy read "Dr. Okafor" --save Downloads')
@click.argument("name")
@click.option(
    "--save",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Also put the attached files into this folder.",
)
@vault_options
@click.pass_obj
def read(invocation: Invocation, name: str, save: Path | None) -> None:
    """Show the conversation with NAME, oldest first."""

    async def shown(messenger: Messenger) -> list[MessageView]:
        views = await messenger.thread(name)
        saved: _Saved = {} if save is None else await _saved(messenger, name, save, views)
        human = "\n\n".join(wording.message(name, view) for view in views)
        listed = [_message(view, saved) for view in views]
        output.answer(invocation, listed, human or wording.NO_MESSAGES)
        sys.stdout.flush()
        # Only what has really been shown counts as read.
        await messenger.mark_read(name)
        return views

    invocation.unlocked(shown)


async def _saved(messenger: Messenger, name: str, folder: Path, views: list[MessageView]) -> _Saved:
    from e2etherapy.cli.saving import save_file

    saved: _Saved = {}
    for view in views:
        if view.file is not None:
            file_name, data = await messenger.attachment(name, view.file.id, author=view.author)
            saved[view.author, view.id] = save_file(folder, file_name, data)
            output.remark(f"Saved: {inert_line(str(saved[view.author, view.id]))}")
    return saved


def _message(view: MessageView, saved: _Saved) -> Message:
    from e2etherapy.cli.answers import Message

    return Message(
        id=view.id,
        author=view.author.value,
        own=view.own,
        kind=view.kind,
        text=view.text,
        written=view.written,
        arrived=view.arrived,
        state=cast("State", view.state),
        file=_file(view, saved),
    )


def _file(view: MessageView, saved: _Saved) -> File | None:
    from e2etherapy.cli.answers import File

    if view.file is None:
        return None
    place = saved.get((view.author, view.id))
    return File(
        name=view.file.name,
        media_type=view.file.media_type,
        size=view.file.size,
        saved=None if place is None else str(place),
    )


@click.command()
@click.argument("words", nargs=-1, required=True)
@vault_options
@click.pass_obj
def search(invocation: Invocation, words: tuple[str, ...]) -> None:
    """Find all WORDS in conversations and journal.

    The search happens on this device; nobody else learns of it.
    """
    from datetime import UTC

    from e2etherapy.cli.answers import Hit

    views = invocation.unlocked(lambda messenger: messenger.search(" ".join(words)))
    hits = [
        Hit(
            name=view.conversation,
            author=view.author.value,
            text=view.text,
            written=view.written.astimezone(UTC),
        )
        for view in views
    ]
    human = "\n\n".join(wording.hit(view) for view in views)
    output.answer(invocation, hits, human or wording.NOTHING_FOUND)
