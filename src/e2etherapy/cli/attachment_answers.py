"""What the commands on attached files print with --json."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from e2etherapy.cli.answer import Answer


class Listed(Answer, frozen=True):
    """A line of `attachments list`: `voice` is how many seconds a voice note lasts, or null.

    `number` is this device's, `tag` the same on both, like C17. `media_type` and `voice` are what
    the sender says; `hidden` ones are there only with --hidden.
    """

    number: int
    tag: str
    author: Literal["client", "therapist"]
    own: bool
    written: datetime
    name: str
    media_type: str
    size: int
    voice: int | None
    hidden: bool


class Saved(Answer, frozen=True):
    """`attachments save`: where the file is; `new` is false if the same one was there."""

    number: int
    tag: str
    file: str
    new: bool


BY_COMMAND: dict[str, Any] = {
    "attachments list": list[Listed],
    "attachments save": Saved,
}
