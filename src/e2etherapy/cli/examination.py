"""What `doctor` looks at."""

from __future__ import annotations

import platform
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from e2etherapy.cli import clocks
from e2etherapy.cli.answers import Check, Examination
from e2etherapy.cli.invocation import Invocation
from e2etherapy.errors import (
    RelayError,
    RelayProtocolError,
    RelayUnreachable,
    VaultMissing,
)

if TYPE_CHECKING:
    from pathlib import Path

    from e2etherapy.messenger.messenger import Messenger

_TIMEOUT_SECONDS = 10.0


class Health(NamedTuple):
    """What a relay says of itself: its API versions, its day, and the time of its answer."""

    versions: list[str]
    day: date | None
    answered: datetime | None
    ends: datetime | None = None
    """When it will stop to speak this program's version (RFC 8594), where it says so."""


class _Told(msgspec.Struct, frozen=True):
    versions: list[str]
    now: date | None = None


def examine(invocation: Invocation, *, only_copy: bool) -> Examination:
    """Look at everything.

    Raises:
        VaultError: the vault cannot be opened for another reason than that there is none.
    """

    async def look(messenger: Messenger) -> list[Check]:
        if only_copy:
            await messenger.trust_this_copy()
        noted = "Your word was noted" if only_copy else "Nothing was changed"
        invocation.if_stopped = f"Not everything was looked at. {noted}."
        return await _examine_vault(messenger)

    checks = [_version_check()]
    try:
        checks += invocation.unlocked(look)
    except VaultMissing as missing:
        checks.append(Check(name="vault", ok=False, sentence=str(missing)))
    return Examination(healthy=all(check.ok for check in checks), checks=checks)


async def _examine_vault(messenger: Messenger) -> list[Check]:
    from e2etherapy.messenger.clock import system_clock
    from e2etherapy.messenger.settings import Setting, text_setting

    vault = messenger.device.vault
    views = await messenger.conversations()
    checks = [
        Check(
            name="vault",
            ok=True,
            sentence=f"The vault in {vault.place.folder} opens; it is a {messenger.role}'s.",
        ),
        _copy_check(messenger),
        _disk_check(vault.place.folder),
        *await _allowance_checks(messenger),
    ]
    own = await text_setting(vault, Setting.RELAY)
    urls = dict.fromkeys([*([own] if own else []), *(view.relay for view in views)])
    for url in urls:
        checks += await examine_relay(url, system_clock())
    return checks


async def examine_relay(url: str, now: datetime) -> list[Check]:
    """Ask a relay how it is, and compare its clock with `now`."""
    from e2etherapy.messenger.line.versions import difference

    try:
        health = await _health(url)
    except RelayError as error:
        return [Check(name="relay", ok=False, sentence=f"{url}: {error}")]
    if (sentence := difference(health.versions)) is not None:
        return [Check(name="relay", ok=False, sentence=f"{url}: {sentence}")]
    return [_relay_check(url, health.ends), compare_clocks(now, health)]


def _relay_check(url: str, ends: datetime | None) -> Check:
    if ends is None:
        return Check(name="relay", ok=True, sentence=f"The relay {url} answers.")
    sentence = (
        f"The relay {url} answers, until {ends.date().isoformat()}: from then on it no longer "
        "speaks the language of this program. Update e2etherapy before."
    )
    return Check(name="relay", ok=False, sentence=sentence)


async def _health(url: str) -> Health:
    import aiohttp

    from e2etherapy.mailbox.operations import API
    from e2etherapy.messenger.line import versions

    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{url}{API}/health", allow_redirects=False) as response,
        ):
            status, body = response.status, await response.content.read(4_096)
            headers = response.headers
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise RelayUnreachable("The relay can't be reached. Check the network.") from None
    versions.check(status, body)
    try:
        told = msgspec.json.decode(body, type=_Told)
    except msgspec.DecodeError:
        raise RelayProtocolError("This address does not answer like a relay.") from None
    answered, ends = (_header_time(headers.get(name)) for name in ("Date", "Sunset"))
    return Health(told.versions, told.now, answered, ends)


def _header_time(header: str | None) -> datetime | None:
    if header is None:
        return None
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None


def compare_clocks(now: datetime, health: Health) -> Check:
    """Compare this device's clock with a relay's.

    The relay says its day; a proxy or the relay may also say the time of its answer.
    """
    if health.answered is not None and (apart := clocks.difference(now, health.answered)):
        return _wrong(f"This device's clock is {apart} the relay's.")
    if health.day is not None and not _same_day(now, health.day):
        days = abs((now.astimezone(UTC).date() - health.day).days)
        return _wrong(f"This device's date is {clocks.days(days)} off from the relay's.")
    return Check(name="clock", ok=True, sentence="This device's clock agrees with the relay's.")


def _same_day(now: datetime, day: date) -> bool:
    """Say whether it is that day here, give or take what an answer at midnight may be off."""
    near = {(now + shift).astimezone(UTC).date() for shift in (-clocks.TOLERANCE, clocks.TOLERANCE)}
    return day in near


def _wrong(what: str) -> Check:
    return Check(
        name="clock",
        ok=False,
        sentence=f"{what} Set the time in the system's settings: times of messages and the last "
        "days of invitations depend on it. No message is lost through it.",
    )


def _disk_check(folder: Path) -> Check:
    from e2etherapy.vault.database import FILE_NAME
    from e2etherapy.vault.room import has_room

    if has_room([folder / FILE_NAME, folder / f"{FILE_NAME}-wal"]):
        return Check(name="disk", ok=True, sentence="The disk has room for the vault to grow.")
    sentence = (
        "The disk has no room for the vault, or a limit on what this account may use is reached: "
        "reading works; writing and fetching do not. Free some space. Nothing was lost."
    )
    return Check(name="disk", ok=False, sentence=sentence)


async def _allowance_checks(messenger: Messenger) -> list[Check]:
    """Look whether a therapist can invite; a client needs no allowance."""
    from e2etherapy.messenger.settings import Setting
    from e2etherapy.wire.role import Role

    if messenger.role is not Role.THERAPIST:
        return []
    if await messenger.device.vault.setting(Setting.ALLOWANCE) is not None:
        sentence = "An allowance is set; only an invitation shows how much of it is left."
        return [Check(name="allowance", ok=True, sentence=sentence)]
    sentence = (
        "No allowance is set, and nobody can be invited without one. Ask the operator of the relay "
        "for it and set it: e2etherapy settings allowance - < allowance.txt"
    )
    return [Check(name="allowance", ok=False, sentence=sentence)]


def _copy_check(messenger: Messenger) -> Check:
    from e2etherapy.errors import OldCopy

    try:
        messenger.device.vault.require_only_copy()
    except OldCopy as old:
        return Check(name="copy", ok=False, sentence=str(old))
    return Check(name="copy", ok=True, sentence="This is the newest copy of it on this machine.")


def _version_check() -> Check:
    try:
        version = metadata.version("e2etherapy")
    except metadata.PackageNotFoundError:
        return Check(
            name="version",
            ok=True,
            sentence="e2etherapy runs from its source folder, without a version of its own.",
        )
    python = platform.python_version()
    return Check(name="version", ok=True, sentence=f"e2etherapy {version} on Python {python}.")
