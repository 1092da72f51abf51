"""Sentences say what is so, and no more."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import pytest

from e2etherapy.cli import wording
from e2etherapy.cli.output import moment
from e2etherapy.vault.records import State


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([], "The file was not sent, and nothing of it is kept."),
        ([State.ON_DEVICE], "The file is on this device and waits"),
        ([State.STORED], "The file is stored at the relay already."),
    ],
)
def test_an_interrupted_file_is_where_it_is_said_to_be(states: list[State], said: str) -> None:
    sentence = wording.interrupted(["The file"], states)
    assert said in sentence
    assert "text" not in sentence


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1_000, "1,000 files")]
)
def test_a_number_goes_with_its_noun(number: int, said: str) -> None:
    assert wording.counted(number, "file", "files") == said


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_time_at_an_end_of_the_calendar_stops_no_list(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """A peer may have written it."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        for year in (1, 9999):
            for month, day in ((1, 1), (12, 31)):
                for hour in (0, 23):
                    shown = moment(datetime(year, month, day, hour, tzinfo=UTC))
                    assert re.search(r"[0-9]+:[0-9]{2}$", shown)
    time.tzset()
