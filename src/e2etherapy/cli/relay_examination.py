"""What `relay doctor` looks at."""

from __future__ import annotations

import os
import resource
import shlex
import stat
import time
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2etherapy.cli import event_loop
from e2etherapy.cli.relay_answers import RelayCheck, RelayExamination
from e2etherapy.cli.serving import configured
from e2etherapy.errors import RelaySetupError
from e2etherapy.relay.limits import SPARE_FILES
from e2etherapy.relay.listening import check_exposure
from e2etherapy.relay.options import OPTIONS
from e2etherapy.relay.sqlite.inspection import condition
from e2etherapy.relay.tls import validity_of
from e2etherapy.wire.envelope import ENVELOPE_SIZE

if TYPE_CHECKING:
    from e2etherapy.relay.database_place import PostgresDatabase
    from e2etherapy.relay.settings import Settings

_SOON = timedelta(days=14)
_LITTLE_ROOM = 1 << 30
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_FORGETFUL = {
    **dict.fromkeys(("tmpfs", "ramfs"), "it is gone with the next restart of the machine"),
    **dict.fromkeys(("overlay", "overlayfs"), "it is gone with the container"),
    **dict.fromkeys(("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"), "locks are not reliable"),
}
_DAY = 86_400


def examine(config: Path | None, flags: dict[str, Any]) -> RelayExamination:
    """Look at everything that can be looked at without the relay's help."""
    checks = [_version()]
    try:
        _, settings = configured(config, flags)
    except RelaySetupError as error:
        checks.append(_look("configuration", f"{error}{_beginning(config, flags)}"))
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
        _fine("configuration", "The configuration can be used."),
        _exposure(settings),
        *([_certificate(settings)] if settings.certificate else []),
        *_place(settings, start),
        _open_files(settings),
        _memory(),
        _log(),
    ]


def _place(settings: Settings, start: str) -> list[RelayCheck]:
    if not isinstance(settings.database, Path):
        return [_server(settings.database), _permissions(settings, None)]
    return [
        *_database(settings.database, start),
        _file_system(settings.database.absolute().parent),
        _disk(settings, settings.database),
        _permissions(settings, settings.database),
    ]


def _server(place: PostgresDatabase) -> RelayCheck:
    from e2etherapy.relay.postgres.inspection import examine as examine_server

    try:
        version, newest = event_loop.run(examine_server(place))
    except RelaySetupError as error:
        return _look("database", str(error))
    if version is None:
        return _fine("database", "The database is empty; the relay makes its tables.")
    if version < newest:
        sentence = f"The database has version {version}. Run 'e2etherapy relay migrate'."
        return _look("database", sentence)
    return _fine("database", f"The database has version {version}, with safe settings.")


def _version() -> RelayCheck:
    try:
        version = metadata.version("e2etherapy")
    except metadata.PackageNotFoundError:
        version = "from its source folder"
    return _fine("version", f"e2etherapy {version}.")


def _exposure(settings: Settings) -> RelayCheck:
    try:
        check_exposure(settings.listen, settings.certificate, behind_proxy=settings.behind_proxy)
    except RelaySetupError as error:
        return _look("exposure", str(error))
    if settings.listen.is_local:
        return _fine("exposure", "Only this machine reaches the relay itself.")
    if settings.certificate is None:
        return _look(
            "exposure",
            "Other machines reach the relay without TLS. Let a firewall admit the proxy alone, or "
            "listen on 127.0.0.1 or a Unix socket.",
        )
    return _fine("exposure", "Other machines reach the relay, with TLS.")


def _certificate(settings: Settings) -> RelayCheck:
    if settings.certificate is None:
        return _fine("certificate", "The relay has no certificate of its own.")
    try:
        validity = validity_of(settings.certificate)
    except RelaySetupError as error:
        return _look("certificate", str(error))
    if validity.end is None:
        return _look("certificate", f"{validity.problem} Renew it, then send SIGHUP.")
    left = validity.end - datetime.now(UTC)
    sentence = f"The certificate holds until {validity.end:%Y-%m-%d}."
    if left < _SOON:
        return _look("certificate", f"{sentence} Renew it, then send SIGHUP.")
    return _fine("certificate", sentence)


def _database(database: Path, start: str) -> list[RelayCheck]:
    if not database.exists():
        sentence = f"There is no database yet. The first start makes it: {start}"
        return [_fine("database", sentence)]
    try:
        found = condition(database)
    except RelaySetupError as error:
        return [_look("database", str(error))]
    checks = [_fine("database", f"The database has version {found.version}, with safe settings.")]
    if found.version < found.newest_version:
        sentence = f"The database has version {found.version}; the relay brings it forward."
        checks = [_fine("database", sentence)]
    if found.journal_mode != "wal":
        checks = [_fine("database", "The database is a copy; the relay makes it safe to use.")]
    today = int(time.time() // _DAY)
    if found.latest_day is not None and found.latest_day > today:
        sentence = "The clock is behind: there are envelopes of a day to come. Set it."
        return [*checks, _look("clock", sentence)]
    return [*checks, _fine("clock", f"By this machine's clock it is {datetime.now(UTC):%Y-%m-%d}.")]


def _file_system(folder: Path) -> RelayCheck:
    kind = _kind_of_file_system(folder)
    if kind in _FORGETFUL:
        return _look(
            "file system",
            f"The database lies on {kind}: {_FORGETFUL[kind]}. Use a disk of this machine.",
        )
    return _fine("file system", f"The database lies on {kind or 'a file system'}.")


def _kind_of_file_system(folder: Path) -> str | None:
    mounts = Path("/proc/self/mountinfo")
    if not mounts.exists():
        return None
    best: tuple[int, str | None] = (0, None)
    for line in mounts.read_text().splitlines():
        head, _, tail = line.partition(" - ")
        point = head.split()[4].encode().decode("unicode_escape")
        if folder.is_relative_to(point) and len(point) >= best[0]:
            best = len(point), tail.split()[0]
    return best[1]


def _disk(settings: Settings, database: Path) -> RelayCheck:
    folder = database.absolute().parent
    if not folder.is_dir():
        sentence = f"The folder of the database does not exist. Run: {_make(folder)}"
        return _look("disk", sentence)
    found = os.statvfs(folder)
    room = found.f_bavail * found.f_frsize
    sentence = f"There is room for more envelopes, about {room // ENVELOPE_SIZE:,}."
    if room < max(settings.limits.disk_reserve_bytes, _LITTLE_ROOM):
        return _look("disk", f"{sentence} Make room before the relay has to refuse them.")
    return _fine("disk", sentence)


def _make(folder: Path) -> str:
    return shlex.join(["mkdir", "-p", "-m", "700", str(folder)])


def _permissions(settings: Settings, database: Path | None) -> RelayCheck:
    key = [settings.certificate.key] if settings.certificate else []
    files = [*([database, Path(f"{database}-wal")] if database else []), *key]
    for file in files:
        if file.exists() and file.stat().st_mode & _OTHERS:
            return _look("permissions", f"Others may read {file}. Run: chmod 600 '{file}'")
    if database is None:
        return _fine("permissions", "Nobody but its owner reads a key of the relay.")
    folder = database.absolute().parent
    if folder.is_dir() and folder.stat().st_mode & _WRITE_BY_OTHERS:
        return _look("permissions", f"Others may write in {folder}. Run: chmod 700 '{folder}'")
    if folder.is_dir() and not os.access(folder, os.W_OK):
        return _look("permissions", f"This user may not write in {folder}. Be the relay's user.")
    if not database.exists():
        return _fine("permissions", "The database will be its owner's alone to read.")
    return _fine("permissions", "Nobody but their owner reads the database and the key.")


def _open_files(settings: Settings) -> RelayCheck:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.limits.connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < needed:
        return _look(
            "open files",
            f"This user may open {hard:,} files, and {settings.limits.connections:,} connections "
            f"need {needed:,}. Raise LimitNOFILE, or lower 'connections'.",
        )
    return _fine("open files", f"{settings.limits.connections:,} connections can be open.")


def _memory() -> RelayCheck:
    swaps = Path("/proc/swaps")
    used = swaps.exists() and len(swaps.read_text().splitlines()) > 1
    if used:
        return _look(
            "memory",
            "This machine swaps: keys that devices show can reach a disk. Switch swap off, encrypt "
            "it, or keep the relay out of it (MemorySwapMax=0, as deploy/ does).",
        )
    return _fine("memory", "This machine does not swap, and the relay leaves no core dump.")


def _log() -> RelayCheck:
    return _fine(
        "log",
        "The relay logs to standard error, with days as its only time. The system's journal adds "
        "a moment to each line: docs/operator.md says how to keep it from disk.",
    )


def _fine(name: Any, sentence: str) -> RelayCheck:  # noqa: ANN401 - one of the answer's names
    return RelayCheck(name=name, ok=True, sentence=sentence)


def _look(name: Any, sentence: str) -> RelayCheck:  # noqa: ANN401 - one of the answer's names
    return RelayCheck(name=name, ok=False, sentence=sentence)
