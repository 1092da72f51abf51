"""What a vault's owner has set, and the vault's own identity."""

from __future__ import annotations

from enum import StrEnum

from e2etherapy.errors import MalformedData, MessengerError
from e2etherapy.mailbox.capabilities import Allowance
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.address import relay_url
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.vault.vault import Vault
from e2etherapy.wire import base64url
from e2etherapy.wire.item import MAX_NAME_LENGTH
from e2etherapy.wire.role import Role


class Setting(StrEnum):
    """Names of settings in the vault."""

    RELAY = "relay"
    NAME = "name"
    ALLOWANCE = "allowance"
    IDENTITY = "identity"
    READ_MARKS = "read-marks"
    SAFETY_PLAN = "safety-plan"
    EMERGENCY_CARD = "emergency-card"


async def text_setting(vault: Vault, setting: Setting) -> str | None:
    """Return a setting that is text."""
    value = await vault.setting(setting)
    return None if value is None else value.decode()


def parse_allowance(text: str) -> Allowance:
    """Read an allowance as the operator handed it over.

    Raises:
        MessengerError: it is not one.
    """
    try:
        return Allowance(base64url.decode(text.strip(), Allowance.SIZE))
    except MalformedData:
        raise MessengerError(
            "This is not a whole allowance: it has 43 letters, digits, - and _. Copy all of it."
        ) from None


def check(relay: str, name: str | None, allowance: str | None) -> None:
    """Refuse first settings that cannot be used, before anything is asked or made.

    Raises:
        InvalidLink: not the address of a relay.
        MessengerError: not an allowance, or not a name.
    """
    relay_url(relay)
    if name is not None:
        checked_name(name)
    if allowance is not None:
        parse_allowance(allowance)


def first_settings(
    role: Role, relay: str, name: str | None, allowance: str | None, entropy: Entropy
) -> dict[str, bytes]:
    """Return the settings of a new vault, a therapist's identity key among them.

    Raises:
        InvalidLink: not the address of a relay.
        MessengerError: not an allowance, or not a name.
    """
    chosen: dict[str, bytes] = {Setting.RELAY: relay_url(relay).encode()}
    if role is Role.THERAPIST:
        chosen[Setting.IDENTITY] = bytes(X25519Secret.generate(entropy))
    if name is not None:
        chosen[Setting.NAME] = checked_name(name).encode()
    if allowance is not None:
        chosen[Setting.ALLOWANCE] = bytes(parse_allowance(allowance))
    return chosen


async def put(device: Device, setting: Setting, value: bytes | None) -> None:
    """Write or remove one setting."""
    change = await device.begin_private()
    if value is None:
        change.unset(setting)
    else:
        change.set(setting, value)
    await device.vault.commit(change)


def checked_name(name: str) -> str:
    """Return a name that can stand in an invitation.

    Raises:
        MessengerError: it is too long, empty, or holds control characters.
    """
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME_LENGTH:
        raise MessengerError(f"A name has 1 to {MAX_NAME_LENGTH} printable characters.")
    return " ".join(name.split())
