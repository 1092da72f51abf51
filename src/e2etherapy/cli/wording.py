"""What a person reads: plain sentences in which a name stands, and never a tick."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from e2etherapy.cli.inert import inert, inert_line
from e2etherapy.cli.output import moment

if TYPE_CHECKING:
    from e2etherapy.messenger.reading import Standing
    from e2etherapy.messenger.views import (
        ConversationView,
        JournalView,
        MessageView,
        SearchView,
        SyncReport,
    )
    from e2etherapy.vault.records import State

_EXCERPT = 200
NO_CONVERSATIONS = (
    "There are no conversations yet. A therapist starts one with 'e2etherapy invite NAME', a "
    "client with 'e2etherapy join -' and the link that the therapist handed over."
)
NO_MESSAGES = "Nothing has been written here yet."
NO_ENTRIES = (
    "Your journal is empty. 'e2etherapy journal write' adds to it; it stays on this device."
)
WAITS = (
    "What you wrote is safe on this device and goes out with the next sync ('e2etherapy sync'). Do "
    "not send it again."
)
NOTHING_FOUND = "Nothing in the record holds all of these words."


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"


def state(name: str, word: str) -> str:
    """Return how far a message has come, as a sentence."""
    return {
        "on_device": "On this device; it goes to the relay with the next sync",
        "stored": f"Stored at the relay; no word yet that {name}'s device has it",
        "fetched": f"On {name}'s device",
        "read": f"Read by {name}",
        "received": "",
    }[word]


def interrupted(asked: Sequence[str], states: Mapping[str, State]) -> str:
    """Say what became of what was being sent when Ctrl-C ended it.

    Args:
        asked: the kinds of what was to be sent.
        states: how far those have come that are in the record.
    """
    called = {"text": "text", "attachment": "file", "journal_share": "journal entry"}
    sentences = ["Stopped."]
    for kind in asked:
        what = f"The {called[kind]}"
        if kind not in states:
            sentences.append(f"{what} was not sent, and nothing of it is kept.")
        elif not states[kind]:
            sentences.append(
                f"{what} is on this device and waits: it goes out with the next sync "
                "('e2etherapy sync'). Do not send it again; it cannot be taken back."
            )
        else:
            sentences.append(f"{what} is stored at the relay already.")
    return " ".join(sentences)


def conversation(view: ConversationView) -> str:
    """Return a conversation as a few lines."""
    name = inert_line(view.name)
    lines = [click.style(name, bold=True)]
    if view.phase == "invited":
        lines.append(f"  {name} has not used the invitation yet.")
    elif view.last is None:
        lines.append("  No messages yet.")
    else:
        count = counted(view.messages, "message", "messages")
        lines.append(f"  {count}, the last written {moment(view.last)}.")
    if view.phase != "invited":
        lines.append(f"  {_verification(view)}")
    if view.missing:
        count = counted(view.missing, "message", "messages")
        lines.append(f"  {count} from {name} not arrived yet; later ones have.")
    if view.waiting:
        lines.append("  Something waits on this device; it goes out with the next sync.")
    return "\n".join(lines)


def _verification(view: ConversationView) -> str:
    name = inert_line(view.name)
    if view.verification == "matched":
        return f"You compared the six words with {name}: they were the same."
    if view.verification == "differed":
        return differed(view.name)
    return f"Not compared yet: the six words. e2etherapy verify {shlex.quote(name)}"


def differed(conversation_name: str) -> str:
    """Return the warning that stands wherever somebody else may have written."""
    name = inert_line(conversation_name)
    return click.style(
        f"WARNING: the six words were different. This may not be {name}: somebody else may read "
        "what you write and have written what you read. Nothing more is sent until they are "
        f"compared again and agree: e2etherapy verify {shlex.quote(name)}",
        fg="red",
        bold=True,
    )


def thread(standing: Standing, views: Sequence[MessageView]) -> str:
    """Return a conversation's messages; a warning stands before and behind them."""
    shown = [message(standing.name, view) for view in views] or [NO_MESSAGES]
    if standing.verification == "differed":
        warning = differed(standing.name)
        shown = [warning, *shown, warning] if views else [warning, *shown]
    return "\n\n".join(shown)


def message(conversation_name: str, view: MessageView) -> str:
    """Return a message: who and when, the words indented, and how far it has come."""
    name = inert_line(conversation_name)
    author = "You" if view.own else name
    lines = [f"{click.style(author, bold=True)}, {moment(view.written)}"]
    if view.kind == "journal_share":
        lines.append("  (from the journal)")
    if view.file is None:
        # Indented, so that no text can pass for another message's first line.
        lines += [f"  {line}" for line in inert(view.text).split("\n")]
    else:
        size = f"{view.file.size:,} bytes"
        lines.append(f"  File: {inert_line(view.file.name)} ({size})")
    words = state(name, view.state)
    if words:
        lines.append(f"  [{words}]")
    return "\n".join(lines)


def hit(view: SearchView) -> str:
    """Return something that a search found."""
    where = "Your journal" if view.conversation is None else inert_line(view.conversation)
    text = inert_line(view.text)
    short = text if len(text) <= _EXCERPT else text[:_EXCERPT] + " …"
    return f"{click.style(where, bold=True)}, {view.author}, {moment(view.written)}\n  {short}"


def journal_entry(view: JournalView) -> str:
    """Return a journal entry with its number."""
    mood = "" if view.mood is None else f", mood {view.mood} of 10"
    first = f"{click.style(str(view.number), bold=True)}  {moment(view.written)}{mood}"
    return "\n".join([first, *(f"  {line}" for line in inert(view.text).split("\n"))])


def synced(report: SyncReport) -> str:
    """Return what a sync brought."""
    lines = [
        f"{counted(count, 'new message', 'new messages')} from {inert_line(name)}."
        for name, count in report.arrived.items()
    ]
    lines += [inert_line(notice.sentence) for notice in report.notices]
    if report.unsent:
        lines.append("Something still waits on this device; it goes out with a later sync.")
    if not lines and report.problem is None:
        lines = ["Nothing new."]
    return "\n".join(lines)
