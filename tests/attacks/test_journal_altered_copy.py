"""Somebody alters an exported copy of the record; the verifier in it must notice.

Here the adversary also corrects the hashes that stand beside what they alter, where they can.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from e2etherapy.errors import JournalBroken
from e2etherapy.journal.chain import blank
from tests.support.books import book_of, private, received
from tests.support.copies import Unpacked, attached, attachment, copy_of

LETTER = b"I will be there."
FORGED = b"I will not be there."


def whole(tmp_path: Path) -> Unpacked:
    contents = [private("awake", 4), received(attachment(LETTER)), private("asleep", 7)]
    return Unpacked(copy_of(book_of(contents), [attached(LETTER)]), tmp_path)


def refused(copy: Unpacked) -> str:
    code, printed = copy.verify()
    assert code == 1
    assert b"All of it fits" not in printed
    return printed.decode()


def test_an_untouched_copy_fits(tmp_path: Path) -> None:
    code, printed = whole(tmp_path).verify()
    assert code == 0
    assert b"3 entries (0 blanked in this copy), 1 file. All of it fits." in printed


def test_a_file_exchanged_together_with_its_listed_hash_is_noticed(tmp_path: Path) -> None:
    copy = whole(tmp_path)
    book = copy.book()
    listed = book["attachments"][0]
    (copy.json.parent / listed["path"]).write_bytes(FORGED)
    listed.update(sha256=hashlib.sha256(FORGED).hexdigest(), size=len(FORGED))
    copy.rewrite(book)
    assert "is not one that an entry names" in refused(copy)


def test_a_file_of_another_message_does_not_pass_for_this_one(tmp_path: Path) -> None:
    copy = whole(tmp_path)
    book = copy.book()
    book["attachments"][0]["item"] = bytes(16).hex()
    copy.rewrite(book)
    assert "is not one that an entry names" in refused(copy)


def test_a_file_put_beside_the_others_is_noticed(tmp_path: Path) -> None:
    copy = whole(tmp_path)
    (copy.json.parent / "attachments" / "002-confession.pdf").write_bytes(FORGED)
    assert "the file attachments/002-confession.pdf was inserted" in refused(copy)


def test_what_a_desktop_leaves_in_a_folder_is_no_alteration(tmp_path: Path) -> None:
    copy = whole(tmp_path)
    (copy.json.parent / "attachments" / ".DS_Store").write_bytes(b"x")
    assert copy.verify()[0] == 0


def test_a_file_left_out_with_its_listing_is_said(tmp_path: Path) -> None:
    copy = whole(tmp_path)
    book = copy.book()
    (copy.json.parent / book["attachments"].pop()["path"]).unlink()
    copy.rewrite(book)
    assert b"Recorded files that are not in this copy: 1." in copy.verify()[1]


def test_the_verifier_looks_at_no_file_outside_of_the_copy(tmp_path: Path) -> None:
    (tmp_path / "outside.pdf").write_bytes(LETTER)
    copy = whole(tmp_path / "copy")
    book = copy.book()
    (copy.json.parent / book["attachments"][0]["path"]).unlink()
    book["attachments"][0]["path"] = "../../../outside.pdf"
    copy.rewrite(book)
    assert "outside.pdf is missing" in refused(copy)


def test_an_entry_committed_to_anew_breaks_the_chain(tmp_path: Path) -> None:
    copy = whole(tmp_path)
    book = copy.book()
    forged = book_of([private("never slept", 0)])[0]
    assert forged.content is not None
    book["entries"][0].update(content=forged.content.decode(), commitment=forged.commitment.hex())
    copy.rewrite(book)
    assert "entry 1 does not follow" in refused(copy)


def test_entries_of_another_book_do_not_pass(tmp_path: Path) -> None:
    copy = whole(tmp_path)
    book = copy.book()
    book["book"] = "ff" * 16
    copy.rewrite(book)
    assert "entry 1 does not follow" in refused(copy)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"content": None}, "entry 1 is only half blanked"),
        ({"salt": None}, "entry 1 is only half blanked"),
        ({"position": 2}, "entry 1 is missing or out of its place"),
        ({"content": 5}, "journal.json is damaged"),
        ({"content": "\ud800"}, "journal.json is damaged"),
        ({"commitment": "not hex"}, "journal.json is damaged"),
        ({"head": None}, "journal.json is damaged"),
    ],
)
def test_an_altered_field_is_a_sentence_and_no_traceback(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    copy = whole(tmp_path)
    book = copy.book()
    book["entries"][0].update(change)
    copy.rewrite(book)
    assert sentence in refused(copy)


def unreadable(tmp_path: Path) -> Unpacked:
    return Unpacked(copy_of(book_of([private("awake", 4), b"\xff no text"])), tmp_path)


def test_bytes_that_are_no_text_are_checked_like_any_other(tmp_path: Path) -> None:
    copy = unreadable(tmp_path)
    assert copy.verify()[0] == 0
    book = copy.book()
    book["entries"][1]["content_hex"] = b"\xfe no text".hex()
    copy.rewrite(book)
    assert "entry 2 was changed" in refused(copy)


def test_bytes_beside_a_text_do_not_vouch_for_another_text(tmp_path: Path) -> None:
    """The bytes would verify, and a reader would see the text."""
    copy = whole(tmp_path)
    book = copy.book()
    honest = book["entries"][0]["content"]
    book["entries"][0].update(content="I am well.", content_hex=honest.encode().hex())
    copy.rewrite(book)
    assert "entry 1 has two contents" in refused(copy)


@pytest.mark.parametrize("listed", [None, 5, ["\x1b[2J"], [[]]])
def test_a_list_of_unreadable_entries_that_is_none_is_damage(
    tmp_path: Path, listed: object
) -> None:
    copy = unreadable(tmp_path)
    book = copy.book()
    book["unreadable"] = listed
    copy.rewrite(book)
    assert "journal.json is damaged" in refused(copy)


@pytest.mark.parametrize("text", ["", "[]", "5", "{}", "[" * 100_000, '{"book": []}', "\x00"])
def test_any_other_file_is_a_sentence_and_no_traceback(tmp_path: Path, text: str) -> None:
    copy = whole(tmp_path)
    copy.json.write_text(text)
    assert "journal.json is damaged" in refused(copy)


def test_a_removed_record_does_not_pass_as_one_that_fits(tmp_path: Path) -> None:
    copy = whole(tmp_path)
    copy.json.unlink()
    assert "There is no record beside this file." in refused(copy)


def test_an_end_cut_off_with_its_head_shows_only_by_a_head_noted_elsewhere(tmp_path: Path) -> None:
    """The limit that README.txt in the copy names: a chain cannot know how long it was."""
    copy = whole(tmp_path)
    book = copy.book()
    noted = book["head"]
    book["entries"].pop()
    book["head"] = book["entries"][-1]["head"]
    copy.rewrite(book)
    code, printed = copy.verify()
    assert code == 0
    assert noted.encode() not in printed
    readme = (copy.folder / "README.txt").read_text()
    assert "cut off the\nend" in readme
    assert "Compare the last head" in readme


def test_a_file_that_changed_on_the_device_is_not_exported() -> None:
    contents = [received(attachment(LETTER))]
    with pytest.raises(JournalBroken, match="not the one that was recorded"):
        copy_of(book_of(contents), [attached(FORGED)])


def test_blanking_everything_still_fits(tmp_path: Path) -> None:
    entries = [blank(entry) for entry in book_of([private("a"), private("b")])]
    code, printed = Unpacked(copy_of(entries), tmp_path).verify()
    assert code == 0
    assert b"2 entries (2 blanked in this copy), 0 files." in printed
