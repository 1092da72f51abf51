"""Somebody who holds a copy with blanked entries tries to find out what they said."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import product

from e2etherapy.journal.chain import Entry, EntrySalt, append, first_head
from e2etherapy.journal.redaction import redact
from e2etherapy.primitives.digest import labelled
from tests.support.books import BOOK, book_of, private, received, salt
from tests.support.copies import ITEM, attached, attachment, copy_of

MOODS = [private("A short note.", mood) for mood in range(11)]
LETTER = b"the letter itself"


def without_the_first(entries: list[Entry]) -> list[Entry]:
    return list(redact(entries, lambda entry: entry.position != 1))


def known_to_the_reader(entries: list[Entry]) -> Iterator[bytes]:
    """Every value in the copy that could have served as a salt."""
    yield from (b"", bytes(32), bytes(BOOK))
    for entry in entries:
        yield from (bytes(entry.commitment), bytes(entry.head), bytes(entry.salt or b""))


def test_a_guess_that_is_right_cannot_be_told_from_a_wrong_one_without_the_salt() -> None:
    copy = without_the_first(book_of([MOODS[7], private("kept")]))
    tried = {
        labelled("journal-entry", value, guess)
        for value, guess in product(known_to_the_reader(copy), MOODS)
    }
    assert bytes(copy[0].commitment) not in tried
    assert not tried & {bytes(entry.head) for entry in copy}


def test_the_same_search_finds_the_words_where_the_salt_was_left() -> None:
    """The attack itself works: only the missing salt defends."""
    entries = book_of([MOODS[7], private("kept")])
    found = [
        guess
        for guess in MOODS
        if labelled("journal-entry", salt(1), guess) == entries[0].commitment
    ]
    assert found == [MOODS[7]]


def test_two_blanked_entries_that_say_the_same_do_not_look_the_same() -> None:
    one, two = redact(book_of([MOODS[7], MOODS[7]]), lambda _: False)
    assert one.commitment != two.commitment


def test_the_same_words_in_two_copies_of_a_life_have_unlike_commitments() -> None:
    other = EntrySalt(sha256(b"another draw").digest())
    one = append(1, first_head(BOOK), MOODS[7], salt(1))
    assert one.commitment != append(1, first_head(BOOK), MOODS[7], other).commitment


def test_nothing_of_a_blanked_attachment_is_in_the_copy() -> None:
    letter = attachment(LETTER, "to-my-lawyer.pdf")
    entries = without_the_first(book_of([received(letter), private("kept")]))
    archive = copy_of(entries, [attached(LETTER, letter.name)])
    assert not [name for name in archive.namelist() if "attachments" in name]
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"kept" in everything
    for trace in (LETTER, b"to-my-lawyer", ITEM.hex().encode(), letter.sha256.hex().encode()):
        assert trace not in everything


def test_the_salt_of_a_blanked_entry_is_nowhere_in_the_copy() -> None:
    archive = copy_of(without_the_first(book_of([MOODS[7], private("kept")])))
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert salt(2).hex().encode() in everything
    assert salt(1).hex().encode() not in everything
