"""What holds for any command: the vault's folder, the passphrase file, and the form of output."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.vault.vault import Place

HOME_VARIABLE = "E2ETHERAPY_HOME"
_Result = TypeVar("_Result")
_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(slots=True)
class Invocation:
    """The options that may stand before and after the name of a command.

    Attributes:
        if_stopped: what a person is told if the command is stopped now; empty where nothing is
            certain, None where everything was said.
    """

    home: Path | None = None
    passphrase_file: Path | None = None
    json: bool = False
    if_stopped: str | None = ""

    def place(self) -> Place:
        """Return where the vault lies, and where this machine remembers its age."""
        import platformdirs

        from e2etherapy.vault.vault import Place

        named = self.home or os.environ.get(HOME_VARIABLE)
        home = Path(named) if named else platformdirs.user_data_path("e2etherapy")
        return Place(home.absolute(), platformdirs.user_state_path("e2etherapy"))

    def unlocked(
        self, action: Callable[[Messenger], Awaitable[_Result]], recovery_words: str | None = None
    ) -> _Result:
        """Open the vault, do something with it, and close it again.

        Args:
            action: what to do.
            recovery_words: open it with these instead of the passphrase.
        """
        self.if_stopped = self.if_stopped or "Nothing was changed."
        from e2etherapy.cli import event_loop, passphrase
        from e2etherapy.messenger.messenger import Messenger
        from e2etherapy.vault import keyslots

        place = self.place()
        keyslots.read(place.folder)  # a missing vault is said before anyone types a passphrase
        given = recovery_words or passphrase.obtain(self.passphrase_file)
        opener = Messenger.open_with_recovery_words if recovery_words else Messenger.open

        async def opened() -> _Result:
            async with await opener(place, given) as messenger:
                self.if_stopped = ""  # from here on, the action alone knows
                return await action(messenger)

        return event_loop.run(opened())

    @contextmanager
    def meanwhile(self, undone: str) -> Iterator[None]:
        """Have a person told this if they stop what is done in the context, and nothing after."""
        self.if_stopped = undone
        yield
        self.if_stopped = ""


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None and parameter.name is not None:
        setattr(context.find_object(Invocation), parameter.name, value)


def json_option(command: _Command) -> _Command:
    """Let a command take --json."""
    return click.option(
        "--json",
        is_flag=True,
        default=None,
        expose_value=False,
        callback=_remember,
        help="Print data as JSON (docs/cli.md).",
    )(command)


def vault_options(command: _Command) -> _Command:
    """Let a command take the options of everything that opens a vault."""
    home = click.option(
        "--home",
        type=click.Path(path_type=Path),
        metavar="DIR",
        expose_value=False,
        callback=_remember,
        help="The vault's folder. [default: your data folder]",
    )
    passphrase_file = click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        expose_value=False,
        callback=_remember,
        help="A file with the passphrase on its first line.",
    )
    return home(passphrase_file(json_option(command)))
