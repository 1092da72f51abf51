"""What `relay doctor` looks at."""

from __future__ import annotations

import os
import resource
import shlex
import stat
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2etherapy.cli import relay_storage
from e2etherapy.cli.relay_answers import RelayCheck, RelayExamination, fine, look
from e2etherapy.cli.serving import configured
from e2etherapy.errors import RelaySetupError
from e2etherapy.relay.limits import SPARE_FILES
from e2etherapy.relay.listening import check_exposure
from e2etherapy.relay.options import OPTIONS
from e2etherapy.relay.tls import validity_of

if TYPE_CHECKING:
    from e2etherapy.relay.settings import Settings

_SOON = timedelta(days=14)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def examine(config: Path | None, flags: dict[str, Any]) -> RelayExamination:
    """Look at everything that can be looked at without the relay's help."""
    checks = [_version()]
    try:
        _, settings = configured(config, flags)
    except RelaySetupError as error:
        checks.append(look("configuration", f"{error}{_beginning(config, flags)}"))
    else:
        checks += _of_settings(settings, _start(config, flags))
    return RelayExamination(healthy=all(check.ok for check in checks), checks=checks)


def _beginning(config: Path | None, flags: dict[str, Any]) -> str:
    """Say how to begin, to somebody who has not set anything."""
    if config is not None or any(value is not None for value in flags.values()):
        return ""
    return (
        " deploy/relay.toml is a file to begin with, for --config. To try a relay on this machine: "
        "e2etherapy relay serve --listen 127.0.0.1:8700 --database relay.db"
    )


def _start(config: Path | None, flags: dict[str, Any]) -> str:
    """Return the command that starts the relay that was asked about."""
    named = {"--config": config} | {option.flag: flags.get(option.name) for option in OPTIONS}
    words = ["e2etherapy", "relay", "serve"]
    for flag, value in named.items():
        if isinstance(value, bool):
            words.append(flag if value else f"--not-{flag.removeprefix('--')}")
        elif value is not None:
            words += [flag, str(value)]
    return shlex.join(words)


def _of_settings(settings: Settings, start: str) -> list[RelayCheck]:
    return [
        fine("configuration", "The configuration can be used."),
        _exposure(settings),
        *([_certificate(settings)] if settings.certificate else []),
        *relay_storage.examine(settings, start),
        _permissions(settings),
        _open_files(settings),
        _memory(),
        _log(),
    ]


def _version() -> RelayCheck:
    try:
        version = metadata.version("e2etherapy")
    except metadata.PackageNotFoundError:
        version = "from its source folder"
    return fine("version", f"e2etherapy {version}.")


def _exposure(settings: Settings) -> RelayCheck:
    try:
        check_exposure(settings.listen, settings.certificate, behind_proxy=settings.behind_proxy)
    except RelaySetupError as error:
        return look("exposure", str(error))
    if settings.listen.is_local:
        return fine("exposure", "Only this machine reaches the relay itself.")
    if settings.certificate is None:
        return look(
            "exposure",
            "Other machines reach the relay without TLS. Let a firewall admit the proxy alone, or "
            "listen on 127.0.0.1 or a Unix socket.",
        )
    return fine("exposure", "Other machines reach the relay, with TLS.")


def _certificate(settings: Settings) -> RelayCheck:
    if settings.certificate is None:
        return fine("certificate", "The relay has no certificate of its own.")
    try:
        validity = validity_of(settings.certificate)
    except RelaySetupError as error:
        return look("certificate", str(error))
    if validity.end is None:
        return look("certificate", f"{validity.problem} Renew it, then send SIGHUP.")
    left = validity.end - datetime.now(UTC)
    sentence = f"The certificate holds until {validity.end:%Y-%m-%d}."
    if left < _SOON:
        return look("certificate", f"{sentence} Renew it, then send SIGHUP.")
    return fine("certificate", sentence)


def _permissions(settings: Settings) -> RelayCheck:
    database = settings.database if isinstance(settings.database, Path) else None
    key = [settings.certificate.key] if settings.certificate else []
    files = [*([database, Path(f"{database}-wal")] if database else []), *key]
    for file in files:
        if file.exists() and file.stat().st_mode & _OTHERS:
            return look("permissions", f"Others may read {file}. Run: chmod 600 '{file}'")
    if database is None:
        return fine("permissions", "Nobody but its owner reads a key of the relay.")
    folder = database.absolute().parent
    if folder.is_dir() and folder.stat().st_mode & _WRITE_BY_OTHERS:
        return look("permissions", f"Others may write in {folder}. Run: chmod 700 '{folder}'")
    if folder.is_dir() and not os.access(folder, os.W_OK):
        return look("permissions", f"This user may not write in {folder}. Be the relay's user.")
    if not database.exists():
        return fine("permissions", "The database will be its owner's alone to read.")
    return fine("permissions", "Nobody but their owner reads the database and the key.")


def _open_files(settings: Settings) -> RelayCheck:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.limits.connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < needed:
        return look(
            "open files",
            f"This user may open {hard:,} files, and {settings.limits.connections:,} connections "
            f"need {needed:,}. Raise LimitNOFILE, or lower 'connections'.",
        )
    return fine("open files", f"{settings.limits.connections:,} connections can be open.")


def _memory() -> RelayCheck:
    swaps = Path("/proc/swaps")
    used = swaps.exists() and len(swaps.read_text().splitlines()) > 1
    if used:
        return look(
            "memory",
            "This machine swaps: keys that devices show can reach a disk. Switch swap off, encrypt "
            "it, or keep the relay out of it (MemorySwapMax=0, as deploy/ does).",
        )
    return fine("memory", "This machine does not swap, and the relay leaves no core dump.")


def _log() -> RelayCheck:
    return fine(
        "log",
        "The relay logs to standard error, with days as its only time. The system's journal adds "
        "a moment to each line: docs/operator.md says how to keep it from disk.",
    )
