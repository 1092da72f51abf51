"""Keeping what a relay holds in memory from being written to a disk."""

from __future__ import annotations

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def keep_out_of_core_dumps() -> None:
    """Let a crash of this process leave no image of its memory.

    The limit alone would not be enough: where the system hands dumps to a program, the kernel does
    not look at it. A process that is not dumpable can't be read by others of its user either.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
