"""Every error has one exit code and one sentence, and the documents say the same."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2etherapy import errors
from e2etherapy.cli import exit_codes, main
from e2etherapy.cli.exit_codes import TABLE, exit_for, sentence_for

DOCUMENT = Path(__file__).parents[3] / "docs" / "cli.md"


def every_error(base: type[Exception] = errors.E2ETherapyError) -> Iterator[type[Exception]]:
    for kind in base.__subclasses__():
        yield kind
        yield from every_error(kind)


def test_codes_and_names_are_distinct() -> None:
    assert len({row.code for row in TABLE}) == len({row.name for row in TABLE}) == len(TABLE)
    assert all(0 <= row.code < 256 for row in TABLE)


@pytest.mark.parametrize("kind", [*every_error()], ids=lambda kind: kind.__name__)
def test_no_error_of_ours_passes_for_a_mistake_in_the_program(kind: type[Exception]) -> None:
    assert exit_for(kind()).name != "internal"
    assert sentence_for(kind())


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (errors.WrongPassphrase(), "wrong_passphrase"),
        (errors.JournalBroken(), "journal_broken"),
        (errors.RelayUnreachable(), "relay_unreachable"),
        (errors.RelayDatabaseTooNew(), "relay_setup"),
        (errors.TooManySkipped(), "not_ready"),
        (errors.NameTaken(), "name_taken"),
        (errors.MessengerError(), "not_possible"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x"), "file"),
        (ValueError("a secret"), "internal"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_the_nearest_row_counts(error: Exception, name: str) -> None:
    assert exit_for(error).name == name


def test_an_unexpected_error_does_not_say_what_it_held() -> None:
    assert "a secret" not in sentence_for(ValueError("a secret"))
    assert "E2ETHERAPY_TRACEBACK=1" in sentence_for(ValueError("a secret"))


def test_the_document_has_the_same_table() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(str(row.code), row.name, row.meaning) for row in TABLE]


def test_the_program_explains_every_code_and_its_help_says_how(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.run(["exit-codes"]) == 0
    shown = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert shown == [[str(row.code), row.name, row.meaning] for row in exit_codes.TABLE]
    assert main.run(["--help"]) == 0
    assert "e2etherapy exit-codes" in capsys.readouterr().out
