"""Sentences say what is so, and no more."""

from __future__ import annotations

import pytest

from e2etherapy.cli import wording
from e2etherapy.vault.records import State


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ({}, "The file was not sent, and nothing of it is kept."),
        ({"attachment": State.ON_DEVICE}, "The file is on this device and waits"),
        ({"attachment": State.STORED}, "The file is stored at the relay already."),
    ],
)
def test_an_interrupted_file_is_where_it_is_said_to_be(states: dict[str, State], said: str) -> None:
    sentence = wording.interrupted(["attachment"], states)
    assert said in sentence
    assert "text" not in sentence
