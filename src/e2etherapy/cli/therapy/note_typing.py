"""Typing a process note: with each Enter it is sealed, under the secret of the notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.therapy import notes_secret
from e2etherapy.cli.typing_desk import Typing
from e2etherapy.cli.typing_desk import typed as typed_at_desk

if TYPE_CHECKING:
    from e2etherapy.cli.invocation import Invocation
    from e2etherapy.messenger.autosaving import Begun
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.vault.notes_key import OpenedKey

_KEPT_BEFORE = "What was typed before the secret was changed is offered again."


@dataclass(slots=True)
class _LockedDrawer:
    """What opens with the secret of the notes only; `kept` is what it was given last."""

    messenger: Messenger
    key: OpenedKey
    name: str
    kept: str = ""

    async def begun(self) -> list[Begun]:
        """Return what was begun on this person, the newest first."""
        return await self.messenger.begun_notes(self.key, self.name)

    async def keep(self, text: str, before: str) -> None:
        """Seal a text in the place of what was sealed of it before."""
        await self.messenger.keep_begun_note(self.key, self.name, text, before=before)
        self.kept = text


async def typed(
    invocation: Invocation, messenger: Messenger, key: OpenedKey, name: str
) -> tuple[OpenedKey, str]:
    """Let a person type a note; return the key that opens the notes after that, and the note.

    Raises:
        InvalidText: it is not UTF-8.
        PassphraseMissing: the secret was changed meanwhile, and there is no terminal to ask at.
        VaultBusy: another process has not let go of the vault since.
    """
    drawer = _LockedDrawer(messenger, key, name)
    typing = Typing(f"Your note on {inert_line(name)}.", drawer, "Nothing was written.")
    words = await typed_at_desk(invocation, messenger, typing)
    with invocation.meanwhile(f"Nothing was written. {_KEPT_BEFORE}"):
        current = await notes_secret.current(messenger, key)
    if current is not key:
        # What was kept before the change is sealed anew: the whole takes its place.
        await messenger.keep_begun_note(current, name, words, before=drawer.kept)
    return current, words
