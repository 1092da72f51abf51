"""Two people finding each other: inviting, joining, and comparing the six words."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import outcome as outcomes
from e2etherapy.cli import output, pasted_link, qr_code, questions, typed_text
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.suggestion import told
from e2etherapy.cli.wrapping import terminal_width, wrapped
from e2etherapy.errors import InvalidLink

if TYPE_CHECKING:
    from e2etherapy.cli.answers import SafetyPhrase
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import InvitationView, JoinedView


@click.command(epilog='\b\nExample:\n  e2etherapy invite "Robin"')
@click.argument("name")
@click.option("--days", type=int, default=14, show_default=True, help="1 to 30.")
@click.option("--new", is_flag=True, help="Withdraw the one that nobody has used; make another.")
@vault_options
@click.pass_obj
def invite(invocation: Invocation, name: str, days: int, new: bool) -> None:
    """Make an invitation for one client.

    Prints a link, and at a terminal its QR code.
    The link works once. Asking again with the same name shows it again until it is used.
    """
    from e2etherapy.cli.answers import Invitation

    async def prepare(messenger: Messenger) -> InvitationView:
        invocation.if_stopped = "If the invitation was begun, the same command goes on with it."
        return await messenger.invite(name, days, anew=new)

    made = invocation.unlocked(prepare)
    answer = Invitation(
        name=made.name,
        link=made.link,
        expires=made.expires,
        lost=made.lost,
        again=made.again,
        replaced=made.replaced,
    )
    output.answer(invocation, answer, made.link)
    if not invocation.json:
        _tell_of(made)


def _tell_of(made: InvitationView) -> None:
    """Say which invitation it is, and what to do with its link."""
    if made.lost:
        output.remark(
            "The relay does not know the invitation from before any more, and its link opens "
            "nothing. This is another one."
        )
    if made.replaced:
        output.remark("The link from before opens nothing any more. This is another one.")
    if made.again:
        output.remark("This is the invitation from before, which nobody has used yet.")
    if sys.stdout.isatty():
        click.echo(qr_code.for_terminal(made.link))
    output.remark(
        f"Hand this link to {inert_line(made.name)} alone, in person or by a way that you trust: "
        f"whoever uses it first is in the conversation. It works once, until {made.expires}. "
        "Then compare the six words by voice: "
        f"e2etherapy verify {shlex.quote(inert_line(made.name))}"
    )


@click.command(epilog="\b\nExamples:\n  e2etherapy join -\n  e2etherapy join - < link.txt")
@click.argument("link")
@click.option("--as", "name", metavar="NAME", help="What to call your therapist here.")
@vault_options
@click.pass_obj
def join(invocation: Invocation, link: str, name: str | None) -> None:
    """Use an invitation from your therapist.

    The link is a secret, and other users of this machine may see a command's arguments: give -
    and paste the link when asked, or send it to standard input.
    """
    from e2etherapy.cli.answers import Joined

    at_terminal = link == typed_text.STANDARD_INPUT and sys.stdin.isatty()
    given = None if at_terminal else pasted_link.whole(typed_text.secret(link, None, "") or "")

    async def join_with_it(messenger: Messenger) -> tuple[JoinedView, bool]:
        whole = given or await _asked_for_link(invocation, messenger)
        invocation.if_stopped = "The same link goes on with it, on this device."
        made = await messenger.join(whole, name)
        listed = await messenger.conversations()
        return made, any(view.waiting for view in listed if view.name == made.name)

    joined, waits = invocation.unlocked(join_with_it)
    shown = inert_line(joined.name)
    answer = Joined(name=joined.name, credential=joined.credential)
    output.answer(invocation, answer, told(_not_compared_yet(shown)))
    if waits and not invocation.json:
        output.remark(
            f"The relay has not taken all of it yet: {shown} learns that you are there with your "
            "next 'e2etherapy sync'."
        )


async def _asked_for_link(invocation: Invocation, messenger: Messenger) -> str:
    """Let a person paste a link until it is whole; of a therapist none is asked."""
    from e2etherapy.wire.role import Role

    if messenger.role is not Role.CLIENT:
        return ""
    with invocation.meanwhile("Nothing was changed."):
        async with typed_text.asking(messenger):
            while True:
                try:
                    return pasted_link.whole(pasted_link.asked())
                except InvalidLink as mangled:
                    output.remark(f"{mangled} Paste it once more; Ctrl-C ends.")


def _not_compared_yet(name: str) -> str:
    return (
        f"You are in a conversation with {name}. Only your device and the one that made the "
        "invitation can open it. Until you have compared the six words, you cannot be sure that "
        f"this is {name}'s. Compare them by voice: e2etherapy verify {shlex.quote(name)}"
    )


@click.command(
    epilog="""\b
Examples:
  e2etherapy verify "Dr. Okafor"
  e2etherapy verify "Dr. Okafor" --outcome same"""
)
@click.argument("name")
@click.option(
    "--outcome",
    type=outcomes.NAMED,
    metavar="[same|different]",
    help="What came of comparing them; without it, a terminal asks.",
)
@vault_options
@click.pass_obj
def verify(invocation: Invocation, name: str, outcome: str | None) -> None:
    """Compare the six words of a conversation.

    Shows them, and records whether both sides have the same. Read them to each other by voice
    or in person, never in the conversation itself.
    """
    phrase = invocation.unlocked(lambda messenger: _compare(messenger, invocation, name, outcome))
    output.answer(invocation, phrase, _consequence(phrase))


async def _compare(
    messenger: Messenger, invocation: Invocation, name: str, outcome: str | None
) -> SafetyPhrase:
    from e2etherapy.cli.answers import SafetyPhrase
    from e2etherapy.messenger import reading

    words = await messenger.safety_phrase(name)
    called = (await reading.standing(messenger.device.vault, name)).name
    if not invocation.json:
        click.echo("\n".join(wrapped("  ".join(words), terminal_width(), "  ")))
    if outcome is None and not invocation.json and sys.stdin.isatty():
        with invocation.meanwhile("Nothing was recorded."):
            async with typed_text.asking(messenger):
                outcome = _asked(called)
    if outcome is not None:
        recorded = outcomes.RECORDED.get(outcome, outcome)
        await messenger.record_verification(name, matched=recorded == "matched")
    standing = await reading.standing(messenger.device.vault, name)
    return SafetyPhrase(
        name=standing.name, words=list(words), verification=standing.verification.value
    )


def _asked(name: str) -> str | None:
    output.remark(f"Did {inert_line(name)} read you the same six words?")
    choice = questions.choose("Your answer", outcomes.ASKED, outcomes.LATER)
    return None if choice == outcomes.LATER else choice


def _consequence(phrase: SafetyPhrase) -> str:
    name = inert_line(phrase.name)
    return {
        "matched": (
            f"You compared the six words with {name}: they were the same. Only your and {name}'s "
            "devices can open what you write to each other."
        ),
        "differed": (
            f"The six words were different: this may not be {name}. Nothing more is sent until "
            "they are compared again and agree. What was sent before may have been read by "
            f"somebody else; tell {name} by another way."
        ),
        "unverified": f"Not recorded yet whether {name} has the same six words.",
    }[phrase.verification]
