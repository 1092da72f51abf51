"""Blanking entries of a copy: what is left verifies, what is blanked cannot be recovered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from e2etherapy.journal.chain import Entry, blank


def redact(entries: Iterable[Entry], keep: Callable[[Entry], bool]) -> Iterator[Entry]:
    """Yield every entry, blanked where `keep` says no.

    The salt goes together with the content: without its 32 random bytes even a guess at a short
    content cannot be checked against the commitment.
    """
    for entry in entries:
        yield entry if entry.content is None or keep(entry) else blank(entry)
