"""The command `e2etherapy`.

Only click is imported here and in the modules of the commands; everything else is imported when
a command runs, so that --help answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

import click

from e2etherapy.cli import (
    attachments,
    completion,
    conversation,
    doctor,
    exit_codes,
    export,
    interruption,
    journal,
    later,
    meeting,
    operation,
    output,
    reading,
    record,
    relay,
    serving,
    settings,
    setup,
    usage_hint,
)
from e2etherapy.cli.command_list import CommandList
from e2etherapy.cli.exit_codes import Exit
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.suggestion import for_home
from e2etherapy.cli.therapy import (
    agreement,
    batch,
    caseload,
    check_in,
    check_in_files,
    consent,
    context,
    emergency_card,
    ending,
    extract,
    goal,
    help_now,
    holidays,
    homework,
    note,
    queue,
    retention,
    safety_plan,
    session,
    template,
    urgent,
)

_EPILOG = """\b
Examples:
  e2etherapy init --role client --relay https://relay.example
  e2etherapy join -                  reads the link that you were given
  e2etherapy send "Dr. Okafor" "I slept better."
  e2etherapy sync && e2etherapy read "Dr. Okafor"

\b
Environment: E2ETHERAPY_HOME, E2ETHERAPY_PASSPHRASE_FILE, NO_COLOR
What the number at the end of a command means: e2etherapy exit-codes"""


@click.group(
    cls=CommandList,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@vault_options
@click.version_option(package_name="e2etherapy", prog_name="e2etherapy")
def e2etherapy() -> None:
    """Write in confidence: end-to-end encrypted text therapy.

    Only the two people's devices can open it; the relay sees sealed envelopes.
    """


@click.command("exit-codes", hidden=True, epilog="\b\nExample:\n  e2etherapy exit-codes")
def explain_exit_codes() -> None:
    """Show what each exit code means."""
    lines = (f"{row.code:>3}  {row.name:<22}  {row.meaning}" for row in exit_codes.TABLE)
    click.echo("\n".join(lines))


for _command in (
    setup.init,
    meeting.invite,
    meeting.join,
    meeting.verify,
    conversation.send,
    later.later,
    conversation.sync,
    conversation.conversations,
    reading.read,
    reading.search,
    attachments.attachments,
    journal.journal,
    record.record,
    consent.consent,
    agreement.agreement,
    check_in.check_in,
    homework.homework,
    goal.goal,
    session.landed,
    session.summary,
    safety_plan.safety_plan,
    emergency_card.emergency_card,
    urgent.urgent,
    queue.queue,
    context.context,
    urgent.resolve,
    batch.batch,
    template.template,
    holidays.holidays,
    caseload.caseload,
    caseload.attendance,
    export.export,
    extract.extract,
    ending.ending,
    note.note,
    retention.retention,
    retention.hold,
    help_now.help_now,
    settings.settings,
    doctor.doctor,
    relay.relay,
    completion.completion,
    explain_exit_codes,
):
    e2etherapy.add_command(_command)


for _command in (record.hide_private, record.unhide_private, record.erase_private):
    journal.journal.add_command(_command)


for _command in (
    serving.serve,
    serving.check,
    operation.doctor,
    operation.stats,
    operation.backup,
    operation.restore,
    operation.restored,
):
    relay.relay.add_command(_command)


for _command in (check_in_files.plot, check_in_files.export):
    check_in.check_in.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _flushed(run(given))
    except KeyboardInterrupt:
        code = interruption.CODE  # once more, while the end was being told
    interruption.ended_with(code)
    sys.exit(code)


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has gone; without this the interpreter would complain when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.BY_NAME["stopped"].code
    return code


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; every error becomes one sentence."""
    invocation = Invocation()
    try:
        interruption.raise_from_now_on()
        code = e2etherapy.main(
            arguments,
            prog_name="e2etherapy",
            standalone_mode=False,
            obj=invocation,
            color=False if os.environ.get("NO_COLOR") else None,
        )
    except click.ClickException as error:
        invocation.json = invocation.json or "--json" in arguments
        return _usage(error, invocation)
    except (click.Abort, KeyboardInterrupt) as ending:
        # Click takes every end of a file for somebody's who was asked, also that of a module that
        # was cut short. Whoever was asked has no cause.
        if isinstance(ending.__cause__, EOFError):
            return _failed(ending.__cause__, invocation)
        return _stopped(ending, invocation)
    except Exception as error:  # noqa: BLE001 - becomes a sentence, or is raised again
        return _failed(error, invocation)
    return code if isinstance(code, int) else 0


def _failed(error: Exception, invocation: Invocation) -> int:
    if os.environ.get("E2ETHERAPY_TRACEBACK") == "1":
        raise error
    row = exit_codes.exit_for(error)
    return _fail(row, exit_codes.sentence_for(error), invocation)


def _usage(error: click.ClickException, invocation: Invocation) -> int:
    meant = usage_hint.hint(error)
    if invocation.json:
        sentence = " ".join(filter(None, [error.format_message(), meant]))
        return _fail(exit_codes.BY_NAME["usage"], sentence, invocation)
    error.show()
    if meant is not None:
        output.remark(for_home(meant, invocation.home))
    return exit_codes.BY_NAME["usage"].code


def _stopped(ending: BaseException, invocation: Invocation) -> int:
    """Say what was not done, or nothing where the command has said it already."""
    causes = (ending, ending.__cause__ or ending.__context__)
    interrupted = any(isinstance(cause, KeyboardInterrupt) for cause in causes)
    row = exit_codes.BY_NAME["interrupted" if interrupted else "stopped"]
    undone = invocation.if_stopped
    if invocation.json:
        return _fail(row, " ".join(filter(None, [row.meaning, undone])), invocation)
    said = " ".join(filter(None, ["Stopped." if interrupted else None, undone]))
    return row.code if undone is None or not said else _fail(row, said, invocation)


def _fail(row: Exit, sentence: str, invocation: Invocation) -> int:
    told = for_home(sentence, invocation.home)
    if invocation.json:
        error = {"code": row.name, "exit": row.code, "message": told}
        click.echo(json.dumps({"error": error}), err=True)
    else:
        output.remark(inert_line(told))
    return row.code
