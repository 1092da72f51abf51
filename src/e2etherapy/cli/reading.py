"""Reading a conversation, and searching everything."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.wrapping import terminal_width

if TYPE_CHECKING:
    from e2etherapy.cli.answers import File, Message, State
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import MessageView, SearchView
    from e2etherapy.wire.role import Role

    _Saved = dict[tuple[Role, str], Path]
    """Where each file was put, by its author and id: the other side may use an id of one's own."""


@click.command(
    epilog="""\b
Examples:
  e2etherapy read "Dr. Okafor" --new
  e2etherapy read "Dr. Okafor" --last 10
  e2etherapy read "Dr. Okafor" --save Downloads"""
)
@click.argument("name")
@click.option("--new", is_flag=True, help="What the other side wrote and was not shown yet.")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="At most the last N of them.")
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Also put the attached files of what is shown into this folder.",
)
@click.option("--hidden", is_flag=True, help="What was hidden as well.")
@vault_options
@click.pass_obj
def read(
    invocation: Invocation,
    name: str,
    new: bool,
    last: int | None,
    save: Path | None,
    hidden: bool,
) -> None:
    """Show the conversation with NAME, oldest first."""
    from e2etherapy.messenger import reading

    async def shown(messenger: Messenger) -> None:
        views = await messenger.thread(name, hidden=hidden)
        views = [view for view in views if view.unread or not new]
        views = views[-(last or len(views)) :]
        saved: _Saved = {} if save is None else await _saved(messenger, name, save, views)
        standing = await reading.standing(messenger.device.vault, name)
        nothing = wording.NOTHING_NEW if new else wording.NO_MESSAGES
        human = wording.thread(standing, views, nothing, terminal_width())
        output.answer(invocation, [_message(view, saved) for view in views], human)
        sys.stdout.flush()
        await _mark(messenger, name, views)

    invocation.unlocked(shown)


async def _mark(messenger: Messenger, name: str, views: list[MessageView]) -> None:
    """Note what has really been shown; whatever keeps that from being noted, it was read."""
    from e2etherapy import errors

    try:
        await messenger.mark_read(name, {view.id for view in views if not view.own})
    except (errors.OldCopy, errors.MessengerError, errors.SessionError):
        return  # to whom nothing can be sent, nothing is told
    except errors.VaultFull:
        output.remark(wording.NOT_NOTED)


async def _saved(messenger: Messenger, name: str, folder: Path, views: list[MessageView]) -> _Saved:
    from e2etherapy.cli.saving import save_file

    saved: _Saved = {}
    for view in views:
        if view.file is not None:
            pieces = partial(messenger.attachment_pieces, name, view.file.id, author=view.author)
            place, new = await save_file(folder, view.file.name, pieces)
            saved[view.author, view.id] = place
            output.remark(f"{'Saved' if new else 'Already there'}: {inert_line(str(place))}")
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
        unread=view.unread,
        missing_before=view.missing_before,
        landed=view.landed,
        due=view.due,
        agreement=view.agreement,
        hidden=view.hidden,
        file=_file(view, saved),
    )


def _file(view: MessageView, saved: _Saved) -> File | None:
    from e2etherapy.cleaning.voice import without_label
    from e2etherapy.cli.answers import File

    if view.file is None:
        return None
    place = saved.get((view.author, view.id))
    return File(
        name=view.file.name,
        media_type=without_label(view.file.media_type),
        size=view.file.size,
        voice=view.file.voice,
        saved=None if place is None else str(place),
    )


@click.command(epilog="\b\nExample:\n  e2etherapy search slept better")
@click.argument("words", nargs=-1, required=True)
@click.option("--hidden", is_flag=True, help="In what was hidden as well.")
@vault_options
@click.pass_obj
def search(invocation: Invocation, words: tuple[str, ...], hidden: bool) -> None:
    """Find all WORDS in conversations and journal.

    The search happens on this device; nobody else learns of it.
    """
    from datetime import UTC

    from e2etherapy.cli.answers import Hit

    async def found(messenger: Messenger) -> tuple[Role, list[SearchView]]:
        return messenger.role, await messenger.search(" ".join(words), hidden=hidden)

    owner, views = invocation.unlocked(found)
    hits = [
        Hit(
            name=view.conversation,
            author=view.author.value,
            own=view.author is owner,
            text=view.text,
            written=view.written.astimezone(UTC),
        )
        for view in views
    ]
    width = terminal_width()
    human = "\n\n".join(wording.hit(view, own=view.author is owner, width=width) for view in views)
    output.answer(invocation, hits, human or wording.NOTHING_FOUND)
