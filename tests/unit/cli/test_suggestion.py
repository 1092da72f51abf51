"""A suggested command opens the vault that the person meant."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from e2etherapy.cli import suggestion, wording
from e2etherapy.cli.invocation import Invocation


def test_without_the_flag_a_sentence_is_as_it_was() -> None:
    assert suggestion.for_home(wording.WAITS, None) == wording.WAITS
    assert suggestion.told(wording.WAITS) == wording.WAITS


@pytest.mark.parametrize("folder", ["plain", "two words", "it's", '"$HOME"', "a`b", "ü"])
def test_a_command_can_be_copied_whatever_the_folder_is_called(folder: str) -> None:
    command = suggestion.for_home("e2etherapy sync", Path(folder))
    assert shlex.split(command) == ["e2etherapy", "--home", folder, "sync"]


def test_every_command_in_a_sentence_names_the_folder_once() -> None:
    told = suggestion.for_home(wording.NO_CONVERSATIONS, Path("two words"))
    assert told.count('\'e2etherapy --home "two words" ') == 2
    assert suggestion.for_home(told, Path("two words")) == told


@pytest.mark.parametrize(
    "sentence",
    [
        "Another e2etherapy process has this vault open.",
        "e2etherapy 0.1.0 on Python 3.11.7.",
        "Ask for one ('e2etherapy relay allow').",
        "/opt/e2etherapy sync",
    ],
)
def test_what_is_no_command_for_a_vault_stays(sentence: str) -> None:
    assert suggestion.for_home(sentence, Path("home")) == sentence


def test_the_folder_is_that_of_the_command_that_runs() -> None:
    with click.Context(click.Command("x"), obj=Invocation(home=Path("cl"))):
        assert suggestion.told("e2etherapy sync") == "e2etherapy --home cl sync"
        assert "e2etherapy --home cl verify Robin" in wording.differed("Robin")
