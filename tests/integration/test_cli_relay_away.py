"""A relay that is away: what was written is safe, and what was not is not called so."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.support.command_line import (
    Person,
    allowance_from,
    holdings,
    newcomer,
    passphrase_in,
    running_relay,
)
from tests.support.met import Meeting
from tests.support.refusals import refused


def test_a_relay_that_is_down(tmp_path: Path) -> None:
    passphrase_in(tmp_path)
    person = Person(tmp_path, "client")
    made = person.run("init", "--role", "client", "--relay", "http://127.0.0.1:9", "--json")
    assert made.code == 0
    assert "can't be reached" in made.data["problem"]
    assert "settings relay" in made.errors
    examined = person.run("doctor")
    assert examined.code == 41
    assert "can't be reached" in examined.text
    link = f"e2etherapy://127.0.0.1:9/#{'A' * 43}"
    refused(person.run("join", link), 75, "can't be reached", "The invitation is not used up")
    assert holdings(person) == []


def test_only_where_something_was_written_it_is_called_safe(
    tmp_path: Path, other_meeting: Meeting
) -> None:
    with other_meeting.copied(tmp_path) as (relay, two):
        link = two.therapist.ask("invite", "Sky")["link"]
        sky = newcomer(tmp_path / "sky", relay, "client", "Sky")
    nothing = (
        sky.run("join", "-", stdin=link.encode()),
        two.client.run("sync"),
        two.therapist.run("invite", "Mika"),
        two.client.run("doctor"),
    )
    for outcome in nothing:
        said = outcome.text + outcome.errors
        assert "can't be reached" in said
        assert "wrote" not in said
    assert "The invitation for Mika is prepared" in nothing[2].errors
    written = two.client.run("send", "Dr. Okafor", "still here")
    assert (written.code, "What you wrote is safe on this device" in written.errors) == (75, True)
    synced = two.client.run("sync")
    assert synced.text == "Something still waits on this device; it goes out with a later sync.\n"


def test_a_relay_that_is_down_is_told_in_json_too(tmp_path: Path, other_meeting: Meeting) -> None:
    two = other_meeting.copied_without_relay(tmp_path)
    entry = two.client.ask("journal", "write", "For you too.")
    share = ("journal", "share", str(entry["number"]), "Dr. Okafor", "--yes", "--json")
    for unsent in (two.client.run("send", "Dr. Okafor", "hello", "--json"), two.client.run(*share)):
        assert (unsent.code, unsent.data["state"]) == (75, "on_device")
        assert unsent.failure["code"] == "relay_unreachable"
    synced = two.client.run("sync", "--json")
    assert (synced.code, synced.failure["code"]) == (75, "relay_unreachable")
    assert synced.data == {
        "arrived": [],
        "notices": [],
        "card_to_confirm": None,
        "delivered": 0,
        "unsent": 2,
        "problem": "The relay can't be reached.",
    }
    examined = two.client.run("doctor", "--json")
    assert (examined.code, examined.data["healthy"], examined.failure["exit"]) == (41, False, 41)
    for nothing in (("invite", "Mika"), ("join", "-"), ("read", "Nobody"), ("no-such-command",)):
        outcome = two.therapist.run(*nothing, "--json")
        assert outcome.output == b""
        assert outcome.failure["exit"] == outcome.code != 0


def test_what_was_written_while_the_relay_was_away_goes_out_by_itself(
    tmp_path: Path, other_meeting: Meeting
) -> None:
    pair = other_meeting.copied_without_relay(tmp_path)
    unsent = pair.client.run("send", "Dr. Okafor", "written in the dark", "--json")
    assert unsent.code == 75
    assert unsent.data["state"] == "on_device"
    assert unsent.failure["code"] == "relay_unreachable"
    assert "safe on this device" in unsent.failure["message"]
    assert "on this device" in pair.client.run("read", "Dr. Okafor").text.lower()
    with running_relay(tmp_path, other_meeting.address):
        pair.client.ask("sync")
        pair.therapist.ask("sync")
        (message,) = pair.therapist.ask("read", "Robin")
        assert message["text"] == "written in the dark"


def test_an_allowance_granted_beside_a_running_relay_loses_nothing_of_it(
    tmp_path: Path, other_meeting: Meeting
) -> None:
    with other_meeting.copied(tmp_path) as (relay, pair):
        allowance_from(relay)
        pair.client.ask("send", "Dr. Okafor", "on the disk before the answer")
        relay.process.send_signal(signal.SIGKILL)
        relay.process.wait(30)
    with running_relay(tmp_path, relay.url.removeprefix("http://")):
        pair.therapist.ask("sync")
        (message,) = pair.therapist.ask("read", "Robin")
        assert message["text"] == "on the disk before the answer"
