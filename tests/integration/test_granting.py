"""Granting beside a relay that runs."""

from __future__ import annotations

from pathlib import Path

from e2etherapy.mailbox.capabilities import Ticket
from tests.integration.test_relay_process import send
from tests.support.relays import (
    REFUSAL,
    draw,
    relay_process,
    tickets_request,
)


def test_an_allowance_granted_while_the_relay_runs_works_at_once(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        allowance, tickets = relay.allowance(2), [Ticket(draw(32)) for _ in range(3)]
        assert send(relay.port, tickets_request(allowance, *tickets))[1] == REFUSAL
        assert send(relay.port, tickets_request(allowance, *tickets[:2]))[0] == 204


def test_granting_beside_a_running_relay_leaves_its_write_ahead_log_alone(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        before = Path(f"{relay.database}-wal").stat().st_ino
        relay.allowance(1)
        assert Path(f"{relay.database}-wal").stat().st_ino == before
