"""A link that cannot be used is refused, and uses nothing up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Pair, Relay, holdings, newcomer
from tests.support.refusals import refused


@pytest.fixture(scope="module")
def pair(pair: Pair) -> Pair:
    pair.client.ask("send", "Dr. Okafor", "before")
    return pair


def test_a_link_is_found_in_what_was_pasted(tmp_path: Path, pair: Pair, relay: Relay) -> None:
    link = pair.therapist.ask("invite", "Noor")["link"]
    noor = newcomer(tmp_path, relay, "client", "Noor")
    folded = f"Your link:\r\n> E2E{link[3:40]}=\r\n> {link[40:]}\r\n> Until Monday!"
    assert noor.ask("join", "-", stdin=folded.encode())["name"] == "Dr. Okafor"
    refused(noor.run("join", "-", stdin=f"{link} {link[:-4]}AAAA".encode()), 20, "2 different")


@pytest.mark.parametrize("link", ["", "hello", "e2etherapy://127.0.0.1/#short"])
def test_a_mangled_link(pair: Pair, link: str) -> None:
    before = holdings(pair.client)
    refused(pair.client.run("join", "-", stdin=link.encode()), 20, "copy all of it")
    assert holdings(pair.client) == before


def test_a_spent_link(pair: Pair, tmp_path: Path, relay: Relay) -> None:
    link = pair.therapist.ask("invite", "Sky")["link"]
    first = newcomer(tmp_path, relay, "client", "Sky")
    first.ask("join", link)
    before = holdings(pair.client)
    refused(pair.client.run("join", link, "--as", "Another"), 21, "Nothing was changed")
    assert holdings(pair.client) == before
    own = first.run("join", link, "--as", "Another")
    refused(own, 21, "If you have used it yourself, you are in the conversation already")
    pair.therapist.ask("sync")
    refused(pair.therapist.run("invite", "Sky"), 27, "already")


def test_steps_of_the_other_role(pair: Pair) -> None:
    refused(pair.client.run("invite", "Robin"), 28, "join")
    link = pair.therapist.ask("invite", "Mika")["link"]
    refused(pair.therapist.run("join", link), 28, "invite")
