"""Looking after a relay: backup, restore, counts, and whether everything is as it should be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.invocation import Invocation, json_option
from e2etherapy.cli.relay import DATABASE, FILE
from e2etherapy.cli.serving import settings_options
from e2etherapy.cli.wording import counted
from e2etherapy.cli.wrapping import terminal_width

if TYPE_CHECKING:
    from e2etherapy.cli.relay_answers import Statistics
    from e2etherapy.relay import restoring
    from e2etherapy.relay.database_place import DatabasePlace

_NEW_FILE = click.Path(path_type=Path, dir_okay=False)
_LOST = "What devices have sent since that backup is lost; they say so to their owners."


@click.command(
    epilog="\b\nExample:\n"
    "  e2etherapy relay backup --database relay.db --to /var/backups/e2etherapy/relay-2026-01-31.db"
)
@FILE
@click.option("--to", "target", type=_NEW_FILE, required=True, metavar="FILE", help="A new file.")
@json_option
@click.pass_obj
def backup(invocation: Invocation, database: Path, target: Path) -> None:
    """Copy a relay's database; the relay may be running.

    The file gets its name when it is complete, verified and on the disk. It holds what the
    database holds: keep it as long as needed and no longer, and where nobody else reads it.
    """
    from e2etherapy.cli.relay_answers import BackedUp
    from e2etherapy.relay.sqlite.backup import back_up

    size = back_up(database, target)
    answer = BackedUp(file=str(target), bytes=size)
    output.answer(invocation, answer, f"{target}: {counted(size, 'byte', 'bytes')}, verified.")


@click.command(
    epilog="\b\nExample:\n  e2etherapy relay restore --from relay-2026-01-31.db --database relay.db"
)
@click.option(
    "--from", "source", type=_NEW_FILE, required=True, metavar="FILE", help="A relay's backup."
)
@FILE
@json_option
@click.pass_obj
def restore(invocation: Invocation, source: Path, database: Path) -> None:
    """Bring a backup back as a relay's database.

    Nothing is overwritten. Every mailbox goes on at a position that no device has seen, so that
    none misses what comes next; invitations that nobody had claimed are deleted.
    """
    from e2etherapy.relay.sqlite.backup import restore as bring_back

    _tell(invocation, bring_back(source, database, _this_minute()))


@click.command(epilog="\b\nExample:\n  e2etherapy relay restored --database relay.db")
@DATABASE
@json_option
@click.pass_obj
def restored(invocation: Invocation, database: DatabasePlace) -> None:
    """Say that a database was brought back by other means.

    For a file, a disk or a PostgreSQL database that was restored by something else than 'relay
    restore', before a relay is started on it.
    """
    from e2etherapy.cli import event_loop
    from e2etherapy.relay.database import mark_restored

    _tell(invocation, event_loop.run(mark_restored(database, _this_minute())))


def _tell(invocation: Invocation, found: restoring.Restored) -> None:
    from e2etherapy.cli.relay_answers import Restored

    answer = Restored(
        mailboxes=found.mailboxes,
        envelopes=found.envelopes,
        invitations_deleted=found.invitations_deleted,
    )
    mailboxes = counted(found.mailboxes, "mailbox", "mailboxes")
    envelopes = counted(found.envelopes, "waiting envelope", "waiting envelopes")
    deleted = counted(found.invitations_deleted, "unclaimed invitation", "unclaimed invitations")
    output.answer(invocation, answer, f"{mailboxes}, {envelopes}; {deleted} deleted.")
    if not invocation.json:
        output.remark(_LOST)


def _this_minute() -> int:
    import time

    return int(time.time() // 60)


@click.command(epilog="\b\nExample:\n  e2etherapy relay stats --database relay.db")
@DATABASE
@json_option
@click.pass_obj
def stats(invocation: Invocation, database: DatabasePlace) -> None:
    """Count what a relay keeps, without naming any of it."""
    from e2etherapy.cli import event_loop
    from e2etherapy.cli.relay_answers import Bucket, Statistics
    from e2etherapy.relay.database import statistics
    from e2etherapy.relay.statistics import BUCKETS

    found = event_loop.run(statistics(database))
    buckets = [
        Bucket(at_most=bound, mailboxes=count)
        for bound, count in zip(BUCKETS, found.waiting, strict=True)
    ]
    answer = Statistics(
        mailboxes=found.mailboxes,
        envelopes=found.envelopes,
        bytes=found.bytes,
        invitations=found.invitations,
        tickets=found.tickets,
        allowances=found.allowances,
        waiting=buckets,
    )
    output.answer(invocation, answer, _table(answer))


def _table(found: Statistics) -> str:
    lines = [
        f"mailboxes    {found.mailboxes:>14,}",
        *(f"  up to {one.at_most:>5,} {one.mailboxes:>12,}" for one in found.waiting),
        f"envelopes    {found.envelopes:>14,}",
        f"bytes        {found.bytes:>14,}",
        f"invitations  {found.invitations:>14,}",
        f"tickets      {found.tickets:>14,}",
        f"allowances   {len(found.allowances):>14,}",
        *(f"  left       {left:>14,}" for left in found.allowances),
    ]
    return "\n".join(lines)


@click.command(epilog="\b\nExample:\n  e2etherapy relay doctor --config /etc/e2etherapy/relay.toml")
@settings_options
@json_option
@click.pass_obj
def doctor(invocation: Invocation, /, config: Path | None, **flags: Any) -> None:  # noqa: ANN401
    """Check all that a relay depends on; it may be running.

    Run it as the relay's own user: it says what that user may read and write.
    """
    from e2etherapy.cli import relay_examination
    from e2etherapy.cli.exit_codes import Findings

    found = relay_examination.examine(config, flags)
    output.answer(invocation, found, wording.checks(found.checks, terminal_width()))
    if not found.healthy:
        wrong = [check.name for check in found.checks if not check.ok]
        raise Findings(f"To put right: {', '.join(wrong)}. See above for what to do.")
