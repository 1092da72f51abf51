"""What it costs to start the command line, beside an interpreter that does nothing."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from benchmarks.results import Row

TITLE = "Starting: CPU seconds of a whole process"
_REPETITIONS = 9
_HELP = "import sys; sys.argv[1:] = ['--help']; from e2etherapy.cli.start import main; main()"


def run() -> list[Row]:
    """Measure both in turn."""
    seconds: dict[str, list[float]] = {"pass": [], _HELP: []}
    for _ in range(_REPETITIONS):
        for program, measured in seconds.items():
            measured.append(_cpu_seconds(program))
    empty, helped = (statistics.median(measured) for measured in seconds.values())
    return [
        Row("an interpreter that does nothing", empty, "s"),
        Row("e2etherapy --help", helped, "s", "nothing", helped / empty, "< 0.25 s"),
    ]


def _cpu_seconds(program: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
