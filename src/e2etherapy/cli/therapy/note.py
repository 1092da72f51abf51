"""A therapist's process notes, apart from the record and under a secret of their own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, questions, typed_text, wording
from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.output import moment
from e2etherapy.cli.therapy import note_typing, notes_secret
from e2etherapy.cli.therapy.notes_secret import secret_option
from e2etherapy.cli.wrapping import terminal_width, wrapped

if TYPE_CHECKING:
    from e2etherapy.cli.custody_answers import Note, NotesSecret
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.record.noting import NoteView
    from e2etherapy.vault.notes_key import OpenedKey

_ONLY = (
    "Nothing else opens the notes: not the passphrase, and not the 24 recovery words. If the "
    "secret is lost, the notes are lost."
)
_DAMAGED = (
    "Some were damaged before and stay so; only a backup from before that, with the secret of "
    "then, has them"
)
_LOSES = (
    "This erases every process note for good: without its secret nothing opens them. The record "
    "is not touched."
)


@click.group()
@vault_options
def note() -> None:
    """Process notes, apart from the record."""


@note.command(
    epilog="""\b
Examples:
  e2etherapy note write Robin
  e2etherapy note write Robin - < note.txt"""
)
@click.argument("name")
@click.argument("text", required=False)
@secret_option
@vault_options
@click.pass_obj
def write(invocation: Invocation, name: str, text: str | None, secret_file: Path | None) -> None:
    """Write a process note on NAME.

    It is in no record, search, export or message. TEXT may be - for standard input; without it, a
    pipe is read or you are asked.
    """
    invocation.if_stopped = "Nothing was written."
    given = typed_text.piped(text)

    async def written(messenger: Messenger) -> NoteView:
        with invocation.meanwhile("Nothing was written."):
            await _require_known(messenger, name)
            key = await notes_secret.opened(messenger, secret_file)
            words = given
            if words is None:
                key, words = await note_typing.typed(invocation, messenger, key, name)
        invocation.if_stopped = "'e2etherapy note show' shows whether the note was written."
        return await messenger.write_note(key, name, words)

    view = invocation.unlocked(written)
    human = f"Note {view.number} on {inert_line(view.name)}, on this device only."
    output.answer(invocation, _answer(view), human)


async def _require_known(messenger: Messenger, name: str) -> None:
    from e2etherapy.messenger.reading import standing

    await standing(messenger.device.vault, name)


@note.command(epilog="\b\nExample:\n  e2etherapy note show Robin")
@click.argument("name")
@secret_option
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str, secret_file: Path | None) -> None:
    """Show your process notes on NAME."""

    async def found(messenger: Messenger) -> list[NoteView]:
        await _require_known(messenger, name)
        return await messenger.notes(await notes_secret.opened(messenger, secret_file), name)

    views = invocation.unlocked(found)
    human = "\n\n".join(map(_shown, views)) or f"There is no process note on {inert_line(name)}."
    output.answer(invocation, [_answer(view) for view in views], human)


def _shown(view: NoteView) -> str:
    from e2etherapy.messenger.record.noting import DAMAGED, ERASED

    width = terminal_width()
    text = view.text if view.text is not None else (DAMAGED if view.damaged else ERASED)
    first = wrapped(f"{view.number}  {moment(view.written)}", width)
    return "\n".join([*first, *wrapped(inert(text), width, "  ")])


@note.command("list", epilog="\b\nExample:\n  e2etherapy note list")
@vault_options
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List on whom there are process notes; no secret needed."""
    from e2etherapy.cli.custody_answers import NotesOn

    views = invocation.unlocked(lambda messenger: messenger.notes_by_conversation())
    lines = [
        f"{inert_line(view.name)}: {wording.counted(view.notes, 'note', 'notes')}, the last of "
        f"{moment(view.last)}"
        for view in views
    ]
    answers = [NotesOn(name=view.name, notes=view.notes, last=view.last) for view in views]
    output.answer(invocation, answers, "\n".join(lines) or "There are no process notes.")


@note.command(epilog="\b\nExample:\n  e2etherapy note erase Robin 2 --yes")
@click.argument("name")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--yes", is_flag=True, help="Erase without asking.")
@vault_options
@click.pass_obj
def erase(invocation: Invocation, name: str, number: int, yes: bool) -> None:
    """Erase what a process note says, for good.

    Backups keep it. At a terminal you type the name first; without one, --yes is needed.
    """
    invocation.if_stopped = "Nothing was erased."
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, erasing needs --yes. Nothing was erased.")
    from e2etherapy.messenger.record import noting

    async def erased(messenger: Messenger) -> NoteView:
        if not yes:
            with invocation.meanwhile("Nothing was erased."):
                called, _ = await noting.erasable(messenger.device, name, number)
                shown = inert_line(called)
                async with typed_text.asking(messenger):
                    questions.named(f"Type the name ({shown}) to erase note {number}", shown)
        return await messenger.erase_note(name, number)

    view = invocation.unlocked(erased)
    human = f"Note {view.number} on {inert_line(view.name)} is erased. Backups keep it."
    output.answer(invocation, _answer(view), human)


@note.command(
    epilog="""\b
Examples:
  e2etherapy note secret
  e2etherapy note secret --new-secret-file new.txt
  e2etherapy note secret --lost"""
)
@secret_option
@click.option(
    "--new-secret-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the new secret from the first line of this file.",
)
@click.option("--lost", is_flag=True, help="The old one is lost: erase all notes.")
@click.option("--yes", is_flag=True, help="With --lost: erase without asking.")
@vault_options
@click.pass_obj
def secret(
    invocation: Invocation,
    secret_file: Path | None,
    new_secret_file: Path | None,
    lost: bool,
    yes: bool,
) -> None:
    """Choose the secret of your process notes, or change it.

    Neither the passphrase nor the recovery words open them. If the secret is lost, so are the
    notes.
    """
    invocation.if_stopped = "Nothing was changed."
    if lost and not (yes or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, --lost needs --yes. Nothing was changed.")

    async def done(messenger: Messenger) -> NotesSecret:
        with invocation.meanwhile("Nothing was changed."):
            key = None
            if lost:
                await notes_secret.require_lost(messenger, secret_file, asks=not yes)
                if not yes:
                    await _confirm_loss(messenger)
            elif await messenger.has_notes_secret():
                key = await notes_secret.opened(messenger, secret_file)
            chosen = await notes_secret.chosen(messenger, new_secret_file)
        return await _set(messenger, key, chosen, lost=lost)

    answer = invocation.unlocked(done)
    gone = f"Erased: {wording.counted(answer.erased, 'note', 'notes')}. " if lost else ""
    human = f"{gone}From now on the new secret opens your process notes. {_ONLY}"
    if answer.damaged:
        human += f" {_DAMAGED} ({answer.damaged})."
    output.answer(invocation, answer, human)


async def _confirm_loss(messenger: Messenger) -> None:
    output.remark(_LOSES)
    async with typed_text.asking(messenger):
        questions.confirm("Erase them?")


async def _set(
    messenger: Messenger, key: OpenedKey | None, chosen: str, *, lost: bool
) -> NotesSecret:
    from e2etherapy.cli.custody_answers import NotesSecret

    if lost:
        erased = await messenger.start_notes_anew(chosen)
        return NotesSecret(done="anew", erased=erased, damaged=0)
    if key is not None:
        damaged = await messenger.change_notes_secret(key, chosen)
        return NotesSecret(done="changed", erased=0, damaged=damaged)
    await messenger.choose_notes_secret(chosen)
    return NotesSecret(done="chosen", erased=0, damaged=0)


def _answer(view: NoteView) -> Note:
    from e2etherapy.cli.custody_answers import Note

    return Note(
        name=view.name,
        number=view.number,
        written=view.written,
        text=view.text,
        damaged=view.damaged,
    )
