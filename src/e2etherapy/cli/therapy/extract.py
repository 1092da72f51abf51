"""Passing on parts of the record to somebody else, with the client's consent each time."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, questions, typed_text
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.saving import new_file

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.record.extracting import ExtractView
    from e2etherapy.messenger.record.passing_on import WrittenExtract
    from e2etherapy.messenger.views import SendReport

_RANGE = re.compile(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?")
_MOST = 10_000
_NOTHING = "There is nothing to pass on. What was hidden is listed with --hidden."


@click.group()
def extract() -> None:
    """Pass on parts of the record, with the client's consent."""


@extract.command("entries", epilog="\b\nExample:\n  e2etherapy extract entries Robin --last 20")
@click.argument("name")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="The last N alone.")
@click.option("--hidden", is_flag=True, help="The hidden ones as well.")
@vault_options
@click.pass_obj
def list_entries(invocation: Invocation, name: str, last: int | None, hidden: bool) -> None:
    """List what could be passed on, by number."""
    from e2etherapy.cli.therapy import extract_views

    every = invocation.unlocked(lambda messenger: messenger.record_entries(name, hidden=hidden))
    shown = every[-last:] if last else every
    human = "\n".join(extract_views.line(one) for one in shown) or _NOTHING
    output.answer(invocation, [extract_views.entry(one) for one in shown], human)


@extract.command(
    epilog="""\b
Example:
  e2etherapy extract request Robin 12,15-17 "To Dr. Byrne, my supervisor, about sleep." """
)
@click.argument("name")
@click.argument("numbers")
@click.argument("text")
@click.option("--hidden", is_flag=True, help="Hidden ones are meant too.")
@vault_options
@click.pass_obj
def request(invocation: Invocation, name: str, numbers: str, text: str, hidden: bool) -> None:
    """Ask a client whether entries may be shown, to whom and why.

    NUMBERS are those of 'extract entries', like 12,15-17.
    """
    from e2etherapy.cli.therapy import said

    chosen = _numbers(numbers)
    said.send(
        invocation,
        name,
        lambda messenger: messenger.ask_extract(name, chosen, text, hidden=hidden),
    )


def _numbers(given: str) -> set[int]:
    found: set[int] = set()
    for part in given.split(","):
        meant = _RANGE.fullmatch(part.strip())
        first, last = (int(meant[1]), int(meant[2] or meant[1])) if meant else (1, 0)
        if not first <= last < first + _MOST:
            raise click.UsageError("NUMBERS are like 12,15-17. Nothing was sent.")
        found.update(range(first, last + 1))
    return found


@extract.command("list", epilog='\b\nExample:\n  e2etherapy extract list "Dr. Okafor"')
@click.argument("name")
@vault_options
@click.pass_obj
def list_requests(invocation: Invocation, name: str) -> None:
    """List all requests with NAME, and what became of them."""
    from e2etherapy.cli.therapy import extract_views

    views = invocation.unlocked(lambda messenger: messenger.extracts(name))
    human = "\n".join(extract_views.request(view) for view in views)
    answers = [extract_views.answer(view) for view in views]
    output.answer(invocation, answers, human or "Nothing has been asked for.")


@extract.command(epilog='\b\nExample:\n  e2etherapy extract show "Dr. Okafor" 1')
@click.argument("name")
@click.argument("number", type=int)
@vault_options
@click.pass_obj
def show(invocation: Invocation, name: str, number: int) -> None:
    """Show exactly what a request would pass on."""
    from e2etherapy.cli.therapy import extract_views

    view = invocation.unlocked(lambda messenger: _view(messenger, name, number))
    output.answer(invocation, extract_views.preview_answer(view), extract_views.preview(view))


async def _view(messenger: Messenger, name: str, number: int) -> ExtractView:
    from e2etherapy.messenger.care.speaking import numbered

    return numbered(await messenger.extracts(name), number, "extract")


@extract.command(epilog='\b\nExample:\n  e2etherapy extract allow "Dr. Okafor" 1')
@click.argument("name")
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="Allow it without asking.")
@vault_options
@click.pass_obj
def allow(invocation: Invocation, name: str, number: int, yes: bool) -> None:
    """Allow exactly these entries to be shown to somebody else.

    They are shown first. You can take it back: extract refuse.
    """
    from e2etherapy.cli.therapy import extract_views, said

    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Without a terminal, allowing needs --yes. Nothing was sent.")

    async def allowed(messenger: Messenger) -> SendReport:
        if not yes:
            with invocation.meanwhile("Nothing was sent."):
                output.shown(extract_views.preview(await _view(messenger, name, number)))
                async with typed_text.asking(messenger):
                    questions.confirm("\nMay exactly these be shown?")
        return await messenger.answer_extract(name, number, allowed=True)

    said.send(invocation, name, allowed)


@extract.command(epilog='\b\nExample:\n  e2etherapy extract refuse "Dr. Okafor" 1')
@click.argument("name")
@click.argument("number", type=int)
@vault_options
@click.pass_obj
def refuse(invocation: Invocation, name: str, number: int) -> None:
    """Refuse a request, or take back what you allowed.

    What was passed on by then cannot be fetched back.
    """
    from e2etherapy.cli.therapy import said

    said.send(
        invocation, name, lambda messenger: messenger.answer_extract(name, number, allowed=False)
    )


@extract.command(
    epilog="""\b
Examples:
  e2etherapy extract write Robin 1 extract.zip
  e2etherapy extract write Robin 1 extract.zip --replace "Robin=Client A" """
)
@click.argument("name")
@click.argument("number", type=int)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--replace",
    "given",
    multiple=True,
    metavar="WORDS=OTHERS",
    help="Put other words in the place of these; may be given again.",
)
@click.option("--anyway", is_flag=True, help="Even if the words still stand within others.")
@vault_options
@click.pass_obj
def write(
    invocation: Invocation,
    name: str,
    number: int,
    file: Path,
    given: tuple[str, ...],
    anyway: bool,
) -> None:
    """Write what the client allowed into a zip, all else blank.

    Nothing looks for names: what --replace does not name stays as it was written. If words that it
    names are left within others, like Sam in Samuel, nothing is written. An entry with replaced
    words no longer verifies. The zip is not encrypted.
    """
    from e2etherapy.cli.therapy import extract_views

    invocation.if_stopped = "Nothing was written."
    pairs = [_pair(one) for one in given]

    async def written(messenger: Messenger) -> WrittenExtract:
        undone = "No file is left; the record may say that one was written."
        with invocation.meanwhile(undone), new_file(file) as opened:
            report = await messenger.write_extract(opened, name, number, pairs, anyway=anyway)
        invocation.if_stopped = f"The extract was complete before that: {file}"
        return report

    report = invocation.unlocked(written)
    answer = extract_views.written_answer(str(file), report)
    output.answer(invocation, answer, extract_views.written(inert_line(str(file)), report))


def _pair(given: str) -> tuple[str, str]:
    words, equals, others = given.partition("=")
    if not equals:
        raise click.UsageError("--replace takes WORDS=OTHERS, like Robin=A. Nothing was written.")
    return words.strip(), others.strip()
