"""Everything that an operator may set, in one table; docs/operator.md shows it.

Imports nothing that takes long: the command line makes its flags from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from e2etherapy.relay.limits import Figure, figures

PREFIX = "E2ETHERAPY_RELAY_"
"""Of the environment variables; every variable that begins so must be one of the table's."""


class Kind(StrEnum):
    """What a value is."""

    ADDRESS = "address"
    FILE = "file"
    SWITCH = "true or false"
    NUMBER = "whole number"
    DECIMAL = "number"


@dataclass(frozen=True, slots=True)
class Option:
    """One row: something that can be set in a file, in the environment or by a flag."""

    name: str
    """The key in the file."""
    kind: Kind
    meaning: str
    default: str | float | bool | None = None
    """None where it must be set, or does nothing until it is."""
    least: float | None = None
    greatest: float | None = None
    live: bool = False
    """SIGHUP takes a new value up; other settings wait for a restart."""

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()


def _limit(name: str, default: float, figure: Figure) -> Option:
    kind = Kind.NUMBER if isinstance(default, int) else Kind.DECIMAL
    return Option(
        name, kind, figure.meaning, default, figure.least, figure.greatest, live=figure.live
    )


LIMITS = tuple(_limit(name, *described) for name, described in figures().items())
"""Each is a field of relay.limits.Limits."""

OPTIONS = (
    Option("listen", Kind.ADDRESS, "HOST:PORT, or unix:PATH. Port 0: any free one."),
    Option(
        "database",
        Kind.FILE,
        "SQLite file, made at the first start; or postgresql://USER@HOST/DATABASE.",
    ),
    Option("tls_certificate", Kind.FILE, "PEM: the certificate and its chain.", live=True),
    Option("tls_key", Kind.FILE, "PEM: the certificate's private key.", live=True),
    Option("behind_proxy", Kind.SWITCH, "A proxy in front of it does TLS.", default=False),
    Option("metrics_listen", Kind.ADDRESS, "Where counts are shown; this machine only."),
    Option(
        "metrics_seconds",
        Kind.NUMBER,
        "Counts change no more often than this.",
        default=60,
        least=10,
        greatest=3_600,
    ),
    Option(
        "stop_seconds",
        Kind.NUMBER,
        "What is in flight at a stop may take so long.",
        default=10,
        least=1,
        greatest=300,
    ),
    *LIMITS,
)

BY_NAME = {option.name: option for option in OPTIONS}


def table() -> str:
    """Return the rows as the Markdown table that docs/operator.md shows."""
    lines = [
        "| key in the file | flag | value | default | from | to | SIGHUP | what |",
        "| --- | --- | --- | --- | ---: | ---: | --- | --- |",
    ]
    for option in OPTIONS:
        cells = [
            f"`{option.name}`",
            f"`{option.flag}`",
            option.kind.value,
            *map(_shown, (option.default, option.least, option.greatest)),
            "yes" if option.live else "",
            option.meaning,
        ]
        lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |"))
    return "\n".join(lines)


def _shown(value: str | float | bool | None) -> str:  # noqa: FBT001 - a cell of the table
    match value:
        case None:
            return ""
        case bool() | str():
            return str(value).lower()
        case _:
            return f"{value:,}".removesuffix(".0")
