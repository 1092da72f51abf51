"""What an operator has set: a file, over it the environment, over that the flags.

Nothing is guessed: an unknown key, a wrong type, a value out of range or a contradiction is
refused with a sentence that names the key and where it came from. Values are not repeated.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2etherapy.errors import InvalidConfiguration, InvalidListenAddress, RelayDatabaseUnusable
from e2etherapy.relay.database_place import DatabasePlace, parse_database
from e2etherapy.relay.limits import Limits
from e2etherapy.relay.listening import Certificate, ListenAddress, parse_listen_address
from e2etherapy.relay.options import BY_NAME, LIMITS, OPTIONS, PREFIX, Kind, Option
from e2etherapy.relay.settings import MetricsSettings, Settings

Value = str | float | bool
_ORDERED = (("waits", "waited_mailboxes"), ("body_grace_seconds", "body_seconds"))
"""Limits of which the first may not be above the second: each wait is for one mailbox or more, and
a body that is given up first never gives way."""
_LARGEST_FILE = 65_536
_TYPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.ADDRESS: (str,),
    Kind.FILE: (str,),
    Kind.SWITCH: (bool,),
    Kind.NUMBER: (int,),
    Kind.DECIMAL: (int, float),
}
_WORDS = {"true": True, "false": False}
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and where it was set, such as ``relay.toml`` or ``--listen``."""

    value: Value
    origin: str


Configuration = Mapping[str, Entry]
"""By the option's name; what is not set and has no default is not in it."""


def resolve(
    file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Value | None]
) -> Configuration:
    """Put together what was set.

    Args:
        file: TOML, with the names of options as keys.
        environment: variables; those that begin with PREFIX count.
        flags: by the option's name; None where a flag was not given.

    Raises:
        InvalidConfiguration: something in it cannot be used.
    """
    merged = {
        option.name: Entry(option.default, "the default")
        for option in OPTIONS
        if option.default is not None
    }
    if file is not None:
        merged.update(_from_file(file))
    merged.update(_from_environment(environment))
    for name, value in flags.items():
        if value is not None:
            merged[name] = _checked(BY_NAME[name], value, BY_NAME[name].flag)
    return merged


def settings_from(configuration: Configuration) -> Settings:
    """Return what a relay is started with.

    Raises:
        InvalidConfiguration: something is missing, or two settings contradict each other.
        InvalidListenAddress: an address cannot be read.
    """
    _refuse_contradictions(configuration)
    numbers: dict[str, Any] = {
        name: entry.value
        for name, entry in configuration.items()
        if BY_NAME[name].kind in {Kind.NUMBER, Kind.DECIMAL}
    }
    metrics = _address(configuration, "metrics_listen")
    listen = _address(configuration, "listen")
    if listen is None or "database" not in configuration:
        raise _missing("listen" if listen is None else "database")
    return Settings(
        listen=listen,
        database=_database(configuration["database"]),
        certificate=_certificate(configuration),
        behind_proxy=bool(configuration["behind_proxy"].value),
        limits=Limits(**{option.name: numbers[option.name] for option in LIMITS}),
        metrics=None if metrics is None else MetricsSettings(metrics, numbers["metrics_seconds"]),
        stop_seconds=numbers["stop_seconds"],
    )


def _from_file(file: Path) -> Iterator[tuple[str, Entry]]:
    origin = str(file)
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise _unreadable(origin, "is too long to be a relay's configuration")
        content = tomllib.loads(data.decode())
    except OSError as problem:
        reason = problem.strerror or "it cannot be used"
        raise _unreadable(origin, f"cannot be read ({reason})") from None
    except ValueError as problem:
        # The parser's words end with the place; what comes before may quote the file.
        place = str(problem).rpartition("(")[2].rstrip(")") if "(at" in str(problem) else "UTF-8"
        raise _unreadable(origin, f"is not TOML ({place})") from None
    for name, value in content.items():
        yield name, _checked(_known(name, origin), value, origin)


def _unreadable(origin: str, what: str) -> InvalidConfiguration:
    return InvalidConfiguration(f"{origin} {what}.", f"The file {what}.")


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Entry]]:
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            option = _known(variable.removeprefix(PREFIX).lower(), f"the variable {variable}")
            yield option.name, _checked(option, _parsed(option, text), f"the variable {variable}")


def _known(name: str, origin: str) -> Option:
    if name in BY_NAME:
        return BY_NAME[name]
    near = difflib.get_close_matches(name, BY_NAME, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise InvalidConfiguration(
        f"{name!r}, set by {origin}, is no setting of a relay.{hint}",
        f"Something is set that is no setting of a relay.{hint}",
    )


def _parsed(option: Option, text: str) -> Value:
    """Return the value that the text of a variable stands for, or the text itself."""
    if option.kind is Kind.SWITCH:
        return _WORDS.get(text, text)
    if option.kind is Kind.NUMBER and text.isascii() and text.isdigit():
        return int(text[:20])
    if option.kind is Kind.DECIMAL and _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _checked(option: Option, value: object, origin: str) -> Entry:
    if not isinstance(value, str | int | float) or type(value) not in _TYPES[option.kind]:
        raise _wrong(option, origin, f"is to be {_a(option.kind)}")
    if isinstance(value, str):
        if not value or "\0" in value:
            raise _wrong(option, origin, "is empty")
    elif option.least is not None and option.greatest is not None:
        if not option.least <= value <= option.greatest:
            raise _wrong(option, origin, f"is to be from {option.least} to {option.greatest}")
        if option.kind is Kind.DECIMAL:
            value = float(value)
    return Entry(value, origin)


def _a(kind: Kind) -> str:
    return kind.value if kind is Kind.SWITCH else f"a{'n' if kind is Kind.ADDRESS else ''} {kind}"


def _wrong(option: Option, origin: str, what: str) -> InvalidConfiguration:
    return InvalidConfiguration(
        f"{option.name}, set by {origin}, {what}.", f"It {what}.", option.name
    )


def _missing(name: str) -> InvalidConfiguration:
    option = BY_NAME[name]
    return InvalidConfiguration(
        f"{name} is not set: give {option.flag}, {option.variable}, or {name} in a file.",
        "It is not set.",
        name,
    )


def _refuse_contradictions(configuration: Configuration) -> None:
    for name, needed in (("tls_certificate", "tls_key"), ("tls_key", "tls_certificate")):
        if name in configuration and needed not in configuration:
            origin = configuration[name].origin
            raise InvalidConfiguration(
                f"{name}, set by {origin}, needs {needed} as well.", f"{name} needs it.", needed
            )
    for smaller, greater in _ORDERED:
        one, other = configuration[smaller], configuration[greater]
        if float(one.value) > float(other.value):
            raise InvalidConfiguration(
                f"{smaller}, set by {one.origin}, is above {greater}, set by {other.origin}.",
                f"It is above {greater}.",
                smaller,
            )
    metrics, listen = configuration.get("metrics_listen"), configuration.get("listen")
    if metrics is not None and listen is not None and metrics.value == listen.value:
        raise _wrong(
            BY_NAME["metrics_listen"], metrics.origin, "is the address of the relay itself"
        )


def _address(configuration: Configuration, name: str) -> ListenAddress | None:
    if name not in configuration:
        return None
    entry = configuration[name]
    try:
        address = parse_listen_address(str(entry.value))
    except InvalidListenAddress as error:
        raise InvalidConfiguration(
            f"{name}, set by {entry.origin}: {error}", str(error), name
        ) from None
    if name == "metrics_listen" and not address.is_local:
        raise _wrong(
            BY_NAME[name],
            entry.origin,
            "can be reached from other machines: counts are shown on this machine only",
        )
    return address


def _database(entry: Entry) -> DatabasePlace:
    try:
        return parse_database(str(entry.value))
    except RelayDatabaseUnusable as error:
        raise InvalidConfiguration(
            f"database, set by {entry.origin}: {error}", str(error), "database"
        ) from None


def _certificate(configuration: Configuration) -> Certificate | None:
    if "tls_certificate" not in configuration:
        return None
    chain, key = (configuration[name].value for name in ("tls_certificate", "tls_key"))
    return Certificate(Path(str(chain)), Path(str(key)))
