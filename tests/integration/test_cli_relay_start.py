"""A relay that cannot start says what is in its way."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_line import run
from tests.support.refusals import refused


def test_a_relay_that_cannot_start(tmp_path: Path) -> None:
    serve = ("relay", "serve", "--database", "relay.db")
    refused(run(tmp_path, *serve, "--listen", "somewhere"), 33, "HOST:PORT")
    refused(run(tmp_path, *serve, "--listen", "0.0.0.0:0"), 33, "--behind-proxy")
    (tmp_path / "relay.db").write_text("a shopping list, longer than a header " * 100)
    refused(run(tmp_path, *serve, "--listen", "127.0.0.1:0"), 33, "database")
    allow = ("relay", "allow", "--database", "relay.db", "--mailboxes")
    refused(run(tmp_path, *allow, "2"), 33, "database")
    refused(run(tmp_path, *allow, "0"), 2)
