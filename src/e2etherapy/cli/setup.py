"""Making a vault."""

from __future__ import annotations

import shutil
import signal
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import (
    new_passphrase,
    output,
    passphrase,
    recovery_words,
    relay_address,
    typed_text,
)
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.vault.vault import Place


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
    invocation.if_stopped = "No vault was made."
    secret = typed_text.secret(allowance, allowance_file, "Allowance")
    wanted = _checked(_Wanted(role, relay, name, secret))
    place = invocation.place()
    _require_no_vault(place)
    wanted = _asked_whether_it_answers(invocation, wanted)
    chosen = new_passphrase.choose(passphrase.named_file(invocation.passphrase_file))
    words: list[str] = []
    try:
        _make(place, wanted, chosen, words)
        _hand_over(invocation, wanted, words, proof=not no_proof)
    except BaseException:
        if words:
            _take_back(place)
            invocation.if_stopped = None
        raise
    invocation.if_stopped = "The vault was made before that."
    output.remark(f"Your vault is ready in {place.folder}.")
    if not invocation.json:
        output.remark(_next_step(wanted))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a vault begins with; `relay` is what was typed until it was checked.

    Attributes:
        problem: why the relay did not answer; None if it did.
    """

    role: str
    relay: str
    name: str | None
    allowance: str | None = field(repr=False)
    problem: str | None = None


def _checked(wanted: _Wanted) -> _Wanted:
    """Refuse what cannot be used before anyone chooses a passphrase.

    Raises:
        InvalidLink, MessengerError: relay, name or allowance are not usable.
    """
    from e2etherapy.messenger import settings

    url = relay_address.typed(wanted.relay)
    settings.check(url, wanted.name, wanted.allowance)
    return replace(wanted, relay=url)


def _asked_whether_it_answers(invocation: Invocation, wanted: _Wanted) -> _Wanted:
    """Say at once that no relay answers; a mistyped address would be noticed days later."""
    problem = relay_address.problem(wanted.relay)
    if problem is not None:
        relay_address.go_on_without(problem, asking=not invocation.json)
    return replace(wanted, problem=problem)


def _make(place: Place, wanted: _Wanted, chosen: str, words: list[str]) -> None:
    """Make the vault; its recovery words are in `words` from the moment at which it is one."""
    from e2etherapy.cli import event_loop
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.wire.role import Role

    async def made() -> None:
        messenger, phrase = await Messenger.create(
            place,
            Role(wanted.role),
            chosen,
            wanted.relay,
            name=wanted.name,
            allowance=wanted.allowance,
        )
        async with messenger:
            words.extend(phrase.split())

    event_loop.run(made())


def _hand_over(invocation: Invocation, wanted: _Wanted, words: list[str], *, proof: bool) -> None:
    """Show the words this once; at a terminal ask for three of them."""
    from e2etherapy.cli.answers import Made

    made = Made(
        role="therapist" if wanted.role == "therapist" else "client",
        home=str(invocation.place().folder),
        relay=wanted.relay,
        recovery_words=words,
        problem=wanted.problem,
    )
    width = shutil.get_terminal_size().columns
    output.answer(invocation, made, recovery_words.table(words, width))
    if invocation.json:
        return
    output.remark(recovery_words.ON_PAPER)
    if proof and sys.stdin.isatty() and sys.stdout.isatty():
        recovery_words.prove(words)


def _next_step(wanted: _Wanted) -> str:
    if wanted.role == "client":
        return "Next, with the link from your therapist: e2etherapy join -"
    if wanted.allowance is None:
        return (
            "Next, with the allowance from the relay's operator: "
            "e2etherapy settings allowance - < allowance.txt"
        )
    return "Next: e2etherapy invite NAME"


def _take_back(place: Place) -> None:
    """Leave nothing of a vault whose words nobody may have."""
    from e2etherapy.vault.discarding import discard

    for impatience in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(impatience, signal.SIG_IGN)
    discard(place)
    output.remark(
        f"Stopped before it was sure that the words are on paper. The vault in {place.folder} was "
        "taken back and nothing is left of it; these words open nothing. Run the command again "
        "when you have paper and a pen: there will be other words."
    )


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
