"""A relay that the command line started leaves no image of its memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.command_line import environment
from tests.support.operated import operated

_ASK = """
import ctypes, resource
from e2etherapy.relay.memory import keep_out_of_core_dumps
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
libc = ctypes.CDLL(None)
before = libc.prctl(3, 0, 0, 0, 0)
keep_out_of_core_dumps()
print(before, libc.prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_a_process_makes_itself_undumpable(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        capture_output=True,
        text=True,
        check=True,
        env=environment(tmp_path),
    )
    assert done.stdout.split() == ["1", "0", "0", "0"]


def test_a_relay_that_crashes_leaves_no_core_dump(tmp_path: Path) -> None:
    with operated(tmp_path) as relay:
        limits = Path(f"/proc/{relay.process.pid}/limits").read_text()
        (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert line.split()[4:6] == ["0", "0"]
        relay.process.send_signal(signal.SIGSEGV)
        _, status = os.waitpid(relay.process.pid, 0)
        relay.process.returncode = -signal.SIGSEGV
        assert os.WTERMSIG(status) == signal.SIGSEGV
        assert not os.WCOREDUMP(status)
