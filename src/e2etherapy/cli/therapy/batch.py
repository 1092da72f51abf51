"""Replies that are written first, looked through, and sent in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, typed_text, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.messenger.caseload.drafting import DraftView
    from e2etherapy.messenger.messenger import Messenger

_NONE = "There is no draft."


@click.group()
def batch() -> None:
    """Write replies, look through them, send them in one go."""


@batch.command(
    epilog="""\b
Examples:
  e2etherapy batch draft Robin "Thank you for telling me."
  e2etherapy batch draft Robin - < reply.txt
  e2etherapy batch draft Robin --template later --with day=Tuesday"""
)
@click.argument("name")
@click.argument("text", required=False)
@click.option("--template", metavar="NAME", help="Fill this template instead; see 'template'.")
@click.option(
    "--with",
    "words",
    multiple=True,
    metavar="HOLE=WORDS",
    help="Words for a placeholder; may be given again. {name} is filled by itself.",
)
@vault_options
@click.pass_obj
def draft(
    invocation: Invocation,
    name: str,
    text: str | None,
    template: str | None,
    words: tuple[str, ...],
) -> None:
    """Keep a reply to NAME without sending it yet.

    It takes the place of the one that is there. TEXT may be - for standard input; without it, a
    pipe is read or you are asked.
    """
    invocation.if_stopped = "Nothing was changed."
    filling = _words(words)
    if template is not None and text is not None:
        raise click.UsageError("Give a text or a template, not both. Nothing was changed.")
    if template is None and filling:
        raise click.UsageError("--with fills a --template. Nothing was changed.")
    given = None if template is not None else typed_text.piped(text)

    async def kept(messenger: Messenger) -> DraftView:
        if template is not None:
            return await messenger.draft_from(name, template, filling)
        written = await _written(invocation, messenger, name) if given is None else given
        return await messenger.draft(name, written)

    _show(invocation, invocation.unlocked(kept))


def _words(given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        hole, equals, words = one.partition("=")
        if not equals:
            raise click.UsageError(
                "--with takes a placeholder and its words, like day=Tuesday. Nothing was changed."
            )
        found[hole.strip()] = words
    return found


async def _written(invocation: Invocation, messenger: Messenger, name: str) -> str:
    from e2etherapy.cli.typing_desk import OpenDrawer, Typing, typed
    from e2etherapy.messenger.autosaving import Typed
    from e2etherapy.messenger.outbound.sending import require_ready
    from e2etherapy.messenger.reading import standing

    await require_ready(messenger.device, name)
    called = (await standing(messenger.device.vault, name)).name
    heading = f"Your draft for {inert_line(called)}."
    return await typed(
        invocation,
        messenger,
        Typing(heading, OpenDrawer(messenger, Typed.REPLY, called), "No draft was changed."),
    )


def _show(invocation: Invocation, view: DraftView) -> None:
    from e2etherapy.cli.therapy.answers import Draft

    answer = Draft(
        name=view.name, text=view.text, changed=view.changed, unfilled=list(view.unfilled)
    )
    length = wording.counted(len(view.text), "character", "characters")
    human = f"Kept as the draft for {inert_line(view.name)}: {length}. Nothing was sent."
    if view.unfilled:
        holes = ", ".join(f"{{{hole}}}" for hole in view.unfilled)
        human += f"\nIt cannot be sent in a batch before there are words for {holes}."
    output.answer(invocation, answer, human)


@batch.command(epilog="\b\nExample:\n  e2etherapy batch drop Robin")
@click.argument("name")
@vault_options
@click.pass_obj
def drop(invocation: Invocation, name: str) -> None:
    """Forget the draft for NAME."""
    from e2etherapy.cli.therapy.answers import Dropped

    called = invocation.unlocked(lambda messenger: messenger.drop_draft(name))
    human = f"The draft for {inert_line(called)} is gone."
    output.answer(invocation, Dropped(name=called), human)


@batch.command(epilog="\b\nExample:\n  e2etherapy batch review")
@vault_options
@click.pass_obj
def review(invocation: Invocation) -> None:
    """Show each draft as it will leave: flagged first, then due.

    Also what in a draft points to another client. Where nothing is found, a draft can still be on
    its way to the wrong person.
    """
    from e2etherapy.cli.therapy import batch_views

    reviewed = invocation.unlocked(lambda messenger: messenger.review_batch())
    human = batch_views.shown(reviewed) or _NONE
    output.answer(invocation, batch_views.answers(reviewed), human)


@batch.command(
    epilog="""\b
Examples:
  e2etherapy batch send
  e2etherapy batch send --within 1800
  e2etherapy batch send --yes-to Robin"""
)
@click.option(
    "--within",
    type=click.IntRange(0, 86_400),
    default=0,
    metavar="SECONDS",
    help="Spread the replies over this time by chance. [default: at once]",
)
@click.option(
    "--yes-to",
    multiple=True,
    metavar="NAME",
    help="This draft is meant, whatever points to another client.",
)
@vault_options
@click.pass_obj
def send(invocation: Invocation, within: int, yes_to: tuple[str, ...]) -> None:
    """Send all drafts, in the order of 'batch review'.

    A draft that points to another client is asked about; without a terminal nothing is sent then.

    What can't be delivered now is safe on this device and goes out with the next sync.
    """
    from e2etherapy.cli.therapy import batch_sending, batch_views

    invocation.if_stopped = "Nothing was sent."

    async def sent(messenger: Messenger) -> batch_sending.Outcome:
        reviewed = await batch_sending.agreed(invocation, messenger, yes_to)
        return await batch_sending.sent(invocation, messenger, reviewed, within)

    batch_views.show_sent(invocation, invocation.unlocked(sent), _NONE)
