"""Two people finding each other: inviting, joining, and comparing the six words."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, typed_text
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.cli.answers import SafetyPhrase
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import JoinedView


@click.command(epilog='\b\nExample:\n  e2etherapy invite "Robin"')
@click.argument("name")
@click.option("--days", type=int, default=14, show_default=True, help="1 to 30.")
@vault_options
@click.pass_obj
def invite(invocation: Invocation, name: str, days: int) -> None:
    """Make an invitation for one client.

    Prints a link, and at a terminal its QR code.
    The link works once. Asking again with the same name shows it again until it is used.
    """
    from e2etherapy.cli.answers import Invitation

    made = invocation.unlocked(lambda messenger: messenger.invite(name, days))
    invitation = Invitation(name=made.name, link=made.link, expires=made.expires)
    output.answer(invocation, invitation, made.link)
    if invocation.json:
        return
    if sys.stdout.isatty():
        click.echo(_qr_code(made.link))
    output.remark(
        f"Hand this link to {inert_line(made.name)} alone, in person or by a way that you trust: "
        f"whoever uses it first is in the conversation. It works once, until {made.expires}. "
        "Then compare the six words by voice: "
        f"e2etherapy verify {shlex.quote(inert_line(made.name))}"
    )


def _qr_code(link: str) -> str:
    import io

    import segno

    drawn = io.StringIO()
    segno.make_qr(link).terminal(out=drawn, compact=True)
    return drawn.getvalue()


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
    from e2etherapy.wire.invitation import InvitationLink

    given = (typed_text.secret(link, None, "Invitation link") or "").strip()
    InvitationLink.parse(given)

    async def join_with_it(messenger: Messenger) -> tuple[JoinedView, bool]:
        made = await messenger.join(given, name)
        listed = await messenger.conversations()
        return made, any(view.waiting for view in listed if view.name == made.name)

    joined, waits = invocation.unlocked(join_with_it)
    shown = inert_line(joined.name)
    output.answer(
        invocation,
        Joined(name=joined.name, credential=joined.credential),
        f"You are in a conversation with {shown}. Only your and {shown}'s devices can open it. "
        f"Compare the six words by voice: e2etherapy verify {shlex.quote(shown)}",
    )
    if waits and not invocation.json:
        output.remark(
            f"The relay has not taken all of it yet: {shown} learns that you are there with your "
            "next 'e2etherapy sync'."
        )


@click.command(epilog='\b\nExample:\n  e2etherapy verify "Dr. Okafor" --outcome matched')
@click.argument("name")
@click.option(
    "--outcome",
    type=click.Choice(["matched", "differed"]),
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

    words = await messenger.safety_phrase(name)
    if not invocation.json:
        click.echo("  " + "  ".join(words))
    if outcome is None and not invocation.json and sys.stdin.isatty():
        async with typed_text.asking(messenger):
            outcome = _asked(name)
    if outcome is not None:
        await messenger.record_verification(name, matched=outcome == "matched")
    standing = {view.name: view.verification for view in await messenger.conversations()}
    verification = next(
        value for known, value in standing.items() if known.casefold() == name.casefold()
    )
    return SafetyPhrase(name=name, words=list(words), verification=verification.value)


def _asked(name: str) -> str | None:
    choice = click.prompt(
        f"Did {inert_line(name)} read you the same six words?",
        type=click.Choice(["same", "different", "later"]),
        default="later",
        err=True,
    )
    return {"same": "matched", "different": "differed"}.get(choice)


def _consequence(phrase: SafetyPhrase) -> str:
    name = inert_line(phrase.name)
    return {
        "matched": f"You compared the six words with {name}: they were the same.",
        "differed": (
            f"The six words were different: this may not be {name}. Nothing more is sent until "
            "they are compared again and agree. What was sent before may have been read by "
            f"somebody else; tell {name} by another way."
        ),
        "unverified": f"Not recorded yet whether {name} has the same six words.",
    }[phrase.verification]
