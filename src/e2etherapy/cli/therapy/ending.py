"""The end of a therapy: a letter from either side, or leaving without one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, questions, typed_text
from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.output import moment
from e2etherapy.cli.suggestion import told
from e2etherapy.cli.wrapping import terminal_width, wrapped

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.ending_answers import Left
    from e2etherapy.messenger.care.ending import EndingView
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import SendReport
    from e2etherapy.therapy.care.endings import Ended

_INDENT = "  "
_LAST = (
    "This ends the therapy: neither of you can write after this letter, and it cannot be taken "
    "back. The record stays with both of you."
)
_CLOSES = (
    "The therapy has ended. The mailbox is closed with a later sync ('e2etherapy sync'), once "
    "everything that waits for you is fetched."
)
_AGAIN = (
    "It came just now, and the therapy was not ended. Nothing was sent. Read it; the same command "
    "once more ends the therapy."
)
_UNREAD = (
    "What {name} wrote and this device has not fetched is deleted unread; 'e2etherapy sync' "
    "fetches it. Nothing is sent, and nobody is told."
)


@click.group()
def ending() -> None:
    """End a therapy: with a letter, or by leaving."""


@ending.command(
    epilog="""\b
Examples:
  e2etherapy ending write Robin
  e2etherapy ending write "Dr. Okafor" --yes - < letter.txt"""
)
@click.argument("name")
@click.argument("text", required=False)
@click.option("--yes", is_flag=True, help="End it without asking.")
@click.option(
    "--anyway",
    is_flag=True,
    help="A therapist's letter is meant, whatever points to another client.",
)
@vault_options
@click.pass_obj
def write(invocation: Invocation, name: str, text: str | None, yes: bool, anyway: bool) -> None:
    """End the therapy with NAME by a letter.

    TEXT may be - for standard input; without it, a pipe is read or you are asked. Nothing can be
    written after it, by either of you. Both keep the record.

    What waits at the relay is fetched first. If NAME has written, you are told before anything is
    sent, and --yes ends nothing until the command is given once more.
    """
    from e2etherapy.cli.therapy import doubt, said

    invocation.if_stopped = "Nothing was sent."
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, ending needs --yes. Nothing was sent.")
    given = typed_text.piped(text)

    async def ended(messenger: Messenger) -> SendReport:
        await _require_endable_now(invocation, messenger, name, yes=yes)
        letter = given
        if letter is None:
            letter = await _typed(invocation, messenger, name)
        kept = "it is offered again." if given is None else "the letter is not kept."
        with invocation.meanwhile(f"Nothing was sent; {kept}"):
            if not anyway:
                await doubt.require_meant(invocation, messenger, name, letter)
            if not yes:
                await _confirm(messenger, letter, _LAST, "End the therapy with this letter?")
        return await messenger.end_therapy(name, letter)

    said.send(invocation, name, ended, told(_CLOSES))


async def _require_endable_now(
    invocation: Invocation, messenger: Messenger, name: str, *, yes: bool
) -> None:
    """Have what the other side wrote last here before the letter is written."""
    from e2etherapy.cli.therapy import last_look

    await messenger.require_endable(name)
    with invocation.meanwhile("Nothing was sent."):
        look = await last_look.taken(invocation, messenger, name)
    await messenger.require_endable(name)
    if yes:
        look.require_nothing_arrived(_AGAIN)


async def _typed(invocation: Invocation, messenger: Messenger, name: str) -> str:
    from e2etherapy.cli.typing_desk import OpenDrawer, Typing, typed
    from e2etherapy.messenger.autosaving import Typed

    heading = f"Your letter to {inert_line(name)}."
    typing = Typing(heading, OpenDrawer(messenger, Typed.LETTER, name), "Nothing was sent.")
    return await typed(invocation, messenger, typing)


@ending.command(epilog='\b\nExample:\n  e2etherapy ending leave "Dr. Okafor"')
@click.argument("name")
@click.option("--yes", is_flag=True, help="Leave without asking.")
@vault_options
@click.pass_obj
def leave(invocation: Invocation, name: str, yes: bool) -> None:
    """Leave NAME at once and without a letter.

    A client always may; a therapist where no letter can be sent. What was not fetched so far is
    deleted at the relay, and the record stays here.
    """
    from e2etherapy.cli.therapy.ending_answers import Left

    invocation.if_stopped = "Nothing was changed."
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, leaving needs --yes. Nothing was changed.")

    async def left(messenger: Messenger) -> Left:
        with invocation.meanwhile("Nothing was changed."):
            called = await messenger.require_leavable(name)
            if not yes:
                words = told(_UNREAD.format(name=called))
                await _confirm(messenger, words, "", f"Leave {inert_line(called)}?")
        lost = await messenger.leave(called)
        later = sum(one.name == called for one in await messenger.delayed())
        return Left(name=called, undelivered=lost, delayed=later)

    answer = invocation.unlocked(left)
    output.answer(invocation, answer, left_told(answer))


def left_told(answer: Left) -> str:
    """Return what a person is told who has left."""
    human = f"You have left {inert_line(answer.name)}. The record stays on this device."
    if answer.undelivered:
        human += f" Messages that never left this device: {answer.undelivered}."
    if answer.delayed:
        human += told(
            f" Messages that were to go out later, and never do: {answer.delayed} ('e2etherapy "
            "later list')."
        )
    return human


@ending.command(epilog="\b\nExample:\n  e2etherapy ending show Robin")
@click.argument("name")
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str) -> None:
    """Show how it ended with NAME, or that it has not."""
    from e2etherapy.cli.therapy.ending_answers import Ending, Letter

    view = invocation.unlocked(lambda messenger: messenger.ending(name))
    letters = [
        Letter(by=one.author.value, written=one.when, letter=one.letter) for one in view.letters
    ]
    answer = Ending(name=view.name, ended=view.ended, closed=view.closed, letters=letters)
    output.answer(invocation, answer, _shown(view))


def _shown(view: EndingView) -> str:
    name = inert_line(view.name)
    if not view.ended:
        return f"The therapy with {name} goes on."
    shown = [_letter(one) for one in view.letters] or ["It ended without a letter."]
    closed = (
        "The mailbox is closed: nothing can be sent or arrive any more."
        if view.closed
        else told("The mailbox is closed with a later sync ('e2etherapy sync').")
    )
    return "\n\n".join([*shown, closed])


def _letter(one: Ended) -> str:
    who = f"The {one.author.value} ended the therapy, {moment(one.when)}:"
    words = wrapped(inert(one.letter), terminal_width(), _INDENT)
    return "\n".join([who, *words])


async def _confirm(messenger: Messenger, words: str, before: str, question: str) -> None:
    output.shown("\n\n".join(part for part in (inert(words), before) if part))
    async with typed_text.asking(messenger):
        questions.confirm(f"\n{question}")
