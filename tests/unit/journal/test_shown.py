"""An event is a sentence with its details in it, whatever stands in them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from e2etherapy.journal import chain, record
from e2etherapy.journal.chain import EntrySalt, Head
from e2etherapy.journal.record import EventName
from e2etherapy.journal.shown import Authors, show


def sentence(event: str, details: dict[str, str | int]) -> str:
    when = datetime(2026, 3, 4, tzinfo=UTC)
    content = record.encode(record.Event(recorded=when, event=EventName(event), details=details))
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
