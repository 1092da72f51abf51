"""A guard that reads only what the sieve holds finds what one finds that has read everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.therapy.caseload.recipient_guard import RecipientGuard
from e2etherapy.therapy.caseload.sieve import Sieve

WORDS = st.sampled_from(
    [
        "I",
        "am",
        "the",
        "Kim",
        "don't",
        "dont",
        "Straße",
        "extraordinarily",
        "unimaginable",
        "x" * 26,
    ]
)
TEXTS = st.lists(WORDS, max_size=14).map(" ".join)


def guard() -> RecipientGuard:
    made = RecipientGuard()
    for name in ("Kim", "Lee", "Ada"):
        made.know(name)
    return made


@given(TEXTS, st.lists(st.tuples(st.sampled_from(["Kim", "Lee", "Ada"]), TEXTS), max_size=8))
def test_nothing_that_matters_falls_through(draft: str, thread: list[tuple[str, str]]) -> None:
    everything, sieved = guard(), guard()
    sieve = Sieve([draft], [one.shown for one in sieved.findings("Lee", draft)])
    for name, text in thread:
        everything.read(name, text)
        if sieve.holds(text):
            sieved.read(name, text)
    assert sieved.findings("Lee", draft) == everything.findings("Lee", draft)


def test_texts_with_nothing_in_common_are_not_held() -> None:
    sieve = Sieve(["one two three four five six"])
    assert sieve.holds("so: ONE, two, three, four!")
    assert not sieve.holds("two three four one")
    assert not Sieve([]).holds("one two three four five six")
