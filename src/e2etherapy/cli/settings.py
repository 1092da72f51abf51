"""What a vault's owner can set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import new_passphrase, output, relay_address, typed_text, wording
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.suggestion import told
from e2etherapy.errors import E2ETherapyError, InvalidLink, MessengerError, RelayError

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger


@click.group()
@vault_options
def settings() -> None:
    """Change what you have set."""


@settings.command(epilog="\b\nExample:\n  e2etherapy settings allowance - < allowance.txt")
@click.argument("allowance", default="-")
@vault_options
@click.pass_obj
def allowance(invocation: Invocation, allowance: str) -> None:
    """Set the allowance that the operator granted.

    Without ALLOWANCE, or with -, it is asked for or read from standard input.
    """
    from e2etherapy.cli.answers import Setting
    from e2etherapy.messenger.settings import parse_allowance

    invocation.if_stopped = "Nothing was changed."
    given = typed_text.secret(allowance, None, "Allowance") or ""
    try:
        parse_allowance(given)
    except MessengerError as unusable:
        raise _nothing_changed(unusable) from None
    invocation.unlocked(lambda messenger: messenger.set_allowance(given))
    done = Setting(setting="allowance", enabled=True)
    output.answer(invocation, done, "The allowance is set.")


@settings.command("read-marks", epilog="\b\nExample:\n  e2etherapy settings read-marks on")
@click.argument("choice", type=click.Choice(["on", "off"]))
@vault_options
@click.pass_obj
def read_marks(invocation: Invocation, choice: str) -> None:
    """Say, or stop saying, what you have read.

    With on, the other side is told what you have read, and you see what they have read if they
    chose the same.
    """
    from e2etherapy.cli.answers import Setting

    enabled = choice == "on"
    invocation.unlocked(lambda messenger: messenger.set_read_marks(enabled=enabled))
    sentence = (
        "From now on the other side is told what you have read."
        if enabled
        else "From now on nobody is told what you have read."
    )
    output.answer(invocation, Setting(setting="read-marks", enabled=enabled), sentence)


@settings.command("relay", epilog="\b\nExample:\n  e2etherapy settings relay https://new.example")
@click.argument("url")
@click.option(
    "--instead-of",
    "before",
    metavar="URL",
    help="The address until now. [default: the one of 'init']",
)
@vault_options
@click.pass_obj
def relay(invocation: Invocation, url: str, before: str | None) -> None:
    """Say under which new address the same relay is reached.

    Conversations at the old address go with it. Mailboxes stay where they are: another relay is
    noticed and refused.
    """
    from e2etherapy.cli.answers import Setting

    async def move(messenger: Messenger) -> int:
        invocation.if_stopped = "'e2etherapy doctor' shows which address is set."
        return await _move(messenger, old, new)

    try:
        new = relay_address.typed(url)
        old = None if before is None else relay_address.typed(before)
        moved = invocation.unlocked(move)
    except (InvalidLink, RelayError) as error:
        # The relay is asked before anything is changed.
        raise _nothing_changed(error) from None
    with_it = wording.counted(moved, "conversation goes", "conversations go")
    output.answer(
        invocation,
        Setting(setting="relay", enabled=True),
        told(
            f"From now on the relay is {new}; {with_it} with it. The other person has to set the "
            "new address too, and an invitation that was not used is shown with it by 'e2etherapy "
            "invite'."
        ),
    )


def _nothing_changed(error: E2ETherapyError) -> E2ETherapyError:
    undone = "Nothing was changed."
    return error if undone in str(error) else type(error)(f"{error} {undone}")


async def _move(messenger: Messenger, old: str | None, new: str) -> int:
    from e2etherapy.messenger import relocating
    from e2etherapy.messenger.settings import Setting, text_setting

    present = await text_setting(messenger.device.vault, Setting.RELAY)
    return await relocating.move(messenger.device, old or present or new, new)


@settings.command(
    "passphrase",
    epilog="""\b
Examples:
  e2etherapy settings passphrase
  e2etherapy settings passphrase --recovery-words""",
)
@click.option(
    "--recovery-words",
    is_flag=True,
    help="The old one is lost: ask for the 24 words, or read them from standard input.",
)
@click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the new passphrase from the first line of this file.",
)
@vault_options
@click.pass_obj
def change_passphrase(
    invocation: Invocation, recovery_words: bool, new_passphrase_file: Path | None
) -> None:
    """Choose another passphrase.

    The recovery words stay the same.
    """
    from e2etherapy.cli.answers import Setting

    invocation.if_stopped = "Nothing was changed."
    words = typed_text.secret("-", None, "Recovery words") if recovery_words else None
    given = None if new_passphrase_file is None else new_passphrase.choose(new_passphrase_file)

    async def change(messenger: Messenger) -> None:
        with invocation.meanwhile("The passphrase is still the old one."):
            chosen = given or await _chosen(messenger)
        await messenger.require_not_notes_secret(chosen)
        messenger.change_passphrase(chosen)

    invocation.unlocked(change, words)
    output.answer(
        invocation,
        Setting(setting="passphrase", enabled=True),
        "From now on the new passphrase opens your vault.",
    )


async def _chosen(messenger: Messenger) -> str:
    async with typed_text.asking(messenger):
        return new_passphrase.choose(None)
