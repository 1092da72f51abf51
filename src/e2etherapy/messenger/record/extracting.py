"""Asking whether entries of the record may be passed on, and answering that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from e2etherapy.errors import MessengerError
from e2etherapy.journal import record
from e2etherapy.journal.chain import Entry
from e2etherapy.journal.shown import Authors, Shown, show
from e2etherapy.messenger.care.speaking import (
    numbered,
    require_role,
    require_words,
    speaking,
)
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.outbound.courier import no_progress
from e2etherapy.messenger.record import exporting, journaling
from e2etherapy.messenger.views import SendReport
from e2etherapy.therapy.care.extracts import AskedExtract, digest_of
from e2etherapy.vault import conversations, erasures
from e2etherapy.vault.records import ConversationRecord
from e2etherapy.wire.care import MAX_DOCUMENT, MAX_EXTRACT, ExtractAnswer, ExtractRequest
from e2etherapy.wire.role import Role


@dataclass(frozen=True, slots=True, repr=False)
class RecordEntry:
    """An entry of a conversation's record that both devices hold, and that can be passed on.

    Attributes:
        number: its position in the book of this device; the other one's is another.
        digest: by which a request names it, 32 bytes.
        shown: as a person reads it.
    """

    number: int
    digest: bytes
    shown: Shown


@dataclass(frozen=True, slots=True, repr=False)
class ExtractView:
    """What was asked for, and exactly what would be passed on.

    Attributes:
        number: among all requests of the conversation, from 1; it stays.
        asked: the request, and what became of it.
        entries: those that it names, as they stand on this device.
        missing: how many of them are not here.
    """

    number: int
    asked: AskedExtract
    entries: tuple[RecordEntry, ...]
    missing: int


async def entries(device: Device, name: str, *, hidden: bool) -> tuple[RecordEntry, ...]:
    """Return what of a conversation could be passed on, what is hidden only if that is asked for.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    (book,) = await journaling.books(device, found.name)
    whole = await exporting.whole_book(device, book)
    out = await erasures.hidden_positions(device.vault.db, book.id)
    return _entries(found, whole.entries, whole.authors, frozenset() if hidden else out)


def _entries(
    found: ConversationRecord, stored: Sequence[Entry], authors: Authors, out: frozenset[int]
) -> tuple[RecordEntry, ...]:
    listed = []
    for entry in stored:
        shown = show(entry, authors)
        if entry.content is None or shown.kind != "message" or entry.position in out:
            continue
        said = record.decode(entry.content)
        if isinstance(said, record.Message):
            author = found.role if said.direction == "sent" else found.role.other()
            digest = digest_of(author, bytes(said.item))
            listed.append(RecordEntry(entry.position, digest, shown))
    return tuple(listed)


async def ask(
    device: Device, name: str, numbers: Collection[int], text: str, *, hidden: bool = False
) -> SendReport:
    """Ask a client whether some entries may be shown to somebody else.

    Args:
        device: the therapist's.
        name: the conversation's.
        numbers: of the entries, as `entries` numbers them.
        text: to whom they would be shown, and why.
        hidden: some may be hidden.

    Raises:
        WrongRole: this is a client's vault.
        InvalidText: the text is empty or too long.
        MessengerError: an entry cannot be passed on, or 20 requests are open.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.THERAPIST, "asks for an extract")
    require_words(text, "The reason", MAX_DOCUMENT)
    known = {one.number: one.digest for one in await entries(device, name, hidden=hidden)}
    unknown = sorted(set(numbers) - known.keys())
    if unknown:
        raise MessengerError(
            f"Entry {unknown[0]} is hidden, or no message that both of you have. 'e2etherapy "
            "extract entries' lists what can be passed on, --hidden all of it. Nothing was sent."
        )
    if not 1 <= len(set(numbers)) <= MAX_EXTRACT:
        raise MessengerError(f"Name 1 to {MAX_EXTRACT} entries. Nothing was sent.")
    named = [known[number] for number in sorted(set(numbers))]
    async with speaking(device, name) as speaker:
        item = speaker.say(ExtractRequest, text=text, entries=named)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)


async def shown(device: Device, name: str) -> tuple[ExtractView, ...]:
    """Return every request of a conversation with what it would pass on, the first one first.

    Raises:
        UnknownConversation: there is no such conversation.
    """
    found = await conversations.named(device.vault.db, name)
    requests = (await care_of(device.vault.db, found)).extracts.all()
    here = {one.digest: one for one in await entries(device, name, hidden=True)} if requests else {}
    return tuple(_view(asked.number, asked, here) for asked in requests)


def _view(number: int, asked: AskedExtract, here: Mapping[bytes, RecordEntry]) -> ExtractView:
    found = tuple(here[digest] for digest in asked.entries if digest in here)
    return ExtractView(number, asked, found, len(asked.entries) - len(found))


async def answer(device: Device, name: str, number: int, *, allowed: bool) -> SendReport:
    """Allow that exactly these entries are shown, refuse it, or take back what was allowed.

    Args:
        device: the client's.
        name: the conversation's.
        number: the request's, from 1.
        allowed: False refuses, also what was allowed before.

    Raises:
        WrongRole: this is a therapist's vault.
        MessengerError: there is no such request, it was answered, or what it names is not here.
        UnknownConversation, NotReady, IdentityUnconfirmed: nothing can be sent to this person.
    """
    require_role(device, Role.CLIENT, "answers what may be passed on")
    view = numbered(await shown(device, name), number, "extract")
    if allowed and view.missing:
        raise MessengerError(
            f"Entries that it names are not on this device ({view.missing}), so that you cannot "
            "see all that would be passed on. It cannot be allowed. Nothing was sent."
        )
    async with speaking(device, name) as speaker:
        item = speaker.say(ExtractAnswer, answers=view.asked.id, allowed=allowed)
    return await sending.report(device, speaker.composer.conversation, item, no_progress)
