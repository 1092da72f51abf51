"""Making a vault, opening it and closing it."""

from __future__ import annotations

from typing import Self

from e2etherapy.messenger import settings
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.waking import let_wake
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.vault import creation, keyslots, vault
from e2etherapy.vault.vault import Place
from e2etherapy.wire.role import Role


class OpenDevice:
    """A device with an open vault; an asynchronous context manager."""

    def __init_subclass__(cls) -> None:
        """Let every method that is added first open a vault again that was let go of."""
        super().__init_subclass__()
        let_wake(cls)

    def __init__(self, device: Device) -> None:
        """Take a device; it is closed together with this."""
        self.device = device

    @classmethod
    async def create(  # noqa: PLR0913 - what somebody is asked who makes a vault
        cls,
        place: Place,
        role: Role,
        passphrase: str,
        relay: str,
        *,
        name: str | None = None,
        allowance: str | None = None,
    ) -> tuple[Self, str]:
        """Make a vault; return it open, and the 24 recovery words, which are shown once.

        Args:
            place: where the vault lies.
            role: whose vault it is.
            passphrase: opens it from now on.
            relay: URL of the relay.
            name: how its owner is called in invitations and to the other side.
            allowance: a therapist's right to make mailboxes, from the operator.

        Raises:
            VaultExists: there is a vault already.
            InvalidLink, MessengerError: relay, name or allowance are not usable.
        """
        first = settings.first_settings(role, relay, name, allowance, system_entropy)
        made, words = await creation.create(place, role, passphrase, first, system_entropy)
        return cls(Device(made)), words

    @classmethod
    async def open(cls, place: Place, passphrase: str) -> Self:
        """Open a vault with its passphrase.

        Raises:
            VaultMissing, WrongPassphrase, VaultBusy, VaultTooNew, VaultDamaged: it stays closed.
        """
        slots = keyslots.read(place.folder)
        key = keyslots.unlock_with_passphrase(slots, passphrase)
        return cls(Device(await vault.unlock(place, slots, key)))

    @classmethod
    async def open_with_recovery_words(cls, place: Place, words: str) -> Self:
        """Open a vault with the 24 words, to set a new passphrase.

        Raises:
            WrongPassphrase: they are not this vault's words.
            VaultMissing, VaultBusy, VaultTooNew, VaultDamaged: it stays closed.
        """
        slots = keyslots.read(place.folder)
        key = keyslots.unlock_with_recovery_words(slots, words)
        return cls(Device(await vault.unlock(place, slots, key)))

    def change_passphrase(self, passphrase: str) -> None:
        """Replace the passphrase; the recovery words stay as they are."""
        self.device.vault.change_passphrase(passphrase, self.device.entropy)

    async def __aenter__(self) -> Self:
        """Return it, open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections and the vault."""
        await self.device.__aexit__()

    @property
    def role(self) -> Role:
        """Whose vault it is."""
        return self.device.vault.role
