"""What Ctrl-C does before a command begins and after it has ended; between, it raises.

Imports nothing that takes time: it is at work while everything else is being imported.
"""

import os
import signal
import sys
from types import FrameType

CODE = 130
NOTHING_DONE = "Stopped. Nothing was done."


def end_at_once() -> None:
    """Let Ctrl-C end the process from now on: nothing has been done yet.

    Whoever started it with Ctrl-C ignored keeps that.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_from_now_on() -> None:
    """Let Ctrl-C raise KeyboardInterrupt: a command has begun, and can say how far it came."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def ended_with(code: int) -> None:
    """Let Ctrl-C change nothing any more: all is done and said, and the interpreter is ending."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(code))


def _end(_signal: int, _frame: FrameType | None) -> None:
    # Not by an exception: in the middle of an import it would come out as something else.
    said = NOTHING_DONE
    if "--json" in sys.argv:
        said = f'{{"error": {{"code": "interrupted", "exit": {CODE}, "message": "{said}"}}}}'
    start = b"\n" if os.isatty(2) else b""  # behind the ^C that the terminal shows
    os.write(2, start + said.encode() + b"\n")
    os._exit(CODE)
