from __future__ import annotations

import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.journal import record
from tests.support.books import WHEN, private


def test_a_private_entry_comes_back_as_it_was_written() -> None:
    decoded = record.decode(private("a night without sleep", 3))
    assert isinstance(decoded, record.PrivateEntry)
    assert (decoded.text, decoded.mood, decoded.recorded) == ("a night without sleep", 3, WHEN)


def test_an_event_comes_back_as_it_was_recorded() -> None:
    event = record.Event(recorded=WHEN, event=record.EventName.GAP_NOTICED, details={"missing": 2})
    decoded = record.decode(record.encode(event))
    assert isinstance(decoded, record.Event)
    assert (decoded.event, decoded.details) == ("gap_noticed", {"missing": 2})


def test_an_entry_of_a_later_kind_is_kept_and_not_refused() -> None:
    decoded = record.decode(b'{"kind":"homework","recorded":"2026-03-01T21:30:00Z","steps":[1]}')
    assert isinstance(decoded, record.UnknownEntry)
    assert decoded.named_kind == "homework"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"kind":"private"}',
        b'{"kind":"private","id":"","recorded":"2026-03-01T21:30:00Z","text":""}',
        b'{"kind":"event","recorded":"2026-03-01T21:30:00","event":"x"}',
        b'{"kind":"event","recorded":"2026-03-01T21:30:00+01:00","event":"x"}',
        b'{"kind":"event","recorded":"2026-03-01T21:30:00.5Z","event":"x"}',
        b'{"kind":"event","recorded":"2026-03-01T21:30:00Z","event":"x","more":1}',
        b"\xff\xfe",
    ],
)
def test_an_entry_that_breaks_its_form_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        record.decode(data)


def test_no_decoded_entry_shows_what_was_written() -> None:
    assert "sleep" not in repr(record.decode(private("a night without sleep")))
