"""What the commands on texts that go out later print with --json."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from e2etherapy.cli.answer import Answer


class Delayed(Answer, frozen=True):
    """`send --later`, `later cancel`, a line of `later list`: `at` is the earliest moment.

    What is `ended` never goes out, since the therapy has ended.
    """

    number: int
    name: str
    text: str
    at: datetime
    ended: bool


BY_COMMAND: dict[str, Any] = {
    "(send --later)": Delayed,
    "later list": list[Delayed],
    "later cancel": Delayed,
}
