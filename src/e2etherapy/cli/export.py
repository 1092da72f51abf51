"""Whole copies for a person: a client's own data, or the record of one client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.saving import new_file

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import ExportedBookView

_READ = (
    "It is not encrypted. To read it, unpack it and open index.html; ABOUT.txt in it says what it "
    "holds."
)


@click.group()
def export() -> None:
    """Take out all that is yours, or one client's record."""


@export.command("my-data", epilog="\b\nExample:\n  e2etherapy export my-data mine.zip")
@click.argument("file", type=click.Path(path_type=Path))
@vault_options
@click.pass_obj
def my_data(invocation: Invocation, file: Path) -> None:
    """Write all that is a client's to a zip that anyone can read.

    Conversations, check-ins with scores, the journal, your safety plan, card and numbers: pages
    that need no software, the data, and a verifier. It is not encrypted.
    """
    from e2etherapy.cli.therapy.own_card import own_card

    numbers = own_card().numbers
    _write(invocation, file, lambda messenger, opened: messenger.export_own_data(opened, numbers))


@export.command(
    "clinical-record",
    epilog="\b\nExample:\n  e2etherapy export clinical-record Robin robin.zip",
)
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@vault_options
@click.pass_obj
def clinical_record(invocation: Invocation, name: str, file: Path) -> None:
    """Write the record of one client to a zip anyone can read.

    The conversation, and what was agreed, asked, answered and done. No private notes, and nothing
    of anybody else. It is not encrypted.
    """
    _write(
        invocation,
        file,
        lambda messenger, opened: messenger.export_clinical_record(name, opened),
    )


def _write(
    invocation: Invocation,
    file: Path,
    written: Callable[[Messenger, BinaryIO], Awaitable[list[ExportedBookView]]],
) -> None:
    from e2etherapy.cli import record_views

    invocation.if_stopped = "Nothing was exported."

    async def exported(messenger: Messenger) -> list[ExportedBookView]:
        undone = "Nothing was exported, and no file is left."
        with invocation.meanwhile(undone), new_file(file) as opened:
            views = await written(messenger, opened)
        invocation.if_stopped = f"The export was complete before that: {file}"
        return views

    views = invocation.unlocked(exported)
    record_views.show_exported(invocation, file, views, _READ)
