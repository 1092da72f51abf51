"""The environment in which the programs under test run."""

from __future__ import annotations

import os
from pathlib import Path

from e2etherapy import errors

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(Path(errors.__file__).parents[2]),
    # Of a module that is compiled while a limit leaves no room for it, Python 3.11 keeps the first
    # half (gh-126606), and no later command can import it.
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""Nothing of the machine's user, and the sources that are tested."""
