"""How long a relay process takes to stop where somebody does not read."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.relay.limits import STANDARD
from tests.attacks.test_relay_unread import connection, store
from tests.integration.test_relay_process import mailbox
from tests.support.relays import PATIENCE_SECONDS, relay_process, watching

STOP_SECONDS = 0.45 * PATIENCE_SECONDS
"""Waited for a second time, it would leave the rest of the patience too short for a third."""
SABOTAGE = f"""
from e2etherapy.relay import limits
limits.STOP_SECONDS = {STOP_SECONDS}
"""
EAGER = replace(STANDARD, deposit_burst=1_000_000)


@pytest.mark.nightly
def test_a_stream_that_nobody_reads_is_waited_for_once(tmp_path: Path) -> None:
    with relay_process(tmp_path, limits=EAGER, sabotage=SABOTAGE) as relay:
        box = mailbox(relay)
        with connection(relay, taken=2_048) as stuck:
            stuck.sendall(watching(*[(box, 0)] * 100).encode())
            store(relay, box, 900)
            relay.process.send_signal(signal.SIGTERM)
            assert relay.process.wait(PATIENCE_SECONDS) == 0
    assert '"stopped"' in relay.log.read_text()
