"""What a therapist is told of an extract before it is passed on."""

from __future__ import annotations

from e2etherapy.cli.therapy import extract_views
from e2etherapy.messenger.record.passing_on import WrittenExtract
from e2etherapy.messenger.views import ExportedBookView


def test_words_that_no_entry_says_may_still_have_been_replaced_in_names() -> None:
    book = ExportedBookView(
        title="A", entries=9, head="", messages=4, private=False, unreadable=(), missing_files=0
    )
    told = extract_views.written("x.zip", WrittenExtract(book, 2, 1, {"Robin": 0, "Jo": 1}))
    assert told.splitlines()[1:4] == [
        "Replaced in what the entries say: Robin, 0 times.",
        "Replaced in what the entries say: Jo, 1 time.",
        "In names and in the request they are replaced as well.",
    ]
    assert "replaced" not in extract_views.written("x.zip", WrittenExtract(book, 2, 1, {}))
