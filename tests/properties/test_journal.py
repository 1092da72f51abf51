"""Properties of the record: whatever is written verifies, whatever is altered does not."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors import JournalBroken
from e2etherapy.journal.chain import verify
from e2etherapy.journal.file_names import safe_name
from e2etherapy.journal.redaction import redact
from tests.support.books import BOOK, book_of, end_of

CONTENTS = st.lists(st.binary(max_size=40), min_size=1, max_size=12)


@given(CONTENTS)
def test_whatever_was_appended_verifies(contents: list[bytes]) -> None:
    entries = book_of(contents)
    assert verify(BOOK, entries) == entries[-1].head


@given(CONTENTS, st.data())
def test_any_change_to_any_field_of_any_entry_is_found(
    contents: list[bytes], data: st.DataObject
) -> None:
    entries = book_of(contents)
    end = end_of(entries)
    index = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["salt", "content", "commitment", "head", "position"]))
    entry = entries[index]
    if field == "position":
        entries[index] = replace(entry, position=entry.position + 1)
    elif field == "content":
        entries[index] = replace(entry, content=(entry.content or b"") + b"!")
    else:
        value = getattr(entry, field)
        other = bytes([value[0] ^ data.draw(st.integers(1, 255))]) + value[1:]
        entries[index] = replace(entry, **{field: type(value)(other)})
    with pytest.raises(JournalBroken):
        verify(BOOK, entries, end)


@given(CONTENTS, st.sets(st.integers(1, 12)))
def test_only_the_chosen_entries_are_blanked_and_the_rest_verifies(
    contents: list[bytes], kept: set[int]
) -> None:
    entries = book_of(contents)
    redacted = list(redact(entries, lambda entry: entry.position in kept))
    assert verify(BOOK, redacted, end_of(entries)) == entries[-1].head
    for before, after in zip(entries, redacted, strict=True):
        expected = before.content if before.position in kept else None
        assert after.content == expected


@given(st.sampled_from([b"yes", b"no"]))
def test_a_blanked_answer_cannot_be_guessed_from_its_commitment(answer: bytes) -> None:
    (entry,) = redact(book_of([answer]), lambda _: False)
    label = b"e2etherapy/1/journal-entry\x00"
    guesses = {hashlib.sha256(label + guess).digest() for guess in (b"yes", b"no")}
    guesses |= {hashlib.sha256(label + bytes(32) + guess).digest() for guess in (b"yes", b"no")}
    assert bytes(entry.commitment) not in guesses
    assert entry.salt is None


@given(st.text(max_size=400))
def test_no_name_of_a_file_leads_anywhere(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe.encode()) <= 90
    assert not set(safe) & set('/\\:*?"<>|\x00')
    assert ".." not in safe
    assert safe == safe.strip(". ")
