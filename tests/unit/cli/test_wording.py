"""Sentences say what is so, and no more."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import pytest

from e2etherapy.cleaning.outgoing import OutgoingFile
from e2etherapy.cli import sending, wording
from e2etherapy.cli.output import moment
from e2etherapy.messenger.reading import Standing
from e2etherapy.messenger.views import MessageView
from e2etherapy.vault.records import State, Verification
from e2etherapy.wire.role import Role


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


def message(text: str, missing_before: int = 0) -> MessageView:
    when = datetime(2026, 1, 5, 9, tzinfo=UTC)
    return MessageView(
        "00",
        Role.CLIENT,
        own=False,
        kind="text",
        text=text,
        written=when,
        arrived=when,
        state="received",
        missing_before=missing_before,
    )


def test_a_thread_says_where_something_is_missing() -> None:
    standing = Standing("Sam", Verification.MATCHED, missing_behind=1)
    shown = wording.thread(standing, [message("one"), message("four", missing_before=2)], "nothing")
    before, gap, after, end = (part for part in shown.split("\n\n"))
    assert "one" in before
    assert gap.startswith("(2 things that Sam sent have not arrived here")
    assert "four" in after
    assert end.startswith("(One thing that Sam sent has not arrived here")


def test_a_name_cannot_draw_on_the_terminal_where_something_is_missing() -> None:
    standing = Standing("S\x1b[31mam", Verification.MATCHED, missing_behind=1)
    assert "\x1b[31m" not in wording.thread(standing, [], "nothing")


@pytest.mark.parametrize(
    ("media_type", "cleaned", "told"),
    [("audio/wav", False, True), ("audio/wav; voice=3", True, False), ("image/x", False, False)],
)
def test_a_recording_that_goes_as_it_is_names_the_way_without(
    capsys: pytest.CaptureFixture[str], media_type: str, cleaned: bool, told: bool
) -> None:
    sending.tell([OutgoingFile("a", media_type, b"", cleaned)])
    assert ("--voice" in capsys.readouterr().err) is told
