"""What cannot be sent is refused with its reason, and nothing of it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Pair, holdings
from tests.support.refusals import refused


@pytest.fixture(scope="module")
def pair(pair: Pair) -> Pair:
    pair.client.ask("send", "Dr. Okafor", "before")
    return pair


def test_a_file_that_is_not_there_has_one_code_everywhere(pair: Pair) -> None:
    missing = "no/such/file"
    for arguments in (
        ("send", "Dr. Okafor", "--attach", missing),
        ("send", "Dr. Okafor", "--attach", "/"),
        ("conversations", "--passphrase-file", missing),
        ("settings", "passphrase", "--new-passphrase-file", missing),
        ("journal", "export", f"{missing}.zip"),
        ("init", "--role", "client", "--relay", "localhost", "--allowance-file", missing),
    ):
        refused(pair.client.run(*arguments), 74)


def test_a_conversation_that_is_not_there_or_not_ready(pair: Pair) -> None:
    refused(pair.client.run("read", "Nobody"), 22)
    refused(pair.client.run("send", "Nobody", "hello"), 22)
    pair.therapist.ask("invite", "Mika")
    refused(pair.therapist.run("send", "Mika", "hello"), 23, "has not used the invitation")


def test_six_words_that_differ_stop_all_sending(own_pair: Pair) -> None:
    two = own_pair
    said = two.client.run("verify", " dr.  okafor ", "--outcome", "different")
    assert said.code == 0
    assert "may not be Dr. Okafor" in said.text
    before = holdings(two.client)
    refused(two.client.run("send", "Dr. Okafor", "hello"), 24, "compared again")
    warning = "WARNING: the six words were different. This may not be Dr. Okafor"
    assert two.client.run("read", "dr. okafor").text.count(warning) == 1
    assert warning in two.client.run("conversations").text
    assert holdings(two.client) == before
    two.client.ask("verify", "Dr. Okafor", "--outcome", "same")
    assert two.client.ask("send", "Dr. Okafor", "hello")["state"] == "stored"
    assert "WARNING" not in two.client.run("read", "Dr. Okafor").text
    two.client.ask("verify", "Dr. Okafor", "--outcome", "differed")
    assert two.client.run("read", "Dr. Okafor").text.count(warning) == 2


def test_a_30_mb_attachment(pair: Pair, tmp_path: Path) -> None:
    before = holdings(pair.client)
    video = tmp_path / "video.mp4"
    with video.open("wb") as file:
        file.truncate(30_000_000)
    outcome = pair.client.run("send", "Dr. Okafor", "see this", "--attach", str(video))
    refused(outcome, 25, "30,000,000", "25,000,000", "Nothing was sent")
    assert holdings(pair.client) == before


@pytest.mark.parametrize("data", [b"", b" \n\t", b"caf\xe9", b"\xed\xa0\x80"])
def test_a_text_that_says_nothing_or_is_not_utf8(pair: Pair, data: bytes) -> None:
    refused(pair.client.run("send", "Dr. Okafor", "-", stdin=data), 26)
    refused(pair.client.run("journal", "write", "-", stdin=data), 26)
