"""How far something that was sent has come, told as everything else that is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.errors import RelayUnreachable
from e2etherapy.errors.therapy import TherapyError

if TYPE_CHECKING:
    from typing import Literal

    from e2etherapy.cli.answer import Answer
    from e2etherapy.cli.therapy.answers import Said
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.views import SendReport


def send(
    invocation: Invocation,
    name: str,
    say: Callable[[Messenger], Awaitable[SendReport]],
    human: str = "",
) -> None:
    """Say something, and print how far it has come.

    Raises:
        RelayUnreachable: it is still only on this device; the output says so as well.
    """
    invocation.if_stopped = "Nothing was sent."
    sent = said(name, invocation.unlocked(say))
    show(invocation, sent, sent, human)


def said(name: str, report: SendReport) -> Said:
    """Return a report for JSON."""
    from e2etherapy.cli.therapy.answers import Said

    state = cast("Literal['on_device', 'stored']", report.state)
    return Said(name=name, id=report.id, state=state, problem=report.problem)


def show(invocation: Invocation, answer: Answer, sent: Said, human: str = "") -> None:
    """Print what was said and how far it has come.

    Raises:
        RelayUnreachable: it is still only on this device; the output says so as well.
    """
    lines = [human] if human else []
    if sent.state == "on_device":
        output.answer(invocation, answer, "\n".join(lines))
        raise RelayUnreachable(wording.waiting([sent.problem]))
    lines.append(f"{wording.state(inert_line(sent.name), sent.state)}.")
    output.answer(invocation, answer, "\n".join(lines))


@contextmanager
def nothing_changed() -> Iterator[None]:
    """Have an error about what somebody typed say as well that nothing was changed.

    Raises:
        TherapyError: of the kind that was raised.
    """
    try:
        yield
    except TherapyError as error:
        raise type(error)(f"{error} Nothing was changed.") from None
