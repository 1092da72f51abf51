from __future__ import annotations

from datetime import timedelta

import pytest

from e2etherapy.errors.therapy import InvalidBatch
from e2etherapy.therapy.caseload.batch import Drafted, in_order, planned, reviews, spacing
from e2etherapy.therapy.caseload.recipient_guard import RecipientGuard
from tests.support.exchanges import hours
from tests.support.people import seeded

NOW = hours(0)


def test_the_first_reply_leaves_at_once_and_the_others_within_the_span() -> None:
    offsets = spacing(52, 1_800, seeded("spacing"))
    assert offsets[0] == 0
    assert len(offsets) == 52
    assert list(offsets) == sorted(offsets)
    assert 0 <= min(offsets[1:]) <= max(offsets) <= 1_800


@pytest.mark.parametrize(("count", "expected"), [(0, ()), (1, (0,))])
def test_what_needs_no_chance_draws_none(count: int, expected: tuple[int, ...]) -> None:
    def refuse(length: int) -> bytes:
        raise AssertionError(length)

    assert spacing(count, 600, refuse) == expected


@pytest.mark.parametrize(
    ("drawn", "offset"), [(b"\x00" * 8, 0), (b"\xff" * 8, 600), (b"\x80" + b"\x00" * 7, 300)]
)
def test_both_ends_of_the_span_can_be_drawn(drawn: bytes, offset: int) -> None:
    assert spacing(2, 600, lambda _: drawn) == (0, offset)


def test_each_second_is_as_likely_as_another() -> None:
    drawn = [spacing(1_000, 9, seeded(f"even/{turn}"))[1:] for turn in range(10)]
    counts = [sum(offsets.count(second) for offsets in drawn) for second in range(10)]
    assert sum(counts) == 9_990
    assert all(850 < count < 1_150 for count in counts)


@pytest.mark.parametrize(("count", "span"), [(-1, 0), (1_001, 0), (1, -1), (1, 86_401)])
def test_too_many_replies_or_too_long_a_span_are_refused(count: int, span: int) -> None:
    with pytest.raises(InvalidBatch):
        spacing(count, span, seeded("refused"))


def test_what_is_due_soonest_leaves_first_and_what_is_not_due_last() -> None:
    drafts = [
        Drafted("undue", ""),
        Drafted("later", "", hours(5)),
        Drafted("b", "", hours(2)),
        Drafted("A", "", hours(2)),
    ]
    assert [draft.name for draft in in_order(drafts)] == ["A", "b", "later", "undue"]


def test_no_reply_becomes_late_by_being_spaced() -> None:
    drafts = [Drafted("late", "", hours(-3)), Drafted("soon", "", hours(0.01))]
    drafts += [Drafted(f"{number}", "", hours(1)) for number in range(30)]
    plan = planned(drafts, 7_200, NOW, seeded("plan"))
    due = {draft.name: draft.due for draft in drafts}
    assert (plan[0].name, plan[0].at) == ("late", NOW)
    assert all(one.at <= (due[one.name] or NOW) for one in plan[1:])
    assert [one.at for one in plan] == sorted(one.at for one in plan)
    assert planned([], 60, NOW, seeded("none")) == ()
    undue = planned([Drafted("a", ""), Drafted("b", "")], 60, NOW, lambda length: b"\xff" * length)
    assert undue[1].at == NOW + timedelta(seconds=60)


def test_a_review_says_how_a_draft_begins_and_what_to_look_at_again() -> None:
    guard = RecipientGuard()
    guard.know("Anna Weber")
    text = "Dear Anna,\n\n\tI answer by {day}.\x1b[31m " + "And so on. " * 20
    (review,) = reviews([Drafted("Bea", text, hours(4))], guard)
    assert review.first_words == "Dear Anna, I answer by {day}.[31m And so on. And so on. And…"
    assert (review.name, review.length, review.due) == ("Bea", len(text), hours(4))
    assert [finding.clients for finding in review.findings] == [("Anna Weber",)]
    assert review.unfilled == ("day",)


def test_reviews_come_in_the_order_of_sending() -> None:
    drafts = [Drafted("undue", "a"), Drafted("due", "b", hours(1))]
    assert [one.name for one in reviews(drafts, RecipientGuard())] == ["due", "undue"]


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), (" \n", ""), ("👩\u200d👧 שלום", "👩👧 שלום")]
)
def test_a_draft_of_any_characters_can_be_reviewed(text: str, shown: str) -> None:
    (review,) = reviews([Drafted("Bea", text)], RecipientGuard())
    assert review.first_words == shown


def test_a_draft_shows_no_words_by_accident() -> None:
    draft = Drafted("Bea", "Words.")
    (review,) = reviews([draft], RecipientGuard())
    assert "Words" not in repr(draft) + repr(review)
