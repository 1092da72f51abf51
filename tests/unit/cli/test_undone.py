"""What somebody typed and cannot be sent is refused with the words that nothing was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from e2etherapy.wire.role import Role

Run = Callable[..., tuple[int, Any]]
SAM, OKAFOR = "Sam", "Dr. Okafor"
HOURS = "Mon-Fri 09:00-17:00"


def test_a_client_is_told_that_nothing_was_sent(run: Run) -> None:
    for wrong in (
        ("check-in", "take", OKAFOR, "gad-7", "--answers", "0,1"),
        ("check-in", "take", OKAFOR, "gad-7", "--answers", "0,1,2,3,0,1,2,3,0,1,2,3"),
        ("check-in", "take", OKAFOR, "gad-7", "--answers", "0,1,2,3,0,1,9,0"),
        ("check-in", "take", OKAFOR, "gad-7", "--answers", "a"),
        ("check-in", "take", OKAFOR, "gad-8", "--answers", "0"),
        ("consent", "give", OKAFOR, "--answers", "a"),
        ("consent", "give", OKAFOR, "--answers", "0"),
    ):
        _nothing_was_sent(run, Role.CLIENT, wrong)


def test_a_therapist_is_told_that_nothing_was_sent(run: Run) -> None:
    propose = ("agreement", "propose", SAM)
    for wrong in (
        ("check-in", "schedule", SAM, "gad-8", "every Monday"),
        ("check-in", "schedule", SAM, "gad-7", "now and then"),
        ("consent", "request", SAM, "--text", "xx-1"),
        (*propose, "--reply-within", "soon", "--hours", HOURS, "--zone", "Europe/Berlin"),
        (*propose, "--reply-within", "1 day", "--hours", "never", "--zone", "Europe/Berlin"),
        (*propose, "--reply-within", "1 day", "--hours", HOURS, "--zone", "Nowhere"),
        ("holidays", "announce", "--from", "2099-01-02", "--to", "2099-01-01", "--yes"),
    ):
        _nothing_was_sent(run, Role.THERAPIST, wrong)


def _nothing_was_sent(run: Run, role: Role, command: tuple[str, ...]) -> None:
    for told in (True, False):
        code, said = run(role, *command, told=told)
        assert code == 3, command
        assert said.rstrip().endswith("Nothing was sent."), command
        assert said.count("Nothing was") == 1, command
