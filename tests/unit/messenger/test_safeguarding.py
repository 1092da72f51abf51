"""Consent is understood before it is given; plans stay on the device until they are shared."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import MalformedData, MessengerError, WrongRole
from e2etherapy.errors.therapy import InvalidSafetyPlan, NotUnderstood, UnknownConsent
from e2etherapy.messenger import settings
from e2etherapy.messenger.settings import Setting
from e2etherapy.therapy import consent
from e2etherapy.therapy.emergency_card import EmergencyCard
from e2etherapy.therapy.safety_plan import Part
from tests.support.devices import Two, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
RIGHT = [question.right for question in consent.named("en-1").questions]
TODAY = date(2026, 3, 2)
CARD = EmergencyCard(
    contact="Anna",
    phone="+353 1 496 0000",
    relation="sister",
    location="2 Quay Street, second floor",
    consent="If I do not answer for a day.",
    confirmed=TODAY,
)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def asked(pair: Two) -> None:
    await pair.therapist.ask_consent(SAM, "en-1")
    await pair.client.sync()


async def test_consent_is_asked_for_read_given_and_withdrawn(pair: Two) -> None:
    await asked(pair)
    assert (await pair.client.consent_text(OKAFOR)).name == "en-1"
    await pair.client.give_consent(OKAFOR, RIGHT)
    await pair.therapist.sync()
    (given,) = await pair.therapist.consents(SAM)
    assert (given,) == await pair.client.consents(OKAFOR)
    assert given.in_force
    assert given.digest == consent.named("en-1").digest
    await pair.client.withdraw_consent(OKAFOR, "I need a pause.")
    await pair.therapist.sync()
    (withdrawn,) = await pair.therapist.consents(SAM)
    assert not withdrawn.in_force
    with pytest.raises(MessengerError, match=r"No consent with .* is in force"):
        await pair.client.withdraw_consent(OKAFOR)


async def test_wrong_answers_are_explained_and_record_nothing(pair: Two) -> None:
    await asked(pair)
    before = await pair.client.conversations()
    wrong = [1 - RIGHT[0] if RIGHT[0] in {0, 1} else 0, *RIGHT[1:]]
    explanation = consent.named("en-1").questions[0].explanation
    for answers in (wrong, [], [*wrong[:1], 99, *RIGHT[2:]]):
        with pytest.raises(NotUnderstood) as refused:
            await pair.client.give_consent(OKAFOR, answers)
        assert f"\nQuestion 1: {explanation}\n" in str(refused.value)
        *_, last = str(refused.value).split("\n")
        assert last == "Nothing was sent."
    assert await pair.client.conversations() == before
    assert [one.in_force for one in await pair.client.consents(OKAFOR)] == [False]


async def test_withdrawing_takes_back_every_consent(pair: Two) -> None:
    for _ in range(2):
        await asked(pair)
        await pair.client.give_consent(OKAFOR, RIGHT)
    await pair.client.withdraw_consent(OKAFOR)
    await pair.therapist.sync()
    assert [one.in_force for one in await pair.therapist.consents(SAM)] == [False, False]


async def test_each_side_says_only_its_part_of_a_consent(pair: Two) -> None:
    with pytest.raises(MessengerError, match="has not asked"):
        await pair.client.give_consent(OKAFOR, RIGHT)
    with pytest.raises(MessengerError, match="Nobody has asked"):
        await pair.client.consent_text(OKAFOR)
    with pytest.raises(UnknownConsent, match=r"en-1.*Nothing was sent"):
        await pair.therapist.ask_consent(SAM, "xx-9")
    await asked(pair)
    for attempt in (
        pair.client.ask_consent(OKAFOR, "en-1"),
        pair.therapist.give_consent(SAM, RIGHT),
        pair.therapist.consent_to_answer(SAM),
        pair.therapist.withdraw_consent(SAM),
    ):
        with pytest.raises(WrongRole):
            await attempt
    assert (await pair.client.consent_to_answer(OKAFOR)).name == "en-1"
    await pair.client.give_consent(OKAFOR, RIGHT)
    with pytest.raises(MessengerError, match="the consent already"):
        await pair.client.consent_to_answer(OKAFOR)


async def test_a_safety_plan_stays_on_the_device_until_it_is_shared(pair: Two) -> None:
    assert await pair.client.safety_plan() is None
    before = await pair.client.conversations()
    await pair.client.write_safety_plan({"worst": "I call Anna."}, TODAY)
    await pair.client.write_safety_plan({"reminder": "It passes."}, TODAY)
    assert await pair.client.conversations() == before
    own = await pair.client.safety_plan()
    assert own is not None
    assert (own.words(Part.WORST), own.words(Part.REMINDER)) == ("I call Anna.", "It passes.")
    await pair.client.share_safety_plan(OKAFOR)
    await pair.therapist.sync()
    shared = (await pair.therapist.shared_plans(SAM)).plan
    assert shared is not None
    assert shared.content == own
    assert (await texts(pair.therapist, SAM))[-1] == "Shared the safety plan."
    await pair.client.write_safety_plan({"worst": "I call 112."}, TODAY)
    await pair.therapist.sync()
    assert (await pair.therapist.shared_plans(SAM)).plan == shared


async def test_a_plan_that_cannot_be_is_not_kept_or_shared(pair: Two) -> None:
    with pytest.raises(MessengerError, match=r"no safety plan yet.*Nothing was sent"):
        await pair.client.share_safety_plan(OKAFOR)
    for words in ({"worst": " "}, {"nonsense": "words"}):
        with pytest.raises(InvalidSafetyPlan):
            await pair.client.write_safety_plan(words, TODAY)
    assert await pair.client.safety_plan() is None
    longest = '"' * 4_000
    await pair.client.write_safety_plan(dict.fromkeys(Part, longest), TODAY)
    with pytest.raises(MessengerError, match=r"too long to be sent.*Nothing was sent"):
        await pair.client.share_safety_plan(OKAFOR)


async def test_an_emergency_card_is_confirmed_before_it_is_shared(pair: Two) -> None:
    with pytest.raises(MessengerError, match="no emergency card yet"):
        await pair.client.share_emergency_card(OKAFOR, TODAY)
    with pytest.raises(MessengerError, match="no emergency card yet"):
        await pair.client.confirm_emergency_card(TODAY)
    await pair.client.write_emergency_card(CARD)
    later = TODAY + timedelta(days=93)
    with pytest.raises(MessengerError, match=r"emergency-card confirm.*Nothing was sent"):
        await pair.client.share_emergency_card(OKAFOR, later)
    assert (await pair.client.confirm_emergency_card(later)).confirmed == later
    await pair.client.share_emergency_card(OKAFOR, later)
    await pair.therapist.sync()
    shared = (await pair.therapist.shared_plans(SAM)).card
    assert shared is not None
    assert shared.content == await pair.client.emergency_card()


async def test_what_cannot_be_read_is_said_with_where_and_can_be_replaced(pair: Two) -> None:
    device = pair.client.device
    await settings.put(device, Setting.EMERGENCY_CARD, b'{"contact":"Anna","phone":112}')
    await settings.put(device, Setting.SAFETY_PLAN, b'{"worst":"I call Anna."}')
    with pytest.raises(MalformedData, match=r"“phone” is not what .* 'e2etherapy emergency-card"):
        await pair.client.emergency_card()
    with pytest.raises(MalformedData, match=r"“written” is not there.* safety-plan edit --file"):
        await pair.client.write_safety_plan({"worst": "I call Tom."}, TODAY)
    assert await pair.client.card_to_confirm(TODAY) is None
    await pair.client.export_own_data(file := io.BytesIO())
    with zipfile.ZipFile(file) as archive:
        assert archive.read("own/safety-plan.json") == b'{"worst":"I call Anna."}'
        assert "own/emergency-card.txt" not in archive.namelist()
    await pair.client.write_emergency_card(CARD)
    await pair.client.write_safety_plan({**dict.fromkeys(Part, ""), Part.WORST: "I call"}, TODAY)
    plan = await pair.client.safety_plan()
    assert plan is not None
    assert (plan.worst, await pair.client.emergency_card()) == ("I call", CARD)


async def test_a_card_is_to_be_confirmed_after_a_quarter_by_who_has_one(pair: Two) -> None:
    assert await pair.client.card_to_confirm(TODAY) is None
    await pair.client.write_emergency_card(CARD)
    for days, due in ((0, None), (92, None), (93, TODAY), (400, TODAY)):
        assert await pair.client.card_to_confirm(TODAY + timedelta(days=days)) == due
    later = TODAY + timedelta(days=93)
    await pair.client.confirm_emergency_card(later)
    assert await pair.client.card_to_confirm(later) is None
    assert await pair.therapist.card_to_confirm(later) is None


async def test_a_therapist_keeps_no_plan_of_their_own(pair: Two) -> None:
    for attempt in (
        pair.therapist.safety_plan(),
        pair.therapist.write_safety_plan({"worst": "words"}, TODAY),
        pair.therapist.share_safety_plan(SAM),
        pair.therapist.emergency_card(),
        pair.therapist.write_emergency_card(CARD),
        pair.therapist.confirm_emergency_card(TODAY),
        pair.therapist.share_emergency_card(SAM, TODAY),
    ):
        with pytest.raises(WrongRole):
            await attempt
