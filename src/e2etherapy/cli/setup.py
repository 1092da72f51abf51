"""Making a vault, and what its owner can set."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, passphrase, typed_text
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.vault.vault import Place

_PROVEN_WORDS = 3


@click.command(
    epilog="""\b
Examples:
  e2etherapy init --role client --relay https://relay.example
  e2etherapy init --role therapist --relay https://relay.example \\
      --name "Dr. Okafor" --allowance-file allowance.txt"""
)
@click.option("--role", type=click.Choice(["therapist", "client"]), required=True)
@click.option("--relay", required=True, metavar="URL", help="Where sealed envelopes wait.")
@click.option("--name", metavar="NAME", help="How the other side sees you called.")
@click.option("--allowance", metavar="TEXT", help="A therapist's, from the relay's operator.")
@click.option(
    "--allowance-file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="The same from a file, or - for standard input: nobody sees it in a process list.",
)
@click.option("--no-proof", is_flag=True, help="Do not ask for three of the recovery words.")
@vault_options
@click.pass_obj
def init(
    invocation: Invocation,
    role: str,
    relay: str,
    name: str | None,
    allowance: str | None,
    allowance_file: Path | None,
    no_proof: bool,
) -> None:
    """Make a vault on this device.

    Prints 24 recovery words once: whoever has them can open the vault without the passphrase.
    """
    import asyncio

    from e2etherapy.cli.answers import Made
    from e2etherapy.messenger.relay_address import relay_url
    from e2etherapy.messenger.settings import checked_name, parse_allowance

    granted = typed_text.secret(allowance, allowance_file, "Allowance")
    url = relay_url(relay)
    if name is not None:
        checked_name(name)
    if granted is not None:
        parse_allowance(granted)
    place = invocation.place()
    _require_no_vault(place)
    chosen = passphrase.choose(passphrase.named_file(invocation.passphrase_file))
    words = asyncio.run(_make(place, role, chosen, (url, name, granted))).split()
    made = Made(
        role="therapist" if role == "therapist" else "client",
        home=str(place.folder),
        relay=url,
        recovery_words=words,
    )
    output.answer(invocation, made, _shown(words))
    if not invocation.json:
        output.remark(
            "\nWrite these 24 words on paper, with their numbers, and keep the paper safe. They "
            "open your vault if the passphrase is lost, and they are not shown again."
        )
    if not no_proof and not invocation.json and sys.stdin.isatty() and sys.stdout.isatty():
        _prove(words)
    output.remark(f"Your vault is ready in {place.folder}.")


async def _make(
    place: Place, role: str, chosen: str, settings: tuple[str, str | None, str | None]
) -> str:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.vault.records import Role

    relay, name, allowance = settings
    messenger, words = await Messenger.create(
        place, Role(role), chosen, relay, name=name, allowance=allowance
    )
    async with messenger:
        return words


def _require_no_vault(place: Place) -> None:
    """Say that there is a vault before anyone chooses a passphrase for another."""
    from e2etherapy.errors import VaultExists, VaultMissing
    from e2etherapy.vault import keyslots

    try:
        keyslots.read(place.folder)
    except VaultMissing:
        return
    raise VaultExists(
        f"There is already a vault in {place.folder}. Nothing was changed. "
        "Give another folder with --home."
    )


def _shown(words: list[str]) -> str:
    columns = 4
    cells = [f"{number:>2} {word:<10}" for number, word in enumerate(words, 1)]
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    return "\n".join("  ".join(row).rstrip() for row in rows)


def _prove(words: list[str]) -> None:
    from e2etherapy.primitives.randomness import system_entropy

    output.remark("\nTo be sure that they are on paper, three of them:")
    drawn = sorted(range(len(words)), key=lambda _: system_entropy(8))[:_PROVEN_WORDS]
    for index in sorted(drawn):
        while click.prompt(f"Word {index + 1}", err=True).strip().lower() != words[index]:
            output.remark("That is another word. Please look at your paper again.")


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

    given = typed_text.secret(allowance, None, "Allowance") or ""
    parse_allowance(given)
    invocation.unlocked(lambda messenger: messenger.set_allowance(given))
    done = Setting(setting="allowance", enabled=True)
    output.answer(invocation, done, "The allowance is set.")


@settings.command("read-marks")
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

    words = typed_text.secret("-", None, "Recovery words") if recovery_words else None

    async def change(messenger: Messenger) -> None:
        messenger.change_passphrase(passphrase.choose(new_passphrase_file))

    invocation.unlocked(change, words)
    output.answer(
        invocation,
        Setting(setting="passphrase", enabled=True),
        "From now on the new passphrase opens your vault.",
    )
