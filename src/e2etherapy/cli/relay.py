"""Running a relay, and granting the right to use it."""

from __future__ import annotations

from pathlib import Path

import click

from e2etherapy.cli import output
from e2etherapy.cli.exit_codes import DiskFull
from e2etherapy.cli.invocation import Invocation, json_option

DATABASE = click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    envvar="E2ETHERAPY_RELAY_DATABASE",
    metavar="FILE",
    help="The relay's SQLite file; made when it is missing.",
)


@click.group()
def relay() -> None:
    """Run a relay for sealed envelopes."""


@relay.command(epilog="\b\nExample:\n  e2etherapy relay allow --database relay.db --mailboxes 100")
@DATABASE
@click.option(
    "--mailboxes", type=click.IntRange(min=1), required=True, help="Each client takes two."
)
@json_option
@click.pass_obj
def allow(invocation: Invocation, database: Path, mailboxes: int) -> None:
    """Grant a therapist a number of mailboxes.

    Prints an allowance, once: it is a secret. The relay may be running.
    """
    from e2etherapy.cli.answers import Allowance
    from e2etherapy.errors import RelayDatabaseUnusable
    from e2etherapy.primitives.randomness import system_entropy
    from e2etherapy.relay import store
    from e2etherapy.relay.allowances import allow as grant
    from e2etherapy.wire import base64url

    try:
        allowance = grant(database, mailboxes, system_entropy)
    except store.DiskFull:
        raise DiskFull("The disk has no room. Nothing was granted.") from None
    except store.StoreError as error:
        raise RelayDatabaseUnusable(f"{error} Nothing was granted; try again.") from None
    text = base64url.encode(allowance)
    output.answer(invocation, Allowance(allowance=text, mailboxes=mailboxes), text)
    if not invocation.json:
        output.remark(
            f"This allowance pays for {mailboxes} mailboxes, two for each client. It is shown "
            "once: hand it to the therapist in confidence, for 'e2etherapy init --allowance-file'."
        )
