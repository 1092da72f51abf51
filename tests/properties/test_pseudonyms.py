"""However a name is typed, it is replaced, or what is left of it is told."""

from __future__ import annotations

import unicodedata
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.journal.pseudonyms import Pseudonyms

NAMES = ("Linnea", "Ren\u00e9", "Zo\u00eb Stra\u00dfe", "\u0141ukasz", "\u674e\u96f7", "O'Neil")
UNSEEN = ("", "\u00ad", "\u200b", "\u200d", "\u2060", "\ufe0f")
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
EDGES = ("", " ", "_", "*", "7", ".", "\n", "\u2067", "\u00ad", '"', "@")


@st.composite
def disguised(draw: st.DrawFn, name: str) -> str:
    form: Form = draw(st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
    shaped = draw(st.sampled_from([name, name.upper(), name.lower(), name.title()]))
    typed = unicodedata.normalize(form, shaped)
    return "".join(character + draw(st.sampled_from(UNSEEN)) for character in typed)


def plainly(text: str) -> str:
    """Return a text without capitals, unseen characters and differences of form."""
    seen = "".join(
        one for one in text if unicodedata.category(one) != "Cf" and not "\ufe00" <= one <= "\ufe0f"
    )
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())


@given(st.data(), st.sampled_from(NAMES), st.text("x .\u0301e7_", max_size=8))
def test_a_name_between_edges_is_replaced_however_it_is_typed(
    data: st.DataObject, name: str, rest: str
) -> None:
    before, after = data.draw(st.sampled_from(EDGES)), data.draw(st.sampled_from(EDGES))
    text = f"{rest} {before}{data.draw(disguised(name))}{after} {rest}"
    told = Pseudonyms([(name, "P.")]).told(text)
    assert plainly(name) not in plainly(told)
    assert told.count("P.") == 1
    assert told.startswith(f"{rest} {before}")
    assert told.endswith(f"{after} {rest}")


@given(st.data(), st.sampled_from(NAMES), st.text(max_size=12), st.text(max_size=12))
def test_a_name_within_anything_is_replaced_or_told(
    data: st.DataObject, name: str, before: str, after: str
) -> None:
    names = Pseudonyms([(name, "P.")])
    told = names.told(before + data.draw(disguised(name)) + after)
    if plainly(name) in plainly(told):
        assert {words for words, _ in names.remaining([told])} == {name}


@given(st.text(max_size=30))
def test_a_text_without_the_words_stays_as_it_is(text: str) -> None:
    names = Pseudonyms([("Linnea", "P.")])
    if "linnea" not in plainly(text):
        assert names.told(text) == text
