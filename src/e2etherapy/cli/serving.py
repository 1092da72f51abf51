"""Starting a relay, and checking what it would be started with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from e2etherapy.cli import output
from e2etherapy.cli.invocation import Invocation, json_option
from e2etherapy.relay.options import OPTIONS, Kind, Option

if TYPE_CHECKING:
    from e2etherapy.relay.configuration import Configuration
    from e2etherapy.relay.settings import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])
_METAVARS = {Kind.ADDRESS: "HOST:PORT", Kind.FILE: "FILE", Kind.NUMBER: "N", Kind.DECIMAL: "N"}
_TYPES = {Kind.NUMBER: click.INT, Kind.DECIMAL: click.FLOAT}


def settings_options(command: _Command) -> _Command:
    """Let a command take --config and a flag for each setting of a relay."""
    for option in reversed(OPTIONS):
        command = _flag(option)(command)
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="TOML with the same settings (docs/operator.md). Flags win.",
    )(command)


def _flag(option: Option) -> Callable[[_Command], _Command]:
    if option.kind is Kind.SWITCH:
        names = f"{option.flag}/--not-{option.flag.removeprefix('--')}"
        return click.option(names, default=None, help=option.meaning)
    return click.option(
        option.flag,
        type=_TYPES.get(option.kind, click.STRING),
        metavar=_METAVARS[option.kind],
        help=option.meaning,
    )


def configured(config: Path | None, flags: dict[str, Any]) -> tuple[Configuration, Settings]:
    """Return what was set, and what a relay would be started with.

    Raises:
        RelaySetupError: something in it cannot be used.
    """
    import os

    from e2etherapy.relay.configuration import resolve, settings_from

    found = resolve(config, os.environ, flags)
    return found, settings_from(found)


@click.command(
    epilog="\b\nExample:\n  e2etherapy relay serve --listen 127.0.0.1:8700 --database relay.db"
)
@settings_options
@json_option
@click.pass_obj
def serve(invocation: Invocation, /, config: Path | None, **flags: Any) -> None:  # noqa: ANN401
    """Serve until SIGTERM or Ctrl-C.

    Says where it listens when it can be reached: in words at a terminal, otherwise as one line of
    JSON. Its log goes to standard error. SIGHUP takes up a new certificate and new limits. A file
    that a relay serves already is refused.
    """
    import sys

    from e2etherapy.relay.memory import keep_out_of_core_dumps
    from e2etherapy.relay.server import serve as run

    keep_out_of_core_dumps()
    _, settings = configured(config, flags)

    def reread() -> Settings:
        return configured(config, flags)[1]

    if invocation.json or not sys.stdout.isatty():
        run(settings, reread)
    else:
        from e2etherapy.cli.relay_terminal import TerminalLog
        from e2etherapy.relay.clock import system_today

        log = TerminalLog(sys.stderr, system_today, settings)
        run(settings, reread, log.listening, log)


@click.command(epilog="\b\nExample:\n  e2etherapy relay check --config /etc/e2etherapy/relay.toml")
@settings_options
@json_option
@click.pass_obj
def check(invocation: Invocation, /, config: Path | None, **flags: Any) -> None:  # noqa: ANN401
    """Check a relay's settings without starting it."""
    from e2etherapy.cli.relay_answers import Configured, ConfiguredSetting
    from e2etherapy.relay.listening import check_exposure
    from e2etherapy.relay.tls import validity_of

    found, settings = configured(config, flags)
    check_exposure(settings.listen, settings.certificate, behind_proxy=settings.behind_proxy)
    if settings.certificate is not None:
        validity_of(settings.certificate)
    told = Configured(
        settings=[
            ConfiguredSetting(name=option.name, value=entry.value, origin=entry.origin)
            for option in OPTIONS
            if (entry := found.get(option.name)) is not None
        ]
    )
    lines = [f"{one.name} = {json.dumps(one.value)}  ({one.origin})" for one in told.settings]
    output.answer(invocation, told, "\n".join(lines))
    place = settings.database
    if isinstance(place, Path) and not place.exists() and not invocation.json:
        output.remark(f"There is no database {place} yet: the first start makes it.")
