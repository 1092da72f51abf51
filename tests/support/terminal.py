"""A command at a terminal: what a person types and sees, and Ctrl-C."""

from __future__ import annotations

import signal

import pexpect

from tests.support.command_line import PROGRAM, Person, environment

PATIENCE_SECONDS = 60


def heed_signals() -> None:
    """Who runs the tests in the background ignores some, and so would a program that they start."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def ignore_ctrl_c() -> None:
    """Be somebody who runs a program in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def at_terminal(person: Person, *arguments: str, **variables: str) -> pexpect.spawn[str]:
    """Run a command at a terminal, where it asks for the passphrase."""
    columns = int(variables.pop("columns", "120"))
    return pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "--home", str(person.home), *arguments],
        env=environment(person.folder) | {"TERM": "xterm-256color"} | variables,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        dimensions=(60, columns),
        cwd=str(person.folder),
        preexec_fn=heed_signals,
    )


def ended(child: pexpect.spawn[str]) -> tuple[int | None, str]:
    """Wait for the end; return the exit code and what was still shown."""
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before or ""


def ended_by(child: pexpect.spawn[str], ending: signal.Signals) -> tuple[int | None, str]:
    """End a question; a signal just before its reading begins is noticed with the next one."""
    for _ in range(PATIENCE_SECONDS):
        child.kill(ending)
        if child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=1) == 0:
            break
    child.close()
    return child.exitstatus, child.before or ""


def with_file(person: Person) -> dict[str, str]:
    """Return the variable that names a person's passphrase file."""
    return {"E2ETHERAPY_PASSPHRASE_FILE": str(person.passphrase_file)}
