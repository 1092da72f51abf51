"""Commands that end with a sentence and an exit code instead of what was asked for."""

from __future__ import annotations

from tests.support.command_line import Outcome


def refused(outcome: Outcome, code: int, *words: str) -> None:
    """Check that a command ended with this code and one sentence that holds the words."""
    assert (outcome.code, outcome.output) == (code, b""), outcome.errors
    assert "Traceback" not in outcome.errors
    for word in words:
        assert word in outcome.errors
