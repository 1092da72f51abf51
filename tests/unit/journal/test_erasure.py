"""What was erased stands in the chain: which entries, when and why, and only what stands behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors import MalformedData
from e2etherapy.journal import erasure, record
from e2etherapy.journal.chain import blank, verify
from e2etherapy.journal.erasure import Erasures
from e2etherapy.journal.record import EventName
from e2etherapy.journal.redaction import redact
from tests.support.books import BOOK, WHEN, book_of, end_of, private
from tests.support.copies import Unpacked, copy_of, in_book

positions = st.sets(st.integers(1, 60) | st.integers(1, 10**15), min_size=1, max_size=40)


def told(entries: str, reason: str = "Asked for.", event: str = EventName.ENTRIES_ERASED) -> bytes:
    details: dict[str, str | int] = {"entries": entries, "reason": reason}
    return record.encode(record.Event(recorded=WHEN, event=event, details=details))


@given(positions)
def test_numbers_are_read_as_they_were_written(numbers: set[int]) -> None:
    ranges = erasure.read(erasure.written(numbers))
    assert sum(last - first + 1 for first, last in ranges) == len(numbers)
    assert all(any(first <= one <= last for first, last in ranges) for one in numbers)


def test_runs_are_written_short() -> None:
    assert erasure.written([9, 5, 6, 7, 3]) == "3, 5-7, 9"


@pytest.mark.parametrize(
    "text", ["", "0", "3,5", "5-3", "5, 3", "3 ,5", "1-2-3", "a", "1, ", "99999999999999999"]
)
def test_what_is_no_list_of_numbers_tells_of_nothing(text: str) -> None:
    with pytest.raises(MalformedData):
        erasure.read(text)
    entries = [blank(entry) for entry in book_of([private("x")] * 5)]
    entries += book_of([private("x")] * 5 + [told(text)])[5:]
    assert Erasures(entries).of(3) is None


def test_an_entry_was_erased_if_a_later_one_says_so() -> None:
    entries = book_of([told("2, 3"), private("a"), private("b"), told("1-2"), private("c")])
    found = Erasures(entries)
    assert [found.of(position) is None for position in range(1, 6)] == [False, False] + [True] * 3
    act = found.of(2)
    assert act is not None
    assert (act.when, act.reason) == (WHEN, "Asked for.")
    assert "Asked for." not in repr(act)


def test_only_events_that_account_for_it_have_to_stay() -> None:
    events = [told("1"), told("1", event="flag_resolved"), private("x"), b"{", b"\xff"]
    events += [told("1", event=event) for event in erasure.LASTING]
    lasting = [erasure.is_lasting(entry) for entry in book_of(events)]
    assert lasting == [True, False, False, False, False, *[True] * len(erasure.LASTING)]


def test_a_copy_tells_what_was_erased_from_what_is_blanked_in_it(tmp_path: Path) -> None:
    book = book_of(
        [private("one"), private("two"), private("three"), told("1-2", "Asked <for>."), told("9")]
    )
    erased = [blank(entry) if entry.position in {1, 2} else entry for entry in book]
    verify(BOOK, erased, end_of(book))
    copy = copy_of(list(redact(erased, lambda entry: entry.position != 3)))
    text = in_book(copy, "journal.txt")
    assert text.count("Erased from this device. Why: Asked <for>.") == 2
    assert "[1]  Erased 2026-03-01 21:30:00 UTC." in text
    assert "Erased from this device, by number: 1-2. Why: Asked <for>." in text
    assert text.count("Blanked in this copy.") == 1
    assert "Asked &lt;for&gt;." in in_book(copy, "index.html")
    code, said = Unpacked(copy, tmp_path).verify()
    assert code == 0
    assert b"5 entries (1 blanked in this copy), 0 files." in said
    assert b"Entries that were erased before this copy was made: 2." in said
