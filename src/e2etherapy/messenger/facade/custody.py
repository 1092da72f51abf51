"""What becomes of the record: hidden, erased, kept for a time or held; and notes beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from e2etherapy.messenger.autosaving import Begun
from e2etherapy.messenger.opening import OpenDevice
from e2etherapy.messenger.record import (
    begun_notes,
    erasing,
    holding,
    notes_secret,
    noting,
    retaining,
)
from e2etherapy.messenger.record.erasing import EntryView, ErasedView, HiddenView
from e2etherapy.messenger.record.holding import HoldView
from e2etherapy.messenger.record.noting import NotesView, NoteView
from e2etherapy.messenger.record.retaining import Retained, RuleView
from e2etherapy.vault.notes_key import OpenedKey


class Custody(OpenDevice):
    """What a messenger does with what is kept.

    Where a name may be None, the private journal is meant. Notes, rules and holds are a
    therapist's: in a client's vault these methods raise WrongRole.
    """

    async def entries(self, name: str | None, *, hidden: bool = False) -> list[EntryView]:
        """Return the entries of the record with their numbers, the hidden ones only if asked.

        Raises:
            UnknownConversation: there is no such conversation.
        """
        return await erasing.entries(self.device, name, hidden=hidden)

    async def hide(self, name: str | None, numbers: Collection[int]) -> HiddenView:
        """Show entries no more unless asked for; nothing is lost.

        Raises:
            UnknownConversation, MessengerError: there is no such entry, or it was erased.
        """
        return await erasing.hide(self.device, name, numbers)

    async def unhide(self, name: str | None, numbers: Collection[int]) -> HiddenView:
        """Show entries again.

        Raises:
            UnknownConversation, MessengerError: there is no such entry, or it was erased.
        """
        return await erasing.unhide(self.device, name, numbers)

    async def erase(self, name: str | None, numbers: Collection[int], reason: str) -> ErasedView:
        """Erase what entries say from this device, for good; the record says when and why.

        Raises:
            LegalHold: nothing of this conversation may be erased.
            UnknownConversation, MessengerError: an entry is not there, was erased before or has to
                stay; the reason cannot be one; or what has to be seen first is open.
        """
        return await erasing.erase(self.device, name, numbers, reason)

    async def has_notes_secret(self) -> bool:
        """Say whether the process notes have a secret."""
        return await notes_secret.is_chosen(self.device)

    async def choose_notes_secret(self, secret: str) -> None:
        """Choose the first secret of the process notes; nothing else opens them.

        Raises:
            MessengerError: there is one, or it is the vault's passphrase.
        """
        await notes_secret.choose(self.device, secret)

    async def unlock_notes(self, secret: str) -> OpenedKey:
        """Return the key of the process notes; drop it to lock them again.

        Raises:
            WrongNotesSecret: it is another secret.
            MessengerError: there is none yet.
        """
        return await notes_secret.unlock(self.device, secret)

    async def begun_notes(self, key: OpenedKey, name: str) -> list[Begun]:
        """Return what was begun to be typed as notes on a person, the newest first.

        Raises:
            NotesKeyReplaced: the secret was changed since `unlock_notes`.
            UnknownConversation: there is no such conversation.
        """
        return await begun_notes.begun(self.device, key, name)

    async def keep_begun_note(
        self, key: OpenedKey, name: str, text: str, *, before: str = ""
    ) -> None:
        """Seal what is typed so far; `write_note` forgets it when it takes this very text.

        It takes the place of what was kept of it `before`, and of nothing else; an empty text
        forgets that.

        Raises:
            NotesKeyReplaced: the secret was changed since `unlock_notes`.
            UnknownConversation: there is no such conversation.
        """
        await begun_notes.keep(self.device, key, name, text, before=before)

    async def change_notes_secret(self, key: OpenedKey, secret: str) -> int:
        """Seal all notes under a new key and a new secret; return how many are damaged.

        Raises:
            NotesKeyReplaced: it was changed since `unlock_notes`, as by another process.
            MessengerError: it is the vault's passphrase.
        """
        return await notes_secret.change(self.device, key, secret)

    async def require_losable_notes(self) -> None:
        """Refuse to erase the notes where their secret cannot be what is wrong.

        Raises:
            LegalHold: there are notes on a conversation of which nothing may be erased.
            MessengerError: no secret was chosen yet.
            VaultTooNew: a newer version opens them.
        """
        await notes_secret.require_losable(self.device)

    async def start_notes_anew(self, secret: str) -> int:
        """Erase the notes whose secret is lost, and choose another; return how many they were.

        Raises:
            LegalHold, VaultTooNew: as for `require_losable_notes`.
            MessengerError: no secret was chosen yet, or it is the vault's passphrase.
        """
        return await notes_secret.start_anew(self.device, secret)

    async def require_not_notes_secret(self, passphrase: str) -> None:
        """Refuse the secret of the process notes as the vault's passphrase.

        Raises:
            MessengerError: it is that.
        """
        await notes_secret.require_another_than(self.device, passphrase)

    async def write_note(self, key: OpenedKey, name: str, text: str) -> NoteView:
        """Keep a process note on a conversation; it is in no record, search, export or message.

        Raises:
            InvalidText: the text cannot be kept.
            NotesKeyReplaced: the secret was changed since `unlock_notes`.
            UnknownConversation: there is no such conversation.
        """
        return await noting.write(self.device, key, name, text)

    async def notes(self, key: OpenedKey, name: str) -> list[NoteView]:
        """Return the process notes on a conversation, the first one first.

        Raises:
            NotesKeyReplaced: the secret was changed since `unlock_notes`.
            UnknownConversation: there is no such conversation.
        """
        return await noting.shown(self.device, key, name)

    async def notes_by_conversation(self) -> list[NotesView]:
        """Return on whom there are process notes; that takes no secret."""
        return await noting.listed(self.device)

    async def erase_note(self, name: str, number: int) -> NoteView:
        """Erase what a process note says; its number and time stay.

        Raises:
            LegalHold: nothing of this conversation may be erased.
            UnknownConversation, MessengerError: there is no such note.
        """
        return await noting.erase(self.device, name, number)

    async def set_retention(self, name: str | None, rule: str) -> RuleView:
        """Set how long a conversation is kept, or all that have no rule of their own.

        Raises:
            InvalidRetention: the words name no rule.
            UnknownConversation: there is no such conversation.
        """
        return await retaining.set_rule(self.device, name, rule)

    async def retention(self) -> Retained:
        """Return how long each conversation is kept, and what is due."""
        return await retaining.shown(self.device)

    async def apply_retention(
        self, names: Sequence[str], today: date | None = None
    ) -> list[ErasedView]:
        """Erase all that is kept of conversations that are due, and of no others.

        Args:
            names: of the conversations.
            today: the day by its owner's word, for a device whose clock is not believed.

        Raises:
            ClockDisputed, LegalHold, UnknownConversation, MessengerError: nothing was erased.
        """
        return await retaining.apply(self.device, names, today)

    async def place_hold(self, name: str, reason: str) -> HoldView:
        """Let nothing of a conversation be erased, by whatever way, until that is lifted.

        Raises:
            UnknownConversation, MessengerError: one stands already, or the reason cannot be one.
        """
        return await holding.place(self.device, name, reason)

    async def lift_hold(self, name: str, reason: str) -> HoldView:
        """Let a conversation be erased again.

        Raises:
            UnknownConversation, MessengerError: there is none, or the reason cannot be one.
        """
        return await holding.lift(self.device, name, reason)
