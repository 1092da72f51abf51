"""The files of a conversation: which there are, and putting one where it can be opened."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.output import moment

if TYPE_CHECKING:
    from e2etherapy.cli.attachment_answers import Listed
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import AttachmentView

_NONE = "There are no files to show. What was hidden is listed with --hidden."
_ON_BOTH_SIDES = (
    "The first number is this device's, and can be another one on the other side. There, {tag} "
    "is {tag} too."
)
_DIGITS = 9
"""Of a number that anybody means."""
_UNTRUSTED = (
    "The name and the kind of a file are what its sender says. Nothing here has opened it; do so "
    "only if you expect it."
)


@click.group()
def attachments() -> None:
    """Files that came with messages: list them, save one."""


@attachments.command("list", epilog='\b\nExample:\n  e2etherapy attachments list "Dr. Okafor"')
@click.argument("name")
@click.option("--hidden", is_flag=True, help="The hidden ones as well.")
@vault_options
@click.pass_obj
def list_(invocation: Invocation, name: str, hidden: bool) -> None:
    """List the files of the conversation with NAME, by number.

    A number is this device's. What stands behind it, like C17 or T4, is the same on the other side.
    """
    views = invocation.unlocked(lambda messenger: messenger.attachments(name, hidden=hidden))
    human = "\n".join(_line(view, name) for view in views) or _NONE
    output.answer(invocation, [_listed(view) for view in views], human)
    if views and not invocation.json:
        sys.stdout.flush()
        output.remark(_ON_BOTH_SIDES.format(tag=views[-1].tag))


@attachments.command(
    epilog="""\b
Examples:
  e2etherapy attachments save "Dr. Okafor" 3 Downloads
  e2etherapy attachments save "Dr. Okafor" C17 Downloads"""
)
@click.argument("name")
@click.argument("number")
@click.argument("folder", type=click.Path(path_type=Path))
@vault_options
@click.pass_obj
def save(invocation: Invocation, name: str, number: str, folder: Path) -> None:
    """Put file NUMBER of the conversation with NAME into FOLDER.

    NUMBER may be what both sides call it, like C17. The file is never written over another one, can
    be read by you alone, and is not opened.
    """
    from e2etherapy.cli.attachment_answers import Saved
    from e2etherapy.cli.saving import save_file

    invocation.if_stopped = "Nothing was written."

    async def saved(messenger: Messenger) -> tuple[Path, bool, AttachmentView]:
        view = await messenger.numbered_attachment(name, _meant(number))
        pieces = partial(messenger.attachment_pieces, name, view.file.id, author=view.author)
        place, new = await save_file(folder, view.file.name, pieces)
        return place, new, view

    place, new, view = invocation.unlocked(saved)
    human = f"{'Saved' if new else 'Already there'}: {inert_line(str(place))}"
    human += "" if view.own else f"\n{_UNTRUSTED}"
    output.answer(
        invocation, Saved(number=view.number, tag=view.tag, file=str(place), new=new), human
    )


def _meant(number: str) -> int | str:
    """Return a number, or a tag in its own form, of which this program writes no other."""
    plain = number.isascii() and number.isdecimal() and len(number) <= _DIGITS
    return int(number) if plain else number.upper()


def _listed(view: AttachmentView) -> Listed:
    from e2etherapy.cleaning.voice import without_label
    from e2etherapy.cli.attachment_answers import Listed

    return Listed(
        number=view.number,
        tag=view.tag,
        author=view.author.value,
        own=view.own,
        written=view.written,
        name=view.file.name,
        media_type=without_label(view.file.media_type),
        size=view.file.size,
        voice=view.file.voice,
        hidden=view.hidden,
    )


def _line(view: AttachmentView, name: str) -> str:
    who = click.style("You" if view.own else inert_line(name), bold=True)
    mark = "  [hidden]" if view.hidden else ""
    return (
        f"{view.number}  {view.tag}  {moment(view.written)}  {who}: {wording.file(view.file)}{mark}"
    )
