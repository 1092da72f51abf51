"""How far something that was sent has come, told as everything else that is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, cast

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation
from e2etherapy.errors import MailboxGone, RelayUnreachable
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
    with nothing_sent():
        sent = said(name, invocation.unlocked(say))
    show(invocation, sent, sent, human)


def said(name: str, report: SendReport) -> Said:
    """Return a report for JSON."""
    from e2etherapy.cli.therapy.answers import Said

    state = cast("Literal['on_device', 'stored']", report.state)
    return Said(
        name=name,
        id=report.id,
        state=state,
        problem=report.problem,
        reaches_nobody=report.reaches_nobody,
    )


def line(sent: Said) -> str:
    """Return how far something has come that was sent to one of many."""
    name = inert_line(sent.name)
    if sent.reaches_nobody:
        return f"{name}: not delivered, and it never will be. {inert_line(sent.problem or '')}"
    word = wording.state(name, sent.state)
    return f"{name}: {word[:1].lower()}{word[1:]}."


def require_delivered(sent: Sequence[Said]) -> None:
    """Say at the end of what was sent to many that something waits, and why.

    Raises:
        RelayUnreachable: something is still only on this device, and goes out later.
        MailboxGone: nothing waits, but something reaches nobody.
    """
    if waiting := [one for one in sent if one.state == "on_device" and not one.reaches_nobody]:
        raise RelayUnreachable(wording.waiting(one.problem for one in waiting))
    if lost := [inert_line(one.name) for one in sent if one.reaches_nobody]:
        raise MailboxGone(f"What was written to {', '.join(lost)} reaches nobody.")


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


def nothing_sent() -> AbstractContextManager[None]:
    """Have an error about what somebody typed say as well that nothing was sent."""
    return _saying("Nothing was sent.")


def nothing_changed() -> AbstractContextManager[None]:
    """Have an error about what somebody typed say as well that nothing was changed."""
    return _saying("Nothing was changed.")


@contextmanager
def _saying(undone: str) -> Iterator[None]:
    try:
        yield
    except TherapyError as error:
        if undone not in str(error):
            error.args = (f"{error} {undone}",)
        raise
