"""What the demo has seen, and how it shows it in lines that fit the terminal."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import click

from e2etherapy.cli.demo_stage import Stage
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.plaintext_search import Findings
from e2etherapy.cli.wrapping import shortened, terminal_width, wrapped
from e2etherapy.messenger.views import MessageView
from e2etherapy.relay.clock import iso_date
from e2etherapy.relay.sqlite.operator_view import WaitingEnvelope, waiting_envelopes

_WHOLE_ROW = 78
_WITHOUT_BYTES = 54
"""Columns of a terminal that has room for a row with every cell, and for one without the last."""


@dataclass(slots=True)
class Told:
    """What was seen while the story went on.

    Attributes:
        waiting: every row that was found waiting in the relay's file.
        relay_bytes: all that the relay had written, at several moments.
        seen: for each person, the conversation as shown to them.
    """

    phrase: tuple[str, ...] = ()
    waiting: dict[tuple[bytes, int], WaitingEnvelope] = field(default_factory=dict)
    relay_bytes: dict[str, bytes] = field(default_factory=dict)
    seen: dict[str, list[MessageView]] = field(default_factory=dict)

    def look(self, stage: Stage) -> None:
        """Be the operator for a moment."""
        for row in waiting_envelopes(stage.database):
            self.waiting[row.mailbox, row.position] = row
        moment = len(self.relay_bytes)
        self.relay_bytes |= {
            f"{name} ({moment})": data for name, data in stage.relay_bytes().items()
        }


def show_place(sentence: str, stage: Stage, place: Path) -> None:
    """Say what there is, and where only if it stays there."""
    row(f"{sentence}:\n  {place}" if stage.keep else f"{sentence}.")


def show_people(told: Told) -> None:
    """Show the six words, and the conversation as each of the two sees it."""
    say(f"\nBoth compare the six words by voice: {' '.join(told.phrase)}. They are the same.")
    for name, views in told.seen.items():
        say(f"\nWhat {name} sees:")
        for view in views:
            size = f"{len(view.text.encode()):,} bytes"
            head = f"  {view.author:<9} {size:>12}  "
            row(head + shortened(inert_line(view.text), _columns() - len(head)))


def show_operator(told: Told) -> None:
    """Show what lay in the relay's file, as much of each row as the terminal is wide."""
    say("\nWhat the relay's operator saw of it, envelopes that waited to be fetched:")
    cells = [("mailbox  ", "position", "day       ", "  size", "bits/byte", "first bytes")]
    cells += [
        (
            f"{found.mailbox.hex()[:8]}…",
            f"{found.position:>8}",
            iso_date(found.day),
            f"{len(found.envelope):>6,}",
            f"{_entropy(found.envelope):>9.3f}",
            found.envelope[:8].hex(" "),
        )
        for found in told.waiting.values()
    ]
    for line in cells:
        kept = [line[column] for column in _columns_that_fit()]
        row("  " + "  ".join(kept))


def _columns_that_fit() -> tuple[int, ...]:
    if _columns() >= _WHOLE_ROW:
        return (0, 1, 2, 3, 4, 5)
    return (0, 1, 2, 3, 4) if _columns() >= _WITHOUT_BYTES else (0, 3, 4)


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _entropy(data: bytes) -> float:
    """Return the Shannon entropy of the bytes in bits per byte; random ones come close to 8."""
    counts = Counter(data).values()
    return -sum(count / len(data) * math.log2(count / len(data)) for count in counts)


def show_findings(control: Findings, relay: Findings) -> None:
    """Show what a search for the words of the texts has found, and where."""
    say(f"\nA search for {relay.words:,} words, each as it stands in the texts:")
    say(f"  in what the two people see, {control.searched:,} bytes: {len(control.found):,} found")
    say(
        f"  in the relay's files and output, {relay.searched:,} bytes at several moments: "
        f"{len(relay.found) or 'nothing'} found"
    )


def say(sentence: str) -> None:
    """Print a sentence, broken at spaces at a terminal."""
    row("\n".join(wrapped(sentence, terminal_width())))


def row(line: str) -> None:
    """Print something as it is."""
    click.echo(line)
