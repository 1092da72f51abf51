"""What came of comparing the six words, as a person says it and as it is recorded."""

from __future__ import annotations

import click

RECORDED = {"same": "matched", "different": "differed"}
LATER = "later"


class Outcome(click.Choice[str]):
    """An outcome in capitals or not, whole or its beginning; completion offers the whole words.

    The words that stand in JSON are taken too, and not offered.
    """

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return one of the choices, or a word that stands in JSON."""
        typed = value.strip().casefold()
        if typed in RECORDED.values():
            return typed
        begun = [word for word in self.choices if typed and word.startswith(typed)]
        return begun[0] if len(begun) == 1 else super().convert(value, param, ctx)


NAMED = Outcome(list(RECORDED))
ASKED = Outcome([*RECORDED, LATER])
