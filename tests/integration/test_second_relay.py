"""Two relays on one SQLite file: the second one is refused, and whoever else uses it is not."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tests.support.command_line import PROGRAM, Outcome, environment, run
from tests.support.operated import ask, operated
from tests.support.relays import PATIENCE_SECONDS

SERVE = ("relay", "serve", "--listen", "127.0.0.1:0", "--database")


def health(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as line:
        return ask(line)


def test_the_second_relay_ends_with_what_to_do_and_the_first_goes_on(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.db").symlink_to(tmp_path / "relay.db")
    with operated(tmp_path) as first:
        for path in ("relay.db", "elsewhere/link.db", str(tmp_path / "relay.db")):
            second = run(tmp_path, *SERVE, path)
            assert (second.code, second.output) == (33, b"")
            assert "A relay serves this database already." in second.errors
            assert "Stop that relay, or give this one" in second.errors
            assert health(first.port) == 200


def test_the_database_is_looked_at_before_the_address(tmp_path: Path) -> None:
    """Whoever is told to choose another address would start a second relay on the file."""
    with operated(tmp_path) as first:
        again = run(tmp_path, *SERVE, "relay.db", "--listen", f"127.0.0.1:{first.port}")
    assert "A relay serves this database already." in again.errors


def test_a_killed_relay_leaves_no_lock(tmp_path: Path) -> None:
    with operated(tmp_path) as relay:
        relay.process.kill()
        relay.process.wait(PATIENCE_SECONDS)
    with operated(tmp_path) as relay:
        assert health(relay.port) == 200
        relay.process.terminate()
        assert relay.process.wait(PATIENCE_SECONDS) == 0
    with operated(tmp_path) as relay:
        assert health(relay.port) == 200


def test_a_relay_that_could_not_listen_keeps_no_lock(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with operated(tmp_path / "other") as other:
        taken = run(tmp_path, *SERVE, "relay.db", "--listen", f"127.0.0.1:{other.port}")
        assert (taken.code, "cannot listen" in taken.errors) == (33, True)
    with operated(tmp_path) as relay:
        assert health(relay.port) == 200


def test_a_child_of_the_relay_holds_no_lock(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys\n"
        "from pathlib import Path\n"
        "from e2etherapy.relay.sqlite.lock import sole_use\n"
        "with sole_use(Path(sys.argv[1]), ''):\n"
        "    child = subprocess.Popen(['cat'], close_fds=False)\n"
        "    print('locked', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "relay.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(tmp_path),
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        holder.kill()
        holder.wait(PATIENCE_SECONDS)
        # The child reads on from what this test has not closed yet.
        with operated(tmp_path) as relay:
            assert health(relay.port) == 200


def test_whoever_does_not_serve_is_not_kept_from_the_file(tmp_path: Path) -> None:
    database = ("--database", "relay.db")
    with operated(tmp_path):
        for command in (
            ("allow", *database, "--mailboxes", "2"),
            ("backup", *database, "--to", "copy.db"),
            ("stats", *database),
            ("migrate", *database),
            ("check", *database, "--listen", "127.0.0.1:0"),
        ):
            outcome = run(tmp_path, "relay", *command)
            assert outcome.code == 0, outcome.errors
        assert _doctor(tmp_path).code in {0, 41}
        assert "with safe settings" in _doctor(tmp_path).text


def _doctor(folder: Path) -> Outcome:
    listen = ("--listen", "127.0.0.1:0")
    return run(folder, "relay", "doctor", "--database", "relay.db", *listen)


def test_restore_and_restored_wait_for_the_relay_to_be_stopped(tmp_path: Path) -> None:
    restore = ("relay", "restore", "--from", "copy.db", "--database", "relay.db")
    restored = ("relay", "restored", "--database", "relay.db")
    with operated(tmp_path) as relay:
        backup = ("relay", "backup", "--database", "relay.db", "--to", "copy.db")
        assert run(tmp_path, *backup).code == 0
        over, marked = run(tmp_path, *restore), run(tmp_path, *restored)
        for file in tmp_path.glob("relay.db*"):
            file.unlink()
        under = run(tmp_path, *restore)
        assert [one.code for one in (over, marked, under)] == [33, 33, 33]
        assert "nothing is ever overwritten" in over.errors
        for one in (marked, under):
            assert "A relay serves this database already." in one.errors
            assert "Stop that relay first." in one.errors
        assert not (tmp_path / "relay.db").exists()
        relay.process.terminate()
        relay.process.wait(PATIENCE_SECONDS)
    assert run(tmp_path, *restore).code == 0


def test_several_commands_start_at_once_and_one_serves(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            [*PROGRAM, *SERVE, "relay.db"],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(3)
    ]
    try:
        lines = [one.stdout.readline() for one in started if one.stdout is not None]
        assert sum(map(bool, lines)) == 1
    finally:
        for one in started:
            one.terminate()
        codes = [one.wait(PATIENCE_SECONDS) for one in started]
        for one in started:
            if one.stdout is not None:
                one.stdout.close()
    assert sorted(codes) == [0, 33, 33]
