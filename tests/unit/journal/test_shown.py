"""An entry is shown as a person reads it, whatever stands in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from e2etherapy.journal import chain, record
from e2etherapy.journal.chain import EntrySalt, Head
from e2etherapy.journal.record import EventName
from e2etherapy.journal.shown import Authors, show
from e2etherapy.wire import care
from e2etherapy.wire.item import Item

WHEN = datetime(2026, 3, 4, tzinfo=UTC)
COMMON: dict[str, Any] = {"id": bytes(16), "sequence": 1, "written": WHEN}


def sentence(event: str, details: dict[str, str | int]) -> str:
    event_name = EventName(event)
    return text_of(record.encode(record.Event(recorded=WHEN, event=event_name, details=details)))


def text_of(content: bytes) -> str:
    entry = chain.append(1, Head(bytes(Head.SIZE)), content, EntrySalt(bytes(EntrySalt.SIZE)))
    return show(entry, Authors("Robin", "Dr. Okafor")).text


@pytest.mark.parametrize(
    ("event", "details", "said"),
    [
        ("shared_from_journal", {"entry": 3}, "Entry 3 of the private journal was shared."),
        ("gap_noticed", {"missing": 2}, "2 deliveries were missing at the relay."),
        ("gap_noticed", {"missing": 1}, "A delivery was missing at the relay."),
        (
            "long_item_lost",
            {"arrived": 3, "total": 7},
            "A long message or file could not be completed: 3 of its 7 pieces arrived.",
        ),
        (
            "content_refused",
            {"count": 3, "reason": "a number that was used before"},
            "Something that arrived was refused (3 times): a number that was used before.",
        ),
        ("retention_set", {"rule": "7 years"}, "How long this is kept was set to: 7 years."),
        ("retention_set", {"rule": "until-erased"}, "This is kept until somebody erases it."),
        ("safety_phrase_matched", {}, "The six words were compared and matched."),
    ],
)
def test_details_stand_in_the_sentence(
    event: str, details: dict[str, str | int], said: str
) -> None:
    assert sentence(event, details) == said


def test_what_looks_like_a_field_in_a_detail_stays_as_it_is() -> None:
    assert sentence("content_refused", {"count": 1, "reason": "{reason} {0} {x.y}"}).endswith(
        "{reason} {0} {x.y}."
    )


def test_details_that_nobody_expected_are_listed() -> None:
    shown = sentence("gap_noticed", {"missing": 2, "since": "Monday"})
    assert shown == "Deliveries were missing at the relay. (missing: 2, since: Monday)"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (
            care.Agreement(**COMMON, terms='{"version":1,"holidays":"a\\nb","cover":""}'),
            "Agreement.\nterms:\nversion: 1\nholidays: a\nb\ncover: ",
        ),
        (care.SafetyPlanShare(**COMMON, plan="no JSON"), "Safety plan.\nplan:\nno JSON"),
        (care.SafetyPlanShare(**COMMON, plan="[" * 9_000), f"Safety plan.\nplan:\n{'[' * 9_000}"),
        (care.EmergencyCardShare(**COMMON, card="7"), "Emergency card.\ncard:\n7"),
        (
            care.ConsentRequest(**COMMON, text="en-1", digest=bytes(32)),
            "Consent request.\ntext: en-1",
        ),
        (
            care.ExtractRequest(**COMMON, text="Why", entries=[bytes(32), bytes(31) + b"1"]),
            "Extract request.\ntext: Why\nentries: 2",
        ),
        (
            care.ExtractAnswer(**COMMON, answers=bytes(16), allowed=True),
            "Extract answer.\nallowed: yes",
        ),
        (
            care.CheckIn(**COMMON, instrument="gad-2", version="1", given=[0, None, 3], taken=WHEN),
            "Check-in.\ninstrument: gad-2\nversion: 1\ngiven: 0, -, 3\ntaken: 2026-03-04T00:00:00Z",
        ),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_was_said_about_the_therapy_is_shown_without_keys_and_brackets(
    item: Item, said: str
) -> None:
    raw = msgspec.Raw(msgspec.json.encode(item))
    content = record.encode(record.Message(direction="sent", recorded=WHEN, item=raw))
    assert text_of(content) == said
