"""When a relay and this program speak different versions (docs/protocol.md, section 9.8)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from e2etherapy.errors import RelayVersionDiffers
from e2etherapy.mailbox import operations

_BAD_REQUEST = 400
_VERSION = re.compile(r"v(0|[1-9][0-9]{0,3})", re.ASCII)

OLDER = (
    "This relay is older than this program and does not speak its language. Ask whoever runs the "
    "relay to update it; nothing is lost until then."
)
NEWER = (
    "This relay is newer than this program and no longer speaks its language. Update e2etherapy; "
    "nothing is lost until then."
)


def check(status: int, answer: bytes) -> None:
    """Look whether an answer says that the relay speaks other versions than this program.

    Raises:
        RelayVersionDiffers: it does, and which of the two is to be updated.
    """
    if status != _BAD_REQUEST:
        return
    try:
        told = msgspec.json.decode(answer, type=operations.UnknownVersion)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # another problem, which the caller looks at
    sentence = difference(told.versions)
    if told.type == operations.UNKNOWN_VERSION and sentence is not None:
        raise RelayVersionDiffers(sentence)


def difference(versions: Sequence[str]) -> str | None:
    """Say who is behind, or None where it is nobody or cannot be told.

    Nothing of what the relay wrote is repeated.
    """
    spoken = {int(found[1]) for version in versions if (found := _VERSION.fullmatch(version))}
    own = int(operations.API.removeprefix("/v"))
    if not spoken or own in spoken:
        return None
    return OLDER if max(spoken) < own else NEWER
