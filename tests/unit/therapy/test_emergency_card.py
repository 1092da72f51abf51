from __future__ import annotations

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import InvalidEmergencyCard, InvalidWords
from e2etherapy.therapy import emergency_card
from e2etherapy.therapy.emergency_card import EmergencyCard
from tests.support.notation import written

CARD = EmergencyCard(
    contact="Anna Byrne",
    phone="+353 1 496 0000",
    relation="my sister",
    location="Flat 3, 1 Example Street, Dublin;\nthe blue door.",
    consent="If you think I am in danger. You may say that you are my therapist.",
    confirmed=date(2026, 8, 31),
)


def changed(**changes: object) -> EmergencyCard:
    return EmergencyCard(**{**msgspec.structs.asdict(CARD), **changes})


def test_a_card_has_one_form_and_comes_back() -> None:
    data = emergency_card.encode(CARD)
    assert emergency_card.decode(data) == CARD
    assert list(json.loads(data)) == [
        *("contact", "phone", "relation", "location", "consent", "confirmed")
    ]


@pytest.mark.parametrize(
    ("today", "stale"),
    [
        (date(2026, 8, 31), False),
        (date(2026, 12, 1), False),
        (date(2026, 12, 2), True),
        (date(2030, 1, 1), True),
        (date(2026, 8, 30), False),
        (date(2026, 8, 29), True),
    ],
)
def test_a_card_is_stale_after_a_quarter_or_if_its_day_is_still_to_come(
    today: date, *, stale: bool
) -> None:
    assert CARD.is_stale(today) == stale
    assert ("NOT CONFIRMED SINCE 2026-08-31" in emergency_card.render(CARD, today, 80)) == stale


@pytest.mark.parametrize(
    "phone", ["112", "+44 20 7946 0000", "(01) 496-0000", "01/496.0000", "020 7946 0000 ext 12"]
)
def test_numbers_are_taken_as_people_write_them(phone: str) -> None:
    assert changed(phone=phone).phone == phone


@pytest.mark.parametrize("phone", ["", "12", "Anna", "112;", "+", "1" * 60, "112\n", "٠١٢٣"])
def test_what_is_no_number_is_refused(phone: str) -> None:
    with pytest.raises(InvalidEmergencyCard):
        changed(phone=phone)


@pytest.mark.parametrize(
    "changes",
    [
        {"contact": ""},
        {"contact": "two\nlines"},
        {"relation": " "},
        {"location": ""},
        {"location": "x" * 1_001},
        {"consent": ""},
        {"consent": "a\x1bb"},
    ],
)
def test_a_card_without_what_is_needed_cannot_be_made(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidWords):
        changed(**changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"phone": "Anna"}, "This is no telephone number."),
        ({"contact": ""}, "The name of the contact is empty."),
        ({"confirmed": "soon"}, "“confirmed” is not what belongs there."),
        ({"marzipan": 1}, "a member is there that does not belong there."),
        ({"phone": 112}, "“phone” is not what belongs there."),
    ],
)
def test_a_card_in_another_form_is_refused_with_where(changes: dict[str, Any], told: str) -> None:
    members = {**json.loads(emergency_card.encode(CARD)), **changes}
    with pytest.raises(MalformedData) as refused:
        emergency_card.decode(written(members))
    assert told in str(refused.value)


def test_a_card_without_a_member_is_refused_with_its_name() -> None:
    members = json.loads(emergency_card.encode(CARD))
    del members["relation"]
    with pytest.raises(MalformedData, match="“relation” is not there"):
        emergency_card.decode(written(members))


def test_a_card_shows_whom_to_call_in_one_piece() -> None:
    text = emergency_card.render(CARD, date(2026, 9, 1), 30)
    assert "+353 1 496 0000" in text
    assert "the blue door." in text
    assert text.startswith("Confirmed on 2026-08-31.")


def test_people_do_not_show_by_accident() -> None:
    assert repr(CARD) == "<EmergencyCard>"
