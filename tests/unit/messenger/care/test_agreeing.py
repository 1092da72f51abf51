"""The reply agreement: both sides hold the same one, or none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import MessengerError, WrongRole
from e2etherapy.errors.therapy import InvalidOfficeHours
from e2etherapy.messenger.care.agreeing import Wish
from tests.support.devices import WISH, Two, agree, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def test_both_sides_hold_the_same_receipt(pair: Two) -> None:
    await agree(pair)
    (theirs,) = await pair.therapist.agreements(SAM)
    (ours,) = await pair.client.agreements(OKAFOR)
    assert theirs == ours
    assert theirs.receipt is not None
    assert len(theirs.receipt) == 64
    assert theirs.terms.crisis == WISH.crisis


async def test_until_it_is_accepted_there_is_no_receipt_and_the_one_before_holds(pair: Two) -> None:
    await agree(pair)
    pair.clock.now += timedelta(days=1)
    await pair.therapist.propose_agreement(SAM, WISH)
    await pair.client.sync()
    first, second = await pair.client.agreements(OKAFOR)
    assert (first.receipt is None, second.receipt) == (False, None)
    await pair.client.accept_agreement(OKAFOR)
    with pytest.raises(MessengerError, match="accepted agreement 2"):
        await pair.client.accept_agreement(OKAFOR)
    await pair.therapist.sync()
    receipts = [view.receipt for view in await pair.therapist.agreements(SAM)]
    assert receipts == [view.receipt for view in await pair.client.agreements(OKAFOR)]
    assert len(set(receipts)) == 2


async def test_each_side_says_only_its_part(pair: Two) -> None:
    with pytest.raises(WrongRole):
        await pair.client.propose_agreement(OKAFOR, WISH)
    with pytest.raises(WrongRole):
        await pair.therapist.accept_agreement(SAM)
    with pytest.raises(MessengerError, match="has not proposed"):
        await pair.client.accept_agreement(OKAFOR)
    assert await pair.client.agreements(OKAFOR) == []


async def test_what_cannot_be_understood_sends_nothing(pair: Two) -> None:
    before = await pair.therapist.conversations()
    wish = Wish(reply_within="1 working day", hours="always", zone="Europe/Berlin", crisis="112")
    with pytest.raises(InvalidOfficeHours):
        await pair.therapist.propose_agreement(SAM, wish)
    assert await pair.therapist.conversations() == before
    await pair.therapist.journal_verify()


async def test_both_see_by_when_a_message_is_answered_and_under_which_agreement(pair: Two) -> None:
    await pair.client.send(OKAFOR, "before anything was agreed")
    pair.clock.now = datetime(2026, 1, 12, 9, tzinfo=UTC)
    await agree(pair)
    pair.clock.now += timedelta(hours=1)
    await pair.client.send(OKAFOR, "under the first")
    await pair.therapist.sync()
    pair.clock.now += timedelta(days=1)
    slower = replace(WISH, reply_within="2 working days")
    await pair.therapist.propose_agreement(SAM, slower)
    await pair.client.sync()
    await pair.client.accept_agreement(OKAFOR)
    pair.clock.now += timedelta(hours=1)
    await pair.client.send(OKAFOR, "under the second")
    await pair.therapist.sync()
    for messenger, name in ((pair.client, OKAFOR), (pair.therapist, SAM)):
        said = [view for view in await messenger.thread(name) if view.kind == "text"]
        promised = [(view.agreement, view.due) for view in said if view.author == "client"]
        assert promised[-3:] == [
            (None, None),
            (1, datetime(2026, 1, 13, 16, tzinfo=UTC)),
            (2, datetime(2026, 1, 15, 16, tzinfo=UTC)),
        ]
        assert all(view.due is None for view in said if view.author == "therapist")
