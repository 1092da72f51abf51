"""What a person reads: plain sentences in which a name stands, and never a tick."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Protocol

import click

from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.output import moment
from e2etherapy.cli.suggestion import told
from e2etherapy.cli.wrapping import prose, wrapped

if TYPE_CHECKING:
    from e2etherapy.messenger.reading import Standing
    from e2etherapy.messenger.views import (
        ConversationView,
        FileView,
        JournalView,
        MessageView,
        SearchView,
        SyncReport,
    )
    from e2etherapy.vault.records import State


class Finding(Protocol):
    """One thing that an examination looked at."""

    @property
    def ok(self) -> bool:
        """Whether it is as it should be."""

    @property
    def sentence(self) -> str:
        """What was found, and what to do."""


_EXCERPT = 200
_INDENT = "  "
NO_CONVERSATIONS = (
    "There are no conversations yet. A therapist starts one with 'e2etherapy invite NAME', a "
    "client with 'e2etherapy join -' and the link that the therapist handed over."
)
NO_MESSAGES = "Nothing has been written here yet."
NOTHING_NEW = "Nothing that you have not been shown."
NOT_NOTED = (
    "The disk has no room, so it could not be noted what you have read: it will be shown as new "
    "again. Nothing was lost."
)
NO_ENTRIES = (
    "Your journal is empty. 'e2etherapy journal write' adds to it; it stays on this device."
)
WAITS = (
    "What you wrote is safe on this device and goes out with the next sync ('e2etherapy sync'). Do "
    "not send it again."
)
SENT_ALREADY = (
    "It was sent before that: it is at the relay, or waits on this device for the next sync. Do "
    "not send it again."
)
SYNC_STOPPED = "Nothing was lost: what has arrived is on this device, and the next sync goes on."
NOTHING_FOUND = "Nothing in the record holds all of these words."


def waiting(problems: Iterable[str | None]) -> str:
    """Return why something is still only on this device, each reason once, and what follows."""
    return " ".join([*dict.fromkeys(filter(None, problems)), WAITS])


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def checks(found: Sequence[Finding], width: int | None) -> str:
    """Return what an examination found, a sentence for each, with later lines under the first."""
    return "\n".join(line for check in found for line in _check(check, width))


def _check(check: Finding, width: int | None) -> list[str]:
    mark = "ok    " if check.ok else "LOOK  "
    room = None if width is None else max(width - len(mark), 1)
    first, *others = prose(told(check.sentence), room).split("\n")
    return [mark + first, *(" " * len(mark) + line for line in others)]


def state(name: str, word: str) -> str:
    """Return how far a message has come, as a sentence."""
    return {
        "on_device": "On this device; it goes to the relay with the next sync",
        "stored": f"Stored at the relay; no word yet that {name}'s device has it",
        "fetched": f"On {name}'s device",
        "read": f"Read by {name}",
        "received": "",
    }[word]


def interrupted(asked: Sequence[str], states: Sequence[State]) -> str:
    """Say what became of what was being sent when Ctrl-C ended it.

    Args:
        asked: what each thing is called, in the order in which they were to be sent.
        states: how far those have come that are in the record: the first ones.
    """
    sentences = ["Stopped."]
    for what, state in zip_longest(asked, states):
        if state is None:
            sentences.append(f"{what} was not sent, and nothing of it is kept.")
        elif not state:
            sentences.append(
                f"{what} is on this device and waits: it goes out with the next sync "
                "('e2etherapy sync'). Do not send it again; it cannot be taken back."
            )
        else:
            sentences.append(f"{what} is stored at the relay already.")
    return " ".join(sentences)


def conversation(view: ConversationView, width: int | None = None) -> str:
    """Return a conversation as a few lines."""
    name = inert_line(view.name)
    lines = []
    if view.phase == "invited":
        lines.append(f"{name} has not used the invitation yet.")
    elif view.last is None:
        lines.append("No messages yet.")
    else:
        count = counted(view.messages, "message", "messages")
        new = f", {view.unread} of them new" if view.unread else ""
        lines.append(f"{count}{new}, the last written {moment(view.last)}.")
    if view.ended:
        closed = "" if view.phase == "closed" else " The next sync closes it at the relay."
        lines.append(f"It has ended; the record stays.{closed}")
    if view.missing:
        lines.append(not_arrived(view.missing, name))
    if view.waiting:
        lines.append("Something waits on this device; it goes out with the next sync.")
    if view.begun:
        lines.append("You began a message and did not send it; 'send' without a text offers it.")
    if view.phase != "invited" and view.verification == "matched":
        lines.append(f"You compared the six words with {name}: they were the same.")
    shown = [part for line in lines for part in wrapped(line, width, _INDENT)]
    if view.phase != "invited" and view.verification != "matched" and not view.ended:
        shown.append(_to_compare(view, width))
    return "\n".join([click.style(name, bold=True), *shown])


def _to_compare(view: ConversationView, width: int | None) -> str:
    if view.verification == "differed":
        return differed(view.name, width, _INDENT)
    lines = wrapped("The six words have not been compared yet:", width, _INDENT)
    return "\n".join([*lines, f"{_INDENT}{_verify(view.name)}"])


def _verify(name: str) -> str:
    """Return the command, for a line of its own: it must be possible to copy it whole."""
    return told(f"  e2etherapy verify {shlex.quote(inert_line(name))}")


def differed(conversation_name: str, width: int | None = None, indent: str = "") -> str:
    """Return the warning that stands wherever somebody else may have written."""
    name = inert_line(conversation_name)
    sentences = (
        f"WARNING: the six words were different. This may not be {name}: somebody else may read "
        "what you write and have written what you read. Nothing more is sent until they are "
        "compared again and agree:"
    )
    lines = [*wrapped(sentences, width, indent), f"{indent}{_verify(conversation_name)}"]
    return click.style("\n".join(lines), fg="red", bold=True)


def not_arrived(count: int, name: str) -> str:
    """Say how much is missing, and that it need not be what somebody wrote."""
    things, have = ("One thing", "has") if count == 1 else (f"{count:,} things", "have")
    return (
        f"{things} that {name} sent {have} not arrived here, and later ones have: messages, or "
        "only receipts, which devices send by themselves."
    )


def thread(
    standing: Standing, views: Sequence[MessageView], nothing: str, width: int | None = None
) -> str:
    """Return a conversation's messages, or `nothing`; a warning stands before and behind them.

    Where something is missing a line says so; what is missing behind all of them stands at the end.
    """
    name = inert_line(standing.name)
    shown = []
    for view in views:
        if view.missing_before:
            shown.append(_gap(view.missing_before, name, width))
        shown.append(message(standing.name, view, width, closed=standing.closed))
    shown = shown or [nothing]
    if standing.missing_behind:
        shown.append(_gap(standing.missing_behind, name, width))
    if standing.verification == "differed":
        warning = differed(standing.name, width)
        shown = [warning, *shown, warning] if views else [warning, *shown]
    return "\n\n".join(shown)


def _gap(count: int, name: str, width: int | None) -> str:
    return "\n".join(wrapped(f"({not_arrived(count, name)})", width))


def message(
    conversation_name: str, view: MessageView, width: int | None = None, *, closed: bool = False
) -> str:
    """Return a message: who and when, the words indented, and how far it has come."""
    name = inert_line(conversation_name)
    said = [file(view.file)] if view.file else []
    # Indented, so that no text can pass for another message's first line.
    said += [] if view.file else [inert(view.text)]
    if view.kind == "journal_share":
        said.insert(0, "(from the journal)")
    if view.due is not None:
        said.append(f"[to be answered by {moment(view.due)}]")
    if view.hidden:
        said.append("[hidden]")
    if view.landed is not None:
        said.append(f"[how it landed: {view.landed}]")
    words = state(name, view.state)
    if closed and view.state == "on_device":
        words = "On this device only; it reached nobody"
    if words:
        said.append(f"[{words}]")
    lines = [line for part in said for line in wrapped(part, width, _INDENT)]
    when = f", {moment(view.written)}{', new' * view.unread}"
    return "\n".join([*_head("You" if view.own else name, when, width), *lines])


def file(view: FileView) -> str:
    """Return what a file is called, how large or long it is, and whether it is a voice note."""
    name, size = inert_line(view.name), counted(view.size, "byte", "bytes")
    if view.voice is None:
        return f"File: {name} ({size})"
    minutes, seconds = divmod(view.voice, 60)
    length = f", {minutes}:{seconds:02}" if view.voice else ""
    return f"Voice note{length}: {name} ({size})"


def _head(who: str, more: str, width: int | None) -> list[str]:
    """Return a first line in which somebody's name stands out."""
    first, *others = wrapped(who + more, width)
    bold = first[: len(who)]
    return [click.style(bold, bold=True) + first[len(bold) :], *others]


def hit(view: SearchView, *, own: bool, width: int | None = None) -> str:
    """Return something that a search found, with who wrote it."""
    who = "Your journal" if view.conversation is None else inert_line(view.conversation)
    if own and view.conversation is not None:
        who = f"You to {who}"
    short = excerpt(view.text)
    first = _head(who, f", {moment(view.written)}", width)
    return "\n".join([*first, *wrapped(short, width, _INDENT)])


def excerpt(text: str, most: int = _EXCERPT) -> str:
    """Return the first so many characters of a text, on one line."""
    line = inert_line(text)
    return line if len(line) <= most else line[:most] + " …"


def journal_entry(view: JournalView, width: int | None = None) -> str:
    """Return a journal entry with its number."""
    mood = "" if view.mood is None else f", mood {view.mood} of 10"
    first = _head(str(view.number), f"  {moment(view.written)}{mood}", width)
    return "\n".join([*first, *wrapped(inert(view.text), width, _INDENT)])


def synced(report: SyncReport) -> str:
    """Return what a sync brought."""
    lines = [
        f"{counted(count, 'new message', 'new messages')} from {inert_line(name)}."
        for name, count in report.arrived.items()
    ]
    lines += [told(inert_line(notice.sentence)) for notice in report.notices]
    if report.delivered:
        lines.append("What waited on this device is at the relay now.")
    if report.unsent:
        lines.append("Something still waits on this device; it goes out with a later sync.")
    if not lines and report.problem is None:
        lines = ["Nothing new."]
    return "\n".join(lines)
