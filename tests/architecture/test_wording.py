"""Words that promise what nobody can keep, or blame anybody, stand nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEVER = (
    r"24\s*/\s*7",
    r"HIPAA[- ]certified",
    r"completely anonymous",
    r"nobody can ever read",
    r"military[- ]grade",
    r"\bstreaks?\b",
    r"unbreakable",
    r"100\s?% (?:secure|safe)",
)
_SUFFIXES = {".py", ".md", ".json", ".j2", ".toml", ".html", ".css"}
_FOLDERS = ("src", "docs", "deploy")
SHOWN = [
    *(path for name in _FOLDERS for path in (ROOT / name).rglob("*") if path.suffix in _SUFFIXES),
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md")),
]


@pytest.mark.parametrize("words", NEVER)
def test_a_promise_that_nobody_can_keep_is_never_made(words: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in SHOWN
        if re.search(words, path.read_text(), re.IGNORECASE)
    ]
    assert found == []


def test_what_is_shown_is_looked_at() -> None:
    assert len(SHOWN) > 200
