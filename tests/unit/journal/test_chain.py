from __future__ import annotations

from dataclasses import replace

import pytest

from e2etherapy.errors import JournalBroken
from e2etherapy.journal.chain import (
    BookId,
    End,
    Entry,
    Head,
    Verifier,
    beginning,
    blank,
    first_head,
    verify,
)
from tests.support.books import BOOK, book_of, end_of, salt

CONTENTS = [b"first", b"second", b"third", b"fourth"]


def test_an_untouched_book_verifies_and_gives_its_last_head() -> None:
    entries = book_of(CONTENTS)
    assert verify(BOOK, entries) == entries[-1].head


def test_an_empty_book_has_a_head_that_depends_on_its_name() -> None:
    assert verify(BOOK, []) == first_head(BOOK)
    assert first_head(BOOK) != first_head(BookId(bytes(16)))


@pytest.mark.parametrize("position", [1, 2, 3, 4])
def test_a_changed_entry_is_found_where_it_stands(position: int) -> None:
    entries = book_of(CONTENTS)
    entries[position - 1] = replace(entries[position - 1], content=b"something else")
    with pytest.raises(JournalBroken, match=f"entry {position} was changed"):
        verify(BOOK, entries)


def test_an_entry_that_was_changed_together_with_its_commitment_breaks_the_chain() -> None:
    entries = book_of(CONTENTS)
    forged = book_of([b"first", b"another second"])[1]
    entries[1] = replace(forged, head=entries[1].head)
    with pytest.raises(JournalBroken, match="entry 2"):
        verify(BOOK, entries)


def test_a_rewritten_middle_shows_at_the_entry_behind_it() -> None:
    entries = book_of(CONTENTS)
    entries[1] = book_of([b"first", b"another second"])[1]
    with pytest.raises(JournalBroken, match="entry 3 does not follow"):
        verify(BOOK, entries)


@pytest.mark.parametrize(
    "altered",
    [
        lambda entries: entries[1:],
        lambda entries: [entries[0], *entries[2:]],
        lambda entries: [entries[1], entries[0], *entries[2:]],
        lambda entries: [entries[0], entries[0], *entries[1:]],
    ],
    ids=["first removed", "one removed", "two exchanged", "one doubled"],
)
def test_removed_moved_and_inserted_entries_are_found(altered: object) -> None:
    assert callable(altered)
    with pytest.raises(JournalBroken):
        verify(BOOK, altered(book_of(CONTENTS)))


def test_a_missing_end_is_found_when_the_last_head_is_known() -> None:
    entries = book_of(CONTENTS)
    assert verify(BOOK, entries[:-1]) != entries[-1].head
    with pytest.raises(JournalBroken, match="does not end where it should"):
        verify(BOOK, entries[:-1], end_of(entries))


@pytest.mark.parametrize(
    ("kept", "words"),
    [(0, "Entries 1 to 4 are missing"), (2, "Entries 3 to 4 are"), (3, "Entry 4 is missing")],
)
def test_a_missing_end_is_named_by_its_entries(kept: int, words: str) -> None:
    entries = book_of(CONTENTS)
    with pytest.raises(JournalBroken, match=words):
        verify(BOOK, entries[:kept], end_of(entries))


def test_entries_behind_the_known_end_are_found() -> None:
    entries = book_of(CONTENTS)
    with pytest.raises(JournalBroken, match="does not end where it should, after entry 2"):
        verify(BOOK, entries, End(2, entries[1].head))


def test_another_end_of_the_same_length_is_found() -> None:
    entries = book_of(CONTENTS)
    other = book_of([*CONTENTS[:-1], b"something else"])[-1].head
    with pytest.raises(JournalBroken, match="does not end where it should"):
        verify(BOOK, entries, End(len(entries), other))


def test_a_book_that_ends_where_it_is_known_to_verifies() -> None:
    entries = book_of(CONTENTS)
    assert verify(BOOK, entries, end_of(entries)) == entries[-1].head
    assert verify(BOOK, [], beginning(BOOK)) == beginning(BOOK).head


def test_the_entries_of_one_book_do_not_verify_in_another() -> None:
    with pytest.raises(JournalBroken, match="entry 1"):
        verify(BookId(bytes(16)), book_of(CONTENTS))


def test_a_blanked_entry_leaves_the_book_verifiable() -> None:
    entries = book_of(CONTENTS)
    entries[2] = blank(entries[2])
    assert entries[2].content is None
    assert entries[2].salt is None
    assert verify(BOOK, entries) == book_of(CONTENTS)[-1].head


def test_an_entry_without_its_salt_alone_is_refused() -> None:
    entries = book_of(CONTENTS)
    entries[0] = replace(entries[0], salt=None)
    with pytest.raises(JournalBroken, match="half blanked"):
        verify(BOOK, entries)


def test_a_verifier_that_refused_an_entry_can_go_on_with_the_right_one() -> None:
    entries = book_of(CONTENTS)
    verifier = Verifier(BOOK)
    verifier.add(entries[0])
    with pytest.raises(JournalBroken):
        verifier.add(entries[2])
    verifier.add(entries[1])
    assert (verifier.position, verifier.head) == (2, entries[1].head)


def test_the_same_words_at_two_places_share_no_commitment() -> None:
    one, two = book_of([b"the same", b"the same"])
    assert one.commitment != two.commitment


def test_no_entry_shows_what_it_holds() -> None:
    entry = Entry(1, salt(1), b"I have told nobody", book_of([b"x"])[0].commitment, Head(bytes(32)))
    assert "nobody" not in repr(entry)
