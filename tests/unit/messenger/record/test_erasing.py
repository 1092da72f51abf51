"""Entries are hidden and shown again, and erased for good, while the record still verifies."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import LegalHold, MessengerError, UnknownConversation
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.record.erasing import EntryState
from tests.support.copies import Unpacked, in_book
from tests.support.devices import Two, texts, two
from tests.support.homes import MORNING
from tests.support.vault_pages import words_in

SAM, OKAFOR = "Sam", "Dr. Okafor"
SECRETS = ("incandescent", "periwinkle", "quixotry", "zanzibarian")
WHY = "Sent to the wrong person."


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        await made.client.send(OKAFOR, "incandescent periwinkle")
        file = ("quixotry.txt", "text/plain", b"zanzibarian songs. " * 4_000)
        await made.client.send_file(OKAFOR, file)
        await made.client.send(OKAFOR, "and some rain")
        await made.therapist.sync()
        yield made


async def numbers(messenger: Messenger, name: str | None, *words: str) -> list[int]:
    """Return the numbers of the entries that hold one of these words."""
    views = await messenger.entries(name, hidden=True)
    return [view.number for view in views if any(word in view.text for word in words)]


async def exported(messenger: Messenger, name: str) -> zipfile.ZipFile:
    file = io.BytesIO()
    await messenger.export(file, name)
    return zipfile.ZipFile(file)


async def test_what_is_hidden_is_not_shown_and_nothing_of_it_is_lost(pair: Two) -> None:
    chosen = await numbers(pair.therapist, SAM, "periwinkle")
    before = await pair.therapist.journal_verify()
    hidden = await pair.therapist.hide("sam", chosen)
    assert (hidden.name, list(hidden.entries)) == (SAM, chosen)
    assert "incandescent periwinkle" not in await texts(pair.therapist, SAM)
    assert await pair.therapist.search("periwinkle") == []
    assert chosen[0] not in [view.number for view in await pair.therapist.entries(SAM)]
    assert len(await pair.therapist.search("periwinkle", hidden=True)) == 1
    marked = [view for view in await pair.therapist.thread(SAM, hidden=True) if view.hidden]
    assert [(view.text, view.unread) for view in marked] == [("incandescent periwinkle", False)]
    (entry,) = [
        view for view in await pair.therapist.entries(SAM, hidden=True) if view.number in chosen
    ]
    assert entry.state is EntryState.HIDDEN
    assert "periwinkle" in in_book(await exported(pair.therapist, SAM), "journal.txt")
    await pair.therapist.unhide(SAM, chosen)
    assert "incandescent periwinkle" in await texts(pair.therapist, SAM)
    assert len(await pair.therapist.search("periwinkle")) == 1
    assert await pair.therapist.journal_verify() == before


async def test_what_is_hidden_is_shown_nowhere_unasked_and_passed_on_by_no_mistake(
    pair: Two,
) -> None:
    therapist = pair.therapist
    words = [await numbers(therapist, SAM, word) for word in ("periwinkle", "quixotry", "rain")]
    await therapist.hide(SAM, [number for some in words for number in some])

    async def seen(*, hidden: bool) -> str:
        exchange = (await therapist.context(SAM, hidden=hidden)).exchange
        offered = await therapist.record_entries(SAM, hidden=hidden)
        files = await therapist.attachments(SAM, hidden=hidden)
        assert [view.hidden for view in files] == [True] * len(files)
        return " ".join(
            [one.text for one in exchange]
            + [one.shown.text for one in offered]
            + [view.file.name for view in files]
        )

    assert [(await seen(hidden=False)).count(word) for word in ("periwinkle", "quixotry")] == [0, 0]
    assert [(await seen(hidden=True)).count(word) for word in ("periwinkle", "quixotry")] == [2, 3]
    assert (await therapist.context(SAM)).unanswered == 3
    assert (await therapist.numbered_attachment(SAM, 1)).file.name == "quixotry.txt"
    with pytest.raises(MessengerError, match=r"is hidden, or no message.*Nothing was sent"):
        await therapist.ask_extract(SAM, words[0], "Supervision.")
    await therapist.ask_extract(SAM, words[0], "Supervision.", hidden=True)
    (asked,) = await therapist.extracts(SAM)
    assert (asked.missing, len(asked.entries)) == (0, 1)


async def test_hiding_takes_nothing_off_the_queue(pair: Two) -> None:
    (waiting,) = await pair.therapist.queue()
    await pair.therapist.hide(SAM, await numbers(pair.therapist, SAM, *SECRETS, "rain"))
    assert await pair.therapist.queue() == (waiting,)


async def test_what_is_erased_is_nowhere_in_the_vault_and_the_record_verifies(
    pair: Two, tmp_path: Path
) -> None:
    chosen = await numbers(pair.therapist, SAM, *SECRETS)
    assert words_in(pair.therapist_home, *SECRETS) == set(SECRETS)
    await pair.therapist.hide(SAM, chosen[:1])
    pair.clock.forward(days=3)
    erased = await pair.therapist.erase(SAM, chosen, WHY)
    assert (erased.name, list(erased.entries)) == (SAM, chosen)
    assert words_in(pair.therapist_home, *SECRETS) == set()
    assert await pair.therapist.search("periwinkle", hidden=True) == []
    (file,) = [view for view in await pair.therapist.thread(SAM) if view.kind == "attachment"]
    with pytest.raises(UnknownConversation):
        await pair.therapist.attachment(SAM, file.id, author=file.author)
    assert (await texts(pair.therapist, SAM))[-1] == "and some rain"
    await pair.therapist.journal_verify()
    copy = await exported(pair.therapist, SAM)
    text = in_book(copy, "journal.txt")
    assert text.count(f"Erased from this device. Why: {WHY}") == len(chosen)
    assert text.count("Erased 2026-01-08 09:00:00 UTC.") == len(chosen)
    code, said = Unpacked(copy, tmp_path / "copy").verify()
    assert (code, b"Entries that were erased before this copy was made: 2." in said) == (0, True)
    await pair.therapist.device.vault.pause()
    assert words_in(pair.therapist_home, *SECRETS) == set()
    await pair.therapist.device.vault.resume()
    assert words_in(pair.client_home, *SECRETS) == set(SECRETS)


async def test_ones_own_words_are_erased_too_and_what_waits_is_still_delivered(pair: Two) -> None:
    file = ("kept.txt", "text/plain", b"xylograph " * 3_000)
    await pair.client.send_file(OKAFOR, file)
    await pair.client.erase(OKAFOR, await numbers(pair.client, OKAFOR, "kept.txt"), WHY)
    assert words_in(pair.client_home, "xylograph") == set()
    await pair.client.sync()
    await pair.therapist.sync()
    assert (await texts(pair.therapist, SAM))[-1] == "kept.txt"


async def test_the_conversation_goes_on_after_everything_in_it_was_erased(pair: Two) -> None:
    erased = await pair.therapist.erase(
        SAM, [view.number for view in await pair.therapist.entries(SAM)], WHY
    )
    assert len(erased.entries) > 5
    # What was erased waits for no answer, and counts no more.
    assert await pair.therapist.queue() == ()
    assert (await pair.therapist.caseload()).replies.waiting == 0
    await pair.client.send(OKAFOR, "still there?")
    await pair.therapist.sync()
    await pair.therapist.send(SAM, "yes")
    await pair.client.sync()
    assert (await texts(pair.therapist, SAM))[-2:] == ["still there?", "yes"]
    assert [view.state for view in await pair.therapist.entries(SAM)][:5] == ["erased"] * 5
    (counted,) = await pair.therapist.conversations()
    assert (counted.missing, counted.waiting) == (0, 0)
    # Only what was said since can be new.
    assert counted.unread == 1
    await pair.therapist.journal_verify()


async def test_entries_of_the_private_journal_are_hidden_and_erased_alike(pair: Two) -> None:
    await pair.client.journal_write("a marzipan day", 7)
    await pair.client.journal_write("a plain day")
    chosen = await numbers(pair.client, None, "marzipan")
    assert (await pair.client.hide(None, chosen)).name is None
    assert [view.text for view in await pair.client.journal()] == ["a plain day"]
    assert len(await pair.client.journal(hidden=True)) == 2
    erased = await pair.client.erase(None, chosen, WHY)
    assert (erased.name, list(erased.entries)) == (None, chosen)
    assert words_in(pair.client_home, "marzipan") == set()
    assert len(await pair.client.journal(hidden=True)) == 1
    await pair.client.journal_verify()


async def test_what_cannot_be_hidden_or_erased_changes_nothing(pair: Two) -> None:
    before = await pair.therapist.entries(SAM)
    for wrong, why, sentence in (
        ([], WHY, "Name at least one entry"),
        ([1, 99], WHY, "There is no entry 99 in Sam"),
        ([1], " ", "Say in 1 to 1,000 characters why"),
        ([1], "x" * 1_001, "Say in 1 to 1,000 characters why"),
        ([1], "\ud800", "Say in 1 to 1,000 characters why"),
    ):
        with pytest.raises(MessengerError, match=sentence):
            await pair.therapist.erase(SAM, wrong, why)
    with pytest.raises(MessengerError, match=r"no entry 99 in Sam\. Nothing was changed"):
        await pair.therapist.hide(SAM, [99])
    assert await pair.therapist.entries(SAM) == before
    await pair.therapist.erase(SAM, [4], WHY)
    with pytest.raises(MessengerError, match=r"Entry 4 was erased before\. Nothing was erased"):
        await pair.therapist.erase(SAM, [4], WHY)
    told = await numbers(pair.therapist, SAM, "by number: 4")
    with pytest.raises(
        MessengerError, match="accounts for what was erased, kept or passed on, and stays"
    ):
        await pair.therapist.erase(SAM, told, WHY)
    with pytest.raises(UnknownConversation):
        await pair.therapist.entries("Nobody")


async def test_a_hold_keeps_every_entry_until_it_is_lifted(pair: Two) -> None:
    chosen = await numbers(pair.therapist, SAM, "periwinkle")
    placed = await pair.therapist.place_hold(SAM, "Letter of a court.")
    assert (placed.name, placed.standing, placed.since) == (SAM, True, MORNING)
    with pytest.raises(LegalHold, match="Sam is under a legal hold"):
        await pair.therapist.erase(SAM, chosen, WHY)
    with pytest.raises(MessengerError, match="under a legal hold already"):
        await pair.therapist.place_hold(SAM, "Again.")
    await pair.therapist.hide(SAM, chosen)  # nothing is lost by that
    assert not (await pair.therapist.lift_hold(SAM, "The case is closed.")).standing
    with pytest.raises(MessengerError, match="under no legal hold"):
        await pair.therapist.lift_hold(SAM, "Again.")
    await pair.therapist.erase(SAM, chosen, WHY)
    said = [view.text for view in await pair.therapist.entries(SAM)]
    assert "A legal hold was placed: nothing may be erased. Why: Letter of a court." in said
    assert "The legal hold was lifted. Why: The case is closed." in said


async def test_nothing_is_erased_while_a_call_for_help_is_open(pair: Two) -> None:
    await pair.client.ask_sooner(OKAFOR, "please")
    await pair.therapist.sync()
    with pytest.raises(MessengerError, match="has to be seen first"):
        await pair.therapist.erase(SAM, [4], WHY)
    await pair.therapist.resolve(SAM, "Called.")
    await pair.therapist.erase(SAM, await numbers(pair.therapist, SAM, "Called."), WHY)
    assert (await pair.therapist.queue())[0].flagged is None
