"""Running a relay, and granting the right to use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output
from e2etherapy.cli.exit_codes import DiskFull
from e2etherapy.cli.invocation import Invocation, json_option
from e2etherapy.cli.saving import new_file

if TYPE_CHECKING:
    from e2etherapy.cli.relay_answers import Copied
    from e2etherapy.relay.database_place import DatabasePlace

_VARIABLE = "E2ETHERAPY_RELAY_DATABASE"


def _place(_context: click.Context, _option: click.Parameter, value: str) -> DatabasePlace:
    """Read a database's place; one that holds a password is refused without being repeated."""
    from e2etherapy.errors import RelayDatabaseUnusable
    from e2etherapy.relay.database_place import parse_database

    try:
        return parse_database(value)
    except RelayDatabaseUnusable as error:
        raise click.BadParameter(str(error)) from None


def _file(context: click.Context, option: click.Parameter, value: str) -> Path:
    """Read the path of an SQLite file, for what PostgreSQL has its own tools for."""
    place = _place(context, option, value)
    if isinstance(place, Path):
        return place
    raise click.BadParameter(
        "This command is for SQLite files; PostgreSQL has its own tools (docs/postgres.md)."
    )


FILE = click.option(
    "--database",
    callback=_file,
    required=True,
    envvar=_VARIABLE,
    metavar="FILE",
    help="The relay's SQLite file.",
)
DATABASE = click.option(
    "--database",
    callback=_place,
    required=True,
    envvar=_VARIABLE,
    metavar="FILE|URL",
    help="The relay's SQLite file, or postgresql://USER@HOST/DATABASE.",
)


@click.group()
def relay() -> None:
    """Run a relay for sealed envelopes."""


@relay.command(
    epilog="\b\nExample:\n"
    "  e2etherapy relay allow --database relay.db --mailboxes 100 --output allowance.txt"
)
@DATABASE
@click.option(
    "--mailboxes", type=click.IntRange(min=1), required=True, help="Each client takes two."
)
@click.option(
    "--output",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it into this new file, which only you can read, instead of showing it.",
)
@json_option
@click.pass_obj
def allow(
    invocation: Invocation, database: DatabasePlace, mailboxes: int, file: Path | None
) -> None:
    """Grant a therapist a number of mailboxes.

    Prints an allowance, once: it is a secret. The relay may be running.
    """
    from e2etherapy.cli.relay_answers import Allowance
    from e2etherapy.cli.wording import counted

    _require_database(database)
    text = _granted(database, mailboxes) if file is None else None
    if file is not None:
        with new_file(file) as opened:
            opened.write(f"{_granted(database, mailboxes)}\n".encode())
    place = None if file is None else str(file)
    output.answer(
        invocation, Allowance(allowance=text, mailboxes=mailboxes, file=place), text or ""
    )
    if not invocation.json:
        where = "It is shown once" if file is None else f"It is in {file}, which only you can read"
        output.remark(
            f"This allowance pays for {counted(mailboxes, 'mailbox', 'mailboxes')}, two for each "
            f"client. {where}: hand it "
            "to the therapist in confidence, for 'e2etherapy init --allowance-file'."
        )


def _granted(database: DatabasePlace, mailboxes: int) -> str:
    from e2etherapy.cli import event_loop
    from e2etherapy.errors import RelayDatabaseUnusable
    from e2etherapy.primitives.randomness import system_entropy
    from e2etherapy.relay import store
    from e2etherapy.relay.allowances import allow as grant
    from e2etherapy.wire import base64url

    try:
        granted = event_loop.run(grant(database, mailboxes, system_entropy))
    except store.DiskFull:
        raise DiskFull("The disk has no room. Nothing was granted.") from None
    except store.StoreError as error:
        raise RelayDatabaseUnusable(f"{error} Nothing was granted; try again.") from None
    return base64url.encode(granted)


def _require_database(database: DatabasePlace) -> None:
    """Refuse an SQLite file that is not there: a mistyped path would become a second database."""
    from e2etherapy.errors import RelayDatabaseUnusable

    if isinstance(database, Path) and not database.exists():
        raise RelayDatabaseUnusable(
            f"There is no database {database}. Nothing was made or changed; check the path. "
            "A relay's first start makes its database ('e2etherapy relay serve')."
        )


@relay.command(
    epilog="\b\nExample:\n  e2etherapy relay migrate --database postgresql://relay@db.example/relay"
)
@DATABASE
@json_option
@click.pass_obj
def migrate(invocation: Invocation, database: DatabasePlace) -> None:
    """Bring a relay's database to this version.

    Relays of the version before may run meanwhile. An SQLite file is brought forward by 'serve'
    too; several relays on one PostgreSQL database must not each decide that by themselves.
    """
    from e2etherapy.cli import event_loop
    from e2etherapy.cli.relay_answers import Migrated
    from e2etherapy.relay.database import migrate as bring_forward

    _require_database(database)
    version = event_loop.run(bring_forward(database))
    output.answer(invocation, Migrated(version=version), f"The database has version {version}.")


def _counts(copied: Copied) -> list[str]:
    from e2etherapy.cli.wording import counted

    return [
        counted(getattr(copied, many), one, many)
        for many, one in {
            "allowances": "allowance",
            "tickets": "ticket",
            "mailboxes": "mailbox",
            "envelopes": "envelope",
            "invitations": "invitation",
        }.items()
    ]


@relay.command(
    epilog="\b\nExample:\n"
    "  e2etherapy relay copy --from relay.db --to postgresql://relay@db.example/relay"
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The relay's SQLite file. A relay may be running on it.",
)
@click.option(
    "--to",
    "target",
    callback=_place,
    required=True,
    metavar="URL",
    help="An empty PostgreSQL database.",
)
@json_option
@click.pass_obj
def copy(invocation: Invocation, source: Path, target: DatabasePlace) -> None:
    """Move a relay from an SQLite file into PostgreSQL.

    From the first moment on the relay on the file answers 503 to whatever would change something,
    and clients try again. At the end the file is closed for good: stop the old relay and start one
    on the new database, under the same address. If the copy fails, the file is as it was. If it
    was interrupted after the file was closed, the same command finishes it.
    """
    from e2etherapy.cli import event_loop
    from e2etherapy.cli.relay_answers import Copied
    from e2etherapy.relay.database import copy_into
    from e2etherapy.relay.database_place import PostgresDatabase

    if not isinstance(target, PostgresDatabase):
        raise click.UsageError("--to is the URL of a PostgreSQL database.")
    _require_database(source)
    copied = event_loop.run(copy_into(source, target))
    answer = Copied(
        allowances=copied.allowances,
        tickets=copied.tickets,
        mailboxes=copied.mailboxes,
        envelopes=copied.envelopes,
        invitations=copied.invitations,
    )
    counts = ", ".join(_counts(answer))
    output.answer(invocation, answer, f"Copied and compared: {counts}.")
    if not invocation.json:
        output.remark(
            "The file is closed: no relay changes or serves it again. Start the relay on the new "
            "database now."
        )
