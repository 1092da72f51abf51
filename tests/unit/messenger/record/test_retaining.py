"""What is due is erased when somebody asks for it, by a clock that can be believed, never more."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from e2etherapy.errors import (
    ClockDisputed,
    LegalHold,
    MessengerError,
    UnknownConversation,
    WrongRole,
)
from e2etherapy.errors.therapy import InvalidRetention
from e2etherapy.messenger.autosaving import Typed
from e2etherapy.messenger.record.retaining import RetentionView
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import keyslots
from tests.support.cut_line import Line
from tests.support.devices import Two, texts, two
from tests.support.homes import MORNING
from tests.support.vault_pages import words_in

SAM, OKAFOR = "Sam", "Dr. Okafor"
ERASED = "This message was erased from this device."


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def of_sam(pair: Two) -> RetentionView:
    (view,) = (await pair.therapist.retention()).conversations
    return view


async def quiet(pair: Two, days: int) -> None:
    """Let days pass on which the device is in use, and nothing is said to this client."""
    for _ in range(days):
        pair.clock.forward(days=1)
        await pair.therapist.journal_write("another day")


async def refused(
    pair: Two, error: type[Exception], sentence: str, today: date | None = None
) -> None:
    """Be refused, with everything as it was."""
    before = await pair.therapist.entries(SAM, hidden=True)
    with pytest.raises(error, match=sentence):
        await pair.therapist.apply_retention([SAM], today)
    assert await pair.therapist.entries(SAM, hidden=True) == before


async def test_nothing_is_due_until_a_rule_was_set_and_its_time_is_over(pair: Two) -> None:
    view = await of_sam(pair)
    assert (view.rule, view.own, view.due, view.fate) == ("until-erased", False, None, "kept")
    await refused(pair, MessengerError, "it is kept until you erase it")
    assert (await pair.therapist.set_retention(None, "1 year")).name is None
    assert ((await of_sam(pair)).rule, (await of_sam(pair)).own) == ("1 year", False)
    rule = await pair.therapist.set_retention("sam", "20 DAYS")
    assert (rule.name, rule.rule) == (SAM, "20 days")
    view = await of_sam(pair)
    assert (view.own, view.due) == (True, datetime(2026, 1, 25, 9, tzinfo=UTC))
    await quiet(pair, 19)
    await refused(pair, MessengerError, "is not due: it is kept until 2026-01-25")
    await quiet(pair, 1)
    assert (await of_sam(pair)).fate == "due"
    # Being due erases nothing by itself.
    await pair.therapist.sync()
    assert (await texts(pair.therapist, SAM)) == ["turn 1", "turn 2"]
    assert "How long this is kept was set to: 20 days." in [
        entry.text for entry in await pair.therapist.entries(SAM)
    ]


async def test_what_is_erased_is_all_that_was_said_and_written_and_the_reason_stays(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyslots, "PASSPHRASE", Argon2Profile(1, 8, 1))
    await pair.client.send(OKAFOR, "incandescent periwinkle")
    await pair.therapist.sync()
    await pair.therapist.choose_notes_secret("umbrellas in may")
    key = await pair.therapist.unlock_notes("umbrellas in may")
    await pair.therapist.write_note(key, SAM, "a note")
    await pair.therapist.draft(SAM, "quixotry of a draft")
    await pair.therapist.send_later(SAM, "zanzibarian later", MORNING.replace(year=2027, day=1))
    await pair.therapist.keep_begun(Typed.LETTER, SAM, "marmalade of a letter")
    await pair.therapist.keep_begun_note(key, SAM, "a note that was begun")
    await pair.therapist.set_retention(SAM, "20 days")
    await quiet(pair, 20)
    (erased,) = await pair.therapist.apply_retention(["sam", SAM])
    assert (erased.name, erased.notes) == (SAM, 1)
    words = ("periwinkle", "quixotry of", "zanzibarian", "turn 1", "marmalade")
    assert words_in(pair.therapist_home, *words) == set()
    assert [note.text for note in await pair.therapist.notes(key, SAM)] == [None]
    assert await pair.therapist.begun_notes(key, SAM) == []
    assert set(await texts(pair.therapist, SAM)) == {ERASED}
    told = [entry.text for entry in await pair.therapist.entries(SAM)]
    assert any("Kept for 20 days after the last contact on 2026-01-05." in one for one in told)
    await pair.therapist.journal_verify()
    await pair.therapist.export(io.BytesIO())
    assert (await of_sam(pair)).fate == "empty"
    await refused(pair, MessengerError, "Nothing of Sam's is left to erase")
    # The client's device keeps its own copy.
    assert "incandescent periwinkle" in await texts(pair.client, OKAFOR)
    # What is said afterwards begins the time anew.
    await pair.client.send(OKAFOR, "hello again")
    await pair.therapist.sync()
    assert (await of_sam(pair)).due == datetime(2026, 2, 14, 9, tzinfo=UTC)


async def test_what_was_begun_or_came_in_part_is_kept_is_due_and_is_erased(
    tmp_path: Path,
) -> None:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as pair:
        await pair.therapist.set_retention(SAM, "20 days")
        await quiet(pair, 20)
        await pair.therapist.apply_retention([SAM])
        assert (await of_sam(pair)).fate == "empty"
        await pair.therapist.keep_begun(Typed.REPLY, SAM, "marmalade of a reply")
        assert (await of_sam(pair)).fate == "due"
        await pair.therapist.apply_retention([SAM])
        assert (await of_sam(pair)).fate == "empty"
        assert await pair.therapist.begun(Typed.REPLY, SAM) == []
        half = ("a.txt", "text/plain", b"incandescent " * 150_000)
        await pair.client.send_file(OKAFOR, half, line.cut_behind(40))
        await pair.therapist.sync()
        assert words_in(pair.therapist_home, "incandescent") == {"incandescent"}
        assert (await of_sam(pair)).fate == "due"
        await pair.therapist.apply_retention([SAM])
        assert words_in(pair.therapist_home, "marmalade", "incandescent") == set()
        assert (await of_sam(pair)).fate == "empty"
        line.mend()
        await pair.client.sync()
        (notice,) = (await pair.therapist.sync()).notices
        assert "a piece of a long message that was given up" in notice.sentence
        assert words_in(pair.therapist_home, "incandescent") == set()
        assert await pair.therapist.attachments(SAM) == []


async def test_a_hold_stops_it_and_so_does_a_call_for_help(pair: Two) -> None:
    await pair.client.ask_sooner(OKAFOR)
    await pair.therapist.sync()
    await pair.therapist.set_retention(SAM, "20 days")
    await pair.therapist.place_hold(SAM, "Letter of a court.")
    await quiet(pair, 25)
    assert (await of_sam(pair)).fate == "held"
    await refused(pair, LegalHold, "Sam is under a legal hold")
    await pair.therapist.lift_hold(SAM, "Closed.")
    await refused(pair, MessengerError, "has to be seen first")


async def test_a_clock_in_2099_erases_nothing_and_what_it_recorded_is_kept_longer(
    pair: Two,
) -> None:
    await pair.therapist.set_retention(None, "20 days")
    right = pair.clock.now
    pair.clock.now = right.replace(year=2099)
    await pair.therapist.journal_write("by a wrong clock")
    assert not (await pair.therapist.retention()).believed
    await refused(pair, ClockDisputed, "This device's clock says 2099-01-05")
    await refused(pair, ClockDisputed, "2099-01-05, and you say 2026-01-05", date(2026, 1, 5))
    await pair.client.send(OKAFOR, "by a wrong clock")
    await pair.therapist.sync()
    pair.clock.now = right
    await quiet(pair, 20)
    # Whether it was wrong then or is wrong now, only a person knows.
    await refused(pair, ClockDisputed, "This device's clock says 2026-01-25")
    # What arrived meanwhile counts from when the day was confirmed, and so is not due.
    today = pair.clock.now.date()
    await refused(pair, MessengerError, "kept until 2026-02-1", today)


async def test_a_device_that_was_left_alone_takes_the_day_from_its_owner(pair: Two) -> None:
    await pair.therapist.set_retention(None, "20 days")
    pair.clock.forward(days=400)
    assert not (await pair.therapist.retention()).believed
    await refused(pair, ClockDisputed, "retention apply --today")
    today = pair.clock.now.date()
    (erased,) = await pair.therapist.apply_retention([SAM], today)
    assert erased.entries
    assert (await pair.therapist.retention()).believed
    assert "The owner confirmed that it was 2027-02-09." in [
        entry.text for entry in await pair.therapist.entries(None)
    ]


async def test_one_that_is_not_due_keeps_all_from_being_erased(pair: Two) -> None:
    await pair.therapist.set_retention(SAM, "20 days")
    await pair.therapist.invite("Kim")
    await quiet(pair, 25)
    before = await pair.therapist.entries(SAM)
    for name, error in (("Kim", MessengerError), ("Nobody", UnknownConversation)):
        with pytest.raises(error):
            await pair.therapist.apply_retention([SAM, name])
    assert await pair.therapist.entries(SAM) == before
    assert await pair.therapist.apply_retention([]) == []


async def test_a_rule_of_another_version_never_ends(pair: Two) -> None:
    change = await pair.therapist.device.begin_private()
    change.set("retention", b"moon-2031")
    await pair.therapist.device.vault.commit(change)
    view = await of_sam(pair)
    assert (view.rule, view.due) == ("moon-2031", None)


async def test_words_that_are_no_rule_and_clients_change_nothing(pair: Two) -> None:
    with pytest.raises(InvalidRetention, match="Say how long"):
        await pair.therapist.set_retention(SAM, "soon")
    for attempt in (
        pair.client.retention(),
        pair.client.set_retention(None, "1 year"),
        pair.client.apply_retention([]),
        pair.client.place_hold(OKAFOR, "x"),
        pair.client.lift_hold(OKAFOR, "x"),
    ):
        with pytest.raises(WrongRole, match="Only a therapist"):
            await attempt
