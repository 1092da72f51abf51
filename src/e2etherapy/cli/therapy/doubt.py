"""What is asked or refused when a text looks as if it were meant for another client."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from e2etherapy.cli import output, questions, typed_text
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.errors import AnotherClient

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2etherapy.cli.therapy.answers import Finding as FindingAnswer
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.therapy.caseload.recipient_guard import Finding


def can_ask(invocation: Invocation) -> bool:
    """Say whether a person can be asked; a script that reads JSON is none."""
    return sys.stdin.isatty() and not invocation.json


def sentences(findings: Iterable[Finding]) -> list[str]:
    """Return what was found, as a person reads it."""
    return [f"  {inert_line(finding.sentence())}" for finding in findings]


def answers(findings: Iterable[Finding]) -> list[FindingAnswer]:
    """Return what was found, for JSON."""
    from e2etherapy.cli.therapy.answers import Finding

    return [
        Finding(
            kind=one.kind.value, clients=list(one.clients), shown=one.shown, also_here=one.also_here
        )
        for one in findings
    ]


async def ask(
    invocation: Invocation, messenger: Messenger, name: str, findings: Iterable[Finding]
) -> None:
    """Show what was found, and go on only after a yes; other processes may use the vault meanwhile.

    Raises:
        click.Abort: it was a no, or Ctrl-C.
    """
    called = inert_line(name)
    lines = [f"What is written for {called} may be meant for another client:"]
    output.shown("\n".join([*lines, *sentences(findings)]))
    with invocation.meanwhile("Nothing was sent."):
        async with typed_text.asking(messenger):
            questions.confirm(f"Send it to {called} all the same?")


async def require_meant(invocation: Invocation, messenger: Messenger, name: str, text: str) -> None:
    """Ask whether a therapist's text is meant for this client, if something in it speaks against.

    Raises:
        click.Abort: it was a no, or Ctrl-C.
        AnotherClient: nobody can be asked.
    """
    from e2etherapy.messenger.reading import standing
    from e2etherapy.wire.role import Role

    if messenger.role is not Role.THERAPIST:
        return
    with invocation.meanwhile("Nothing was sent."):
        findings = await messenger.recipient_findings(name, text)
    if not findings:
        return
    called = (await standing(messenger.device.vault, name)).name
    if can_ask(invocation):
        await ask(invocation, messenger, called, findings)
        return
    if not invocation.json:
        output.shown("\n".join(sentences(findings)))
    others = sorted({client for finding in findings for client in finding.clients})
    raise AnotherClient(
        f"What is written for {called} has words or a name in it that belong to "
        f"{', '.join(others)}. Nothing was sent. --anyway sends it if it is meant for {called}."
    )
