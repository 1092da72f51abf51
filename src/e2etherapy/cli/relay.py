"""Running a relay, and granting the right to use it."""

from __future__ import annotations

from pathlib import Path

import click

from e2etherapy.cli import output
from e2etherapy.cli.exit_codes import DiskFull
from e2etherapy.cli.invocation import Invocation, json_option

_DATABASE = click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The relay's SQLite file; made when it is missing.",
)


@click.group()
def relay() -> None:
    """Run a relay for sealed envelopes."""


@relay.command(
    epilog="\b\nExample:\n  e2etherapy relay serve --listen 127.0.0.1:8700 --database relay.db"
)
@click.option("--listen", required=True, metavar="HOST:PORT", help="Or unix:PATH. Port 0: any.")
@_DATABASE
@click.option("--tls-certificate", type=click.Path(path_type=Path), metavar="FILE", help="PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="PEM.")
@click.option("--behind-proxy", is_flag=True, help="A proxy in front of it does TLS.")
def serve(
    listen: str,
    database: Path,
    tls_certificate: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Prints one line of JSON with its URL when it can be reached; its log goes to standard error.
    """
    from e2etherapy.relay.listening import Certificate, parse_listen_address
    from e2etherapy.relay.server import Settings
    from e2etherapy.relay.server import serve as run

    if (tls_certificate is None) != (tls_key is None):
        raise click.UsageError("--tls-certificate and --tls-key belong together.")
    certificate = None
    if tls_certificate is not None and tls_key is not None:
        certificate = Certificate(tls_certificate, tls_key)
    run(Settings(parse_listen_address(listen), database, certificate, behind_proxy))


@relay.command(epilog="\b\nExample:\n  e2etherapy relay allow --database relay.db --mailboxes 100")
@_DATABASE
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
