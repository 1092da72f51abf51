"""A therapy ends with a letter: both sides hold it, nothing follows it, the mailboxes are gone."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2etherapy.errors import (
    IdentityUnconfirmed,
    InvalidText,
    MailboxGone,
    MessengerError,
    NameTaken,
    NotReady,
    RelayUnreachable,
    WrongRole,
)
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.session.states import Closed
from e2etherapy.wire.role import Role
from tests.support.cut_line import Ended, Line
from tests.support.devices import Two, agree, record_of, texts, two
from tests.support.interrupted_story import Ending, books_of_the_relay
from tests.support.vault_pages import words_in

SAM, OKAFOR = "Sam", "Dr. Okafor"
LETTER = "We have come a long way. Thank you, and farewell."


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


def sides(pair: Two) -> list[tuple[Messenger, str]]:
    return [(pair.therapist, SAM), (pair.client, OKAFOR)]


async def is_over(messenger: Messenger, name: str) -> None:
    """Claim that no key, errand or receipt is left, and that the record is whole."""
    assert isinstance((await record_of(messenger, name)).state, Closed)
    for table in ("outbox", "receipt_due", "partial"):
        assert await messenger.device.vault.db.fetch_all(f"SELECT * FROM {table}") == []  # noqa: S608
    assert (await messenger.ending(name)).closed
    await messenger.journal_verify()


@pytest.mark.parametrize("author", Role)
async def test_a_letter_from_either_side_ends_it_on_both(pair: Two, author: Role) -> None:
    await agree(pair)
    both = sides(pair) if author is Role.THERAPIST else sides(pair)[::-1]
    (ender, other_name), (reader, own_name) = both
    receipt = (await ender.agreements(other_name))[0].receipt
    assert (await ender.end_therapy(other_name, LETTER)).state == "stored"
    assert not (await ender.ending(other_name)).closed
    ended = await ender.sync()
    assert EventName.CONVERSATION_CLOSED in [notice.event for notice in ended.notices]
    await is_over(ender, other_name)
    report = await reader.sync()
    assert report.arrived == {own_name: 1}
    await is_over(reader, own_name)
    assert books_of_the_relay(pair) == (98, 0, 0)
    for messenger, name in both:
        view = await messenger.ending(name)
        assert [(one.author, one.letter) for one in view.letters] == [(author, LETTER)]
        with pytest.raises(NotReady, match=r"has ended\. Nothing was sent"):
            await messenger.send(name, "one more thing")
        with pytest.raises(NotReady, match="has ended"):
            await messenger.propose_goal(name, "one more goal")
        assert (await texts(messenger, name))[-1] == f"The therapy ends: {LETTER}"
        assert [hit.text for hit in await messenger.search("farewell")]
        (book,) = await messenger.export(io.BytesIO(), name)
        assert book.unreadable == ()
        assert (await messenger.agreements(name))[0].receipt == receipt
        assert [one.ended for one in await messenger.conversations()] == [True]
        with pytest.raises(NotReady, match="ended"):
            await messenger.safety_phrase(name)
        assert await messenger.sync() == await messenger.sync()
    with pytest.raises(NameTaken, match="has ended"):
        await pair.therapist.invite(SAM)


async def test_before_the_other_side_has_the_letter_nothing_is_written_by_mistake(
    pair: Two,
) -> None:
    await pair.client.end_therapy(OKAFOR, LETTER)
    with pytest.raises(NotReady, match="ending show"):
        await pair.client.send(OKAFOR, "one more thing")
    with pytest.raises(NotReady, match="has ended"):
        await pair.client.end_therapy(OKAFOR, "And once more.")
    await pair.client.sync()
    with pytest.raises(MailboxGone, match="have ended the therapy, and the next sync"):
        await pair.therapist.send(SAM, "are you there?")
    report = await pair.therapist.sync()
    sentence = report.notices[-1].sentence
    assert "What you wrote to Sam and had not left this device (1) reached nobody" in sentence
    assert "are you there?" in await texts(pair.therapist, SAM)
    await is_over(pair.therapist, SAM)
    (entry,) = await pair.therapist.queue()
    assert (entry.name, entry.messages, entry.due, entry.ended) == (SAM, 1, None, True)
    await pair.therapist.mark_read(SAM)
    assert await pair.therapist.queue() == ()
    assert (await pair.therapist.caseload()).replies.waiting == 0


async def test_what_crossed_the_letter_arrives_and_two_letters_both_stay(pair: Two) -> None:
    await pair.client.send(OKAFOR, "this crosses it")
    await pair.client.ask_sooner(OKAFOR, "and this")
    await pair.therapist.end_therapy(SAM, LETTER)
    await pair.client.end_therapy(OKAFOR, "Goodbye.")
    await pair.therapist.sync()
    await pair.client.sync()
    for messenger, name in sides(pair):
        await is_over(messenger, name)
        assert {one.letter for one in (await messenger.ending(name)).letters} == {
            LETTER,
            "Goodbye.",
        }
    assert "this crosses it" in await texts(pair.therapist, SAM)
    (entry,) = await pair.therapist.queue()
    assert entry.flagged is not None
    assert await pair.therapist.resolve(SAM, "Called; is safe.") == 1


async def test_a_therapist_does_not_let_go_of_an_open_flag_and_a_client_always_may(
    pair: Two,
) -> None:
    await pair.client.ask_sooner(OKAFOR)
    await pair.therapist.sync()
    with pytest.raises(MessengerError, match="record what was done"):
        await pair.therapist.end_therapy(SAM, LETTER)
    with pytest.raises(MessengerError, match="Nothing was sent"):
        await pair.therapist.require_endable(SAM)
    with pytest.raises(WrongRole, match="with a letter"):
        await pair.therapist.leave(SAM)
    with pytest.raises(InvalidText):
        await pair.client.end_therapy(OKAFOR, " \n ")
    assert not (await pair.therapist.ending(SAM)).ended
    await pair.client.end_therapy(OKAFOR, LETTER)
    await pair.therapist.sync()
    assert (await pair.therapist.ending(SAM)).ended


async def test_leaving_sends_nothing_and_the_other_side_can_end_it_too(pair: Two) -> None:
    await pair.therapist.send(SAM, "never fetched")
    assert await pair.client.leave("dr. okafor") == 0
    await is_over(pair.client, OKAFOR)
    assert (await pair.client.ending(OKAFOR)).letters == ()
    with pytest.raises(NotReady, match="ended already"):
        await pair.client.leave(OKAFOR)
    with pytest.raises(MailboxGone):
        await pair.therapist.send(SAM, "hello?")
    with pytest.raises(MailboxGone, match="with your letter"):
        await pair.therapist.end_therapy(SAM, LETTER)
    await pair.therapist.sync()
    await is_over(pair.therapist, SAM)
    assert books_of_the_relay(pair) == (98, 0, 0)


async def test_where_the_words_differed_no_letter_goes_and_either_side_can_leave(pair: Two) -> None:
    for messenger, name in sides(pair):
        await messenger.record_verification(name, matched=False)
        with pytest.raises(IdentityUnconfirmed):
            await messenger.end_therapy(name, LETTER)
        await messenger.leave(name)
        await is_over(messenger, name)
    await pair.therapist.invite("Kim")
    with pytest.raises(NotReady, match="not used the invitation"):
        await pair.therapist.leave("Kim")


async def test_a_client_may_leave_before_the_first_answer(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.client.join((await pair.therapist.invite(SAM)).link)
        await pair.client.end_therapy(OKAFOR, LETTER)
        await pair.client.sync()
        await is_over(pair.client, OKAFOR)
        report = await pair.therapist.sync()
        assert [notice.event for notice in report.notices] == [
            EventName.CONVERSATION_ESTABLISHED,
            EventName.CONVERSATION_CLOSED,
        ]
        await is_over(pair.therapist, SAM)
        assert (await pair.therapist.ending(SAM)).letters[0].letter == LETTER
        assert books_of_the_relay(pair) == (98, 0, 0)


async def test_without_a_relay_it_is_done_when_one_answers(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as pair:
        await pair.client.send_later(OKAFOR, "too late", pair.clock.now.replace(hour=12))
        line.down = True
        assert (await pair.client.end_therapy(OKAFOR, LETTER)).state == "on_device"
        with pytest.raises(RelayUnreachable):
            await pair.client.sync()
        assert not (await pair.client.ending(OKAFOR)).closed
        line.mend()
        pair.clock.forward(hours=4)
        report = await pair.client.sync()
        assert report.delivered == 1
        assert "was not sent: The therapy with Dr. Okafor has ended" in report.notices[0].sentence
        await is_over(pair.client, OKAFOR)
        await pair.therapist.sync()
        await is_over(pair.therapist, SAM)


async def test_half_of_a_long_text_is_told_of_and_holds_nothing_up(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as pair:
        line.snapshot = lambda: None
        line.cut(2, after_effect=True)
        with contextlib.suppress(Ended):
            await pair.client.send(OKAFOR, "x" * 600_000)
        line.mend()
        await pair.therapist.end_therapy(SAM, LETTER)
        report = await pair.therapist.sync()
        assert EventName.LONG_ITEM_LOST in [notice.event for notice in report.notices]
        await is_over(pair.therapist, SAM)
        report = await pair.client.sync()
        assert "(1) reached nobody" in report.notices[-1].sentence
        await is_over(pair.client, OKAFOR)


async def test_leaving_keeps_no_half_of_a_file(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, therapist_connect=line.connect) as pair:
        half = ("a.txt", "text/plain", b"incandescent " * 150_000)
        await pair.therapist.send_file(SAM, half, line.cut_behind(40))
        await pair.client.sync()
        await pair.client.leave(OKAFOR)
        await is_over(pair.client, OKAFOR)
        assert words_in(pair.client_home, "incandescent") == set()


@pytest.mark.parametrize("at_requests", [True, False], ids=["answer lost", "committed"])
async def test_a_program_that_ends_anywhere_on_the_way_completes_it_later(
    tmp_path: Path, at_requests: bool
) -> None:
    """The letter is on the way, or it is not there at all; nothing that waited is lost."""
    number = 1
    while await ends_at(tmp_path / str(number), number, at_requests=at_requests):
        number += 1
    assert number > 5


async def ends_at(folder: Path, number: int, *, at_requests: bool) -> bool:
    """End the therapist's program at one request, or transaction; say whether there are so many."""
    line, frozen = Line(), folder / "frozen"
    async with two(folder, turns=2, therapist_connect=line.connect) as pair:
        await pair.client.send(OKAFOR, "this waits for the therapist")

        def snapshot() -> None:
            pair.therapist_home.freeze(frozen)

        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Ended):
            if at_requests:
                line.snapshot = snapshot
                line.cut(number, after_effect=True)
            else:
                Ending("after", number, snapshot).install(patch)
            await pair.therapist.end_therapy(SAM, LETTER)
            await pair.therapist.sync()
        line.mend()
        if frozen.exists():
            await pair.therapist.__aexit__()
            pair.therapist_home.thaw(frozen)
            pair.therapist = await pair.therapist_home.open()
        if not (await pair.therapist.ending(SAM)).ended:
            await pair.therapist.end_therapy(SAM, LETTER)
        await pair.therapist.sync()
        await pair.client.sync()
        for messenger, name in sides(pair):
            await is_over(messenger, name)
            assert len((await messenger.ending(name)).letters) == 1
        assert "this waits for the therapist" in await texts(pair.therapist, SAM)
        assert books_of_the_relay(pair) == (98, 0, 0)
        return frozen.exists()
