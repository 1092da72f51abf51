"""The JSON Schema in docs/ is the one that the program has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from e2etherapy.cli import answers, output

DOCUMENT = Path(__file__).parents[3] / "docs" / "cli-schema.json"


def test_the_document_is_what_the_program_prints() -> None:
    assert json.loads(DOCUMENT.read_text()) == answers.schema()


def test_json_is_ascii_with_times_in_utc_and_gives_back_the_text() -> None:
    text = "\x1b[2J\x9b \u202e שלום \x00"
    when = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    hit = answers.Hit(name=None, author="client", own=True, text=text, written=when)
    printed = output.as_json([hit], indent=2)
    assert printed.isascii()
    assert "\x1b" not in printed
    (read,) = json.loads(printed)
    assert read == {
        "name": None,
        "author": "client",
        "own": True,
        "text": text,
        "written": "2026-03-04T05:06:07Z",
    }
