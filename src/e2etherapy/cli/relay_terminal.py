"""What an operator reads who runs a relay at a terminal: words instead of lines of JSON."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from e2etherapy.cli.wrapping import prose, terminal_width
from e2etherapy.relay.log import RelayLog

if TYPE_CHECKING:
    from e2etherapy.relay.clock import Today
    from e2etherapy.relay.database_place import DatabasePlace
    from e2etherapy.relay.server import Listening
    from e2etherapy.relay.settings import Settings


class TerminalLog(RelayLog):
    """A log that says in words when the relay begins and ends.

    It logs that as well where the log goes elsewhere. What is unexpected is always logged: the
    words are no place for it.
    """

    def __init__(self, stream: TextIO, today: Today, settings: Settings) -> None:
        """Look at whether the database is there, before the relay makes it."""
        super().__init__(stream, today)
        self._apart = not stream.isatty()
        self._stop_seconds = settings.stop_seconds
        self._database = _database(settings.database)

    def listening(self, told: Listening) -> None:
        """The relay can be reached."""
        log = "its log goes where standard error does" if self._apart else "its log follows"
        _say(f"The relay listens on {told.url}.")
        _say(self._database)
        _say(f"It runs in this terminal until Ctrl-C; {log}.")

    def started(self) -> None:
        """See RelayLog.started; the terminal has been told by then or will be at once."""
        if self._apart:
            super().started()

    def stopping(self) -> None:
        """See RelayLog.stopping."""
        _say(
            f"\nThe relay stops: it answers what is in flight, for {self._stop_seconds:g} seconds "
            "at most."
        )
        if self._apart:
            super().stopping()

    def stopped(self) -> None:
        """See RelayLog.stopped."""
        if self._apart:
            super().stopped()
        _say("The relay has stopped. All that it had confirmed is in its database.")

    def expired(self, envelopes: int, invitations: int) -> None:
        """See RelayLog.expired; that nothing was deleted is no news."""
        if self._apart or envelopes or invitations:
            super().expired(envelopes, invitations)


def _database(place: DatabasePlace) -> str:
    if not isinstance(place, Path):
        return "Its database is on PostgreSQL."
    if place.exists():
        return f"Its database is {place.absolute()}."
    return f"Its database is new and empty: {place.absolute()}."


def _say(sentence: str) -> None:
    # A terminal that was closed meanwhile is no reason to stop in any other way.
    with contextlib.suppress(OSError):
        click.echo(prose(sentence, terminal_width()))
