"""A new passphrase is long enough, and typed twice alike; an old one opens whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from e2etherapy.cli import new_passphrase, passphrase
from e2etherapy.cli.passphrase import PassphraseUnusable

Typist = Callable[..., None]


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Typist:
    """Return somebody who answers each hidden prompt with the next of these."""

    def typist(*given: str) -> None:
        answers = iter(given)
        monkeypatch.setattr(passphrase, "has_terminal", lambda: True)
        monkeypatch.setattr("getpass.getpass", lambda _: next(answers))

    return typist


def in_file(folder: Path, line: str) -> Path:
    file = folder / "passphrase"
    file.touch(mode=0o600)
    file.write_text(f"{line}\n")
    return file


@pytest.mark.parametrize("short", ["abc", "1234567", "a b c d e f g", "       x       "])
def test_a_new_passphrase_that_is_short_is_refused_with_advice(tmp_path: Path, short: str) -> None:
    with pytest.raises(PassphraseUnusable, match=r"at least 8 characters.*four or more words"):
        new_passphrase.choose(in_file(tmp_path, short))


@pytest.mark.parametrize("enough", ["12345678", "a b c d e f g h", "秘密の言葉を八字"])
def test_eight_characters_are_enough(tmp_path: Path, enough: str) -> None:
    assert new_passphrase.choose(in_file(tmp_path, enough)) == enough


def test_characters_are_counted_in_the_form_that_makes_the_key(tmp_path: Path) -> None:
    """A letter and its accent are one character, and a ligature is several."""
    with pytest.raises(PassphraseUnusable):
        new_passphrase.choose(in_file(tmp_path, "e\u0301" * 7))
    assert new_passphrase.choose(in_file(tmp_path, "o\ufb03cers")) == "o\ufb03cers"


def test_a_short_one_that_exists_opens_the_vault(tmp_path: Path) -> None:
    assert passphrase.obtain(in_file(tmp_path, "abc")) == "abc"


def test_a_short_or_mistyped_one_is_asked_for_again(
    types: Typist, capsys: pytest.CaptureFixture[str]
) -> None:
    types("abc", "a lantern", "a lanten", "four hills", "four hills")
    assert new_passphrase.choose(None) == "four hills"
    said = capsys.readouterr().err
    assert "too short" in said
    assert "were different" in said


def test_two_ways_to_write_one_letter_are_the_same_passphrase(types: Typist) -> None:
    types("caf\u00e9 au lait", "cafe\u0301 au lait")
    assert new_passphrase.choose(None) == "caf\u00e9 au lait"
