"""At a terminal: inviting, joining, and comparing the six words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.command_line import PASSPHRASE, Pair, Relay, newcomer
from tests.support.terminal import at_terminal, ended, with_file

ESCAPE = "\x1b"


def test_an_invitation_is_shown_as_a_link_and_a_qr_code(pair: Pair) -> None:
    child = at_terminal(pair.therapist, "invite", "Sky", NO_COLOR="1", **with_file(pair.therapist))
    code, shown = ended(child)
    assert code == 0
    assert re.search(r"e2etherapy://127\.0\.0\.1:\d+/#[\w-]{43}\r\n", shown)
    assert shown.count("█") > 100
    assert ESCAPE not in shown
    assert "█" not in pair.therapist.run("invite", "Sky").text


def test_an_invitation_that_nobody_used_can_be_replaced(pair: Pair) -> None:
    first = pair.therapist.ask("invite", "Jo")
    assert pair.therapist.ask("invite", "Jo") == first | {"again": True}
    second = pair.therapist.ask("invite", "Jo", "--new")
    assert second["link"] != first["link"]
    assert (second["lost"], second["replaced"]) == (False, True)


@pytest.mark.parametrize(
    ("before", "typed", "verification"),
    [
        ("different", "same", "matched"),
        ("different", "SAME", "matched"),
        ("same", "d", "differed"),
        ("different", "S", "matched"),
        ("same", "", "matched"),
    ],
)
def test_comparing_the_six_words_asks_what_came_of_it(
    pair: Pair, before: str, typed: str, verification: str
) -> None:
    words = pair.therapist.ask("verify", "Robin")["words"]
    pair.client.ask("verify", "dr. Okafor", "--outcome", before)
    child = at_terminal(pair.client, "verify", "dr.  OKAFOR", **with_file(pair.client))
    child.expect("  ".join(words))
    child.expect("Did Dr. Okafor read you the same six words")
    child.sendline(typed)
    code, shown = ended(child)
    assert code == 0
    assert ("they were the same" in shown) == (typed.lower() in {"same", "s", ""})
    (line,) = pair.client.ask("conversations")
    assert line["verification"] == verification


def test_a_link_that_is_not_whole_is_asked_for_again_after_the_passphrase(
    tmp_path: Path, pair: Pair, relay: Relay
) -> None:
    link = pair.therapist.ask("invite", "Sky")["link"]
    sky = newcomer(tmp_path, relay, "client", "Sky")
    child = at_terminal(sky, "join", "-")
    child.expect("Passphrase: ")
    child.sendline(PASSPHRASE)
    for mangled, reason in ((link[:-9], "not a whole invitation link"), ("", "not a whole")):
        child.expect("Invitation link: ")
        child.send(f"{mangled}\n\n")
        child.expect(reason)
    child.expect("Invitation link: ")
    child.send(f"{link} {link[:-4]}AAAA\n")
    child.expect("2 different")
    child.expect("Invitation link: ")
    child.send(f"{link}\n")
    child.expect("You are in a conversation with Dr. Okafor")
    code, shown = ended(child)
    assert code == 0
    said = " ".join(shown.split())
    assert "you cannot be sure that this is Dr. Okafor's" in said
    assert f"e2etherapy --home {sky.home} verify 'Dr. Okafor'" in said


def test_the_end_of_the_input_ends_the_asking_for_a_link(tmp_path: Path, relay: Relay) -> None:
    noor = newcomer(tmp_path, relay, "client", "Noor")
    child = at_terminal(noor, "join", "-", **with_file(noor))
    child.expect("Invitation link: ")
    child.sendeof()
    code, shown = ended(child)
    assert (code, "Nothing was changed." in shown) == (1, True)


def test_a_therapist_is_asked_for_no_link(pair: Pair) -> None:
    code, shown = ended(at_terminal(pair.therapist, "join", "-", **with_file(pair.therapist)))
    assert (code, "Invitation link" in shown) == (28, False)
