"""Which versions a relay speaks, and what it says of any other (docs/protocol.md, section 9.8)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from e2etherapy.relay import problems
from e2etherapy.relay.problems import ProblemAnswer

_VERSION = re.compile(r"/(v(?:0|[1-9][0-9]{0,3}))(?:/|$)", re.ASCII)


def spoken(operations: Iterable[tuple[str, str]]) -> list[str]:
    """Return the versions that a table of methods and paths has operations of."""
    return sorted({path.split("/")[1] for _, path in operations})


def nothing_at(path: str, operations: Iterable[tuple[str, str]]) -> ProblemAnswer:
    """Return the answer to a request that is none of the operations.

    It depends on nothing but the version that the path begins with.
    """
    version = _VERSION.match(path)
    versions = spoken(operations)
    if version is None or version[1] in versions:
        return problems.refused()
    return problems.unknown_version(versions)
