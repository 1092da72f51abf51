"""Run benchmarks and print their tables.

python -m benchmarks [NAMES...] [--relay] [--json] [--summary]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from dataclasses import asdict

from benchmarks.results import Row, summary, table

RELAY = ("relay_deposits", "relay_spread", "relay_idle", "relay_peak", "postgres")
STANDARD = ("turns", *RELAY, "sync", "search", "recipient", "attachments", "startup")
NAMES = (*STANDARD, "relay_growth", "relay_synapse", "practice_year", "voice_note")
"""What is not among the standard ones takes a long time or much disk, and runs when named."""


def main() -> None:
    """Run what was asked for, one after another, and print it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, and print what was measured."
    )
    parser.add_argument("names", nargs="*", metavar="NAMES", help=", ".join(NAMES))
    parser.add_argument("--relay", action="store_true", help="what concerns the relay")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--summary", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in NAMES]:
        parser.error(f"{', '.join(unknown)}: not one of {', '.join(NAMES)}")
    machine = {"python": platform.python_version(), "cpus": os.cpu_count() or 1}
    measured = {}
    named: list[Row] = []
    for name in arguments.names or (RELAY if arguments.relay else STANDARD):
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        module = importlib.import_module(f"benchmarks.{name}")
        rows: list[Row] = module.run()
        measured[name] = [asdict(row) for row in rows]
        named += rows
        if not arguments.json:
            print(table(module.TITLE, rows), end="\n\n", flush=True)
    if arguments.json:
        print(json.dumps({"machine": machine, "benchmarks": measured}, indent=2))
    else:
        print(f"Python {machine['python']}, {machine['cpus']} cores")
    if arguments.summary:
        print(json.dumps(summary(named)))


if __name__ == "__main__":
    main()
