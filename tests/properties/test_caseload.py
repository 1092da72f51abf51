"""What is computed of a caseload, against slower and simpler ways to the same."""

from __future__ import annotations

import re
import string
import unicodedata
from datetime import datetime, timedelta
from itertools import chain
from operator import add

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from e2etherapy.errors.therapy import InvalidTemplate, UnfilledTemplate
from e2etherapy.therapy.caseload import attendance, batch, templates
from e2etherapy.therapy.caseload.batch import Drafted
from e2etherapy.therapy.caseload.exchange import Message
from e2etherapy.therapy.caseload.figures import Course, figures
from e2etherapy.therapy.caseload.phrases import shortest, words
from e2etherapy.therapy.caseload.queue import Entry, Waiting, queue
from e2etherapy.therapy.caseload.recipient_guard import Kind, RecipientGuard
from e2etherapy.wire.role import Role
from tests.support.exchanges import flag, hours
from tests.support.people import seeded

NOW = hours(10)
anything = st.text(st.characters(exclude_categories=()), max_size=200)
moments = st.integers(0, 20).map(hours)


# --- queue --------------------------------------------------------------------------------


@st.composite
def conversations(draw: st.DrawFn) -> list[Waiting]:
    messages = st.builds(Message, st.sampled_from(Role), moments, moments, st.none() | moments)
    names = draw(st.lists(st.text("aAbßé🦊א ", max_size=3), max_size=8, unique=True))
    return [
        Waiting(
            name,
            tuple(flag(hour) for hour in draw(st.lists(st.integers(0, 5), max_size=2))),
            tuple(draw(st.lists(messages, max_size=5))),
        )
        for name in names
    ]


def open_ones(waiting: Waiting) -> list[Message]:
    """Look at each message of the client, and at all that come after it."""
    return [
        message
        for place, message in enumerate(waiting.exchange)
        if message.author is Role.CLIENT
        and all(later.author is Role.CLIENT for later in waiting.exchange[place:])
    ]


def comes_before(one: Waiting, other: Waiting) -> bool:
    """Compare two conversations as the product's document does, in words."""
    for moments_of in (
        lambda waiting: [raised.raised for raised in waiting.flags],
        lambda waiting: [m.due for m in open_ones(waiting) if m.due is not None],
        lambda waiting: [min(m.written, m.recorded) for m in open_ones(waiting)],
    ):
        mine, theirs = sorted(moments_of(one)), sorted(moments_of(other))
        if not mine and not theirs:
            continue
        if mine and theirs and mine[0] == theirs[0]:
            break
        return bool(mine) and (not theirs or mine[0] < theirs[0])
    return (one.name.casefold(), one.name) < (other.name.casefold(), other.name)


@given(given_ones=conversations(), data=st.data())
def test_the_queue_is_in_the_order_that_words_give(
    given_ones: list[Waiting], data: st.DataObject
) -> None:
    ordered = [one for one in given_ones if one.flags or open_ones(one)]
    for end in range(len(ordered), 0, -1):
        for place in range(end - 1):
            if comes_before(ordered[place + 1], ordered[place]):
                ordered[place : place + 2] = ordered[place + 1], ordered[place]
    entries = queue(data.draw(st.permutations(given_ones)), NOW)
    assert [entry.name for entry in entries] == [one.name for one in ordered]
    for entry, one in zip(entries, ordered, strict=True):
        check_entry(entry, open_ones(one))


def check_entry(entry: Entry, waiting: list[Message]) -> None:
    dues = sorted(message.due for message in waiting if message.due is not None)
    assert entry.messages == len(waiting)
    assert entry.due == (dues[0] if dues else None)
    assert bool(entry.late) == bool(dues and dues[0] < NOW)


# --- the guard ----------------------------------------------------------------------------

ours = st.lists(st.text("abcdeé'", min_size=1, max_size=9), max_size=40)
theirs = st.lists(st.text("vwxyzßя", min_size=1, max_size=9), max_size=40)
separators = st.sampled_from([" ", ", ", ".\n", " — ", "\u200b ", " 🦊 "])


@given(mine=ours, other=theirs, name=st.text("qrs(.*)[]\\ ", max_size=12), draft=ours)
def test_a_text_that_shares_nothing_is_never_flagged(
    mine: list[str], other: list[str], name: str, draft: list[str]
) -> None:
    guard = RecipientGuard(everyday=())
    guard.know(name)
    guard.read(name, " ".join(other))
    guard.read("here", " ".join(mine))
    assert guard.findings("here", " ".join(draft)) == ()


few = st.lists(st.sampled_from(["a", "bb", "Extraordinarily", "uncomfortable", "e"]), max_size=14)


def stretches(said: list[str]) -> list[list[tuple[str, ...]]]:
    """Return for each word all stretches from it that are long enough, by trying each."""
    return [
        [
            tuple(said[first:end])
            for end in range(first + 1, len(said) + 1)
            if end - first >= 5 or len(" ".join(said[first:end])) >= 25
        ]
        for first in range(len(said))
    ]


_TWICE = ["Extraordinarily", "Extraordinarily"]


# What goes on after a phrase of this thread is a phrase only where it is long enough itself.
@example(here=_TWICE, other=[*_TWICE, "a"], draft=[*_TWICE, "a"], between=[" "] * 14)
@example(
    here=_TWICE,
    other=[*_TWICE, "uncomfortable"],
    draft=[*_TWICE, "uncomfortable"],
    between=[" "] * 14,
)
@given(here=few, other=few, draft=few, between=st.lists(separators, min_size=14, max_size=14))
def test_a_phrase_is_found_exactly_if_a_reader_who_tries_each_stretch_finds_one(
    here: list[str], other: list[str], draft: list[str], between: list[str]
) -> None:
    guard = RecipientGuard()
    guard.read("1", "".join(map(add, other, between)))
    guard.read("2", " ".join(here))
    found = guard.findings("2", " ".join(draft).upper())
    said, known, own = (
        stretches([word.casefold() for word in one]) for one in (draft, other, here)
    )
    shortest = {each[0] for each in said if each}
    assert bool(found) == bool((shortest & set(chain(*known))) - set(chain(*own)))
    assert all(finding.kind is Kind.PHRASE and finding.clients == ("1",) for finding in found)


@given(text=anything, name=anything, called=anything, thread=anything)
def test_a_draft_and_names_of_any_characters_break_nothing(
    text: str, name: str, called: str, thread: str
) -> None:
    guard = RecipientGuard([called])
    guard.know(name, [called, text])
    guard.read(name, thread)
    guard.allow(called)
    for finding in guard.findings("here", f"{text} {name} {thread}"):
        assert len(finding.sentence()) < 400
        assert "\n" not in finding.sentence()


@given(text=anything)
def test_words_have_letters_marks_and_digits_only(text: str) -> None:
    said = words(text)
    assert all(unicodedata.category(letter)[0] in "LMN" for word in said for letter in word)
    begun = shortest(said)
    assert len(begun.numbers) == len(begun.ends) <= len(said)


# --- templates ----------------------------------------------------------------------------

pieces = st.one_of(
    st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=9),
    st.sampled_from(["{name}", "{Day}", "{first name}", "{{", "}}"]),
)


@given(parts=st.lists(pieces, max_size=12), data=st.data())
def test_a_filled_template_has_no_placeholder_and_all_of_its_words(
    parts: list[str], data: st.DataObject
) -> None:
    text = "".join(parts)
    assume(text.strip())
    template = templates.parse(text)
    values = {
        name: data.draw(st.text(string.ascii_letters, min_size=1, max_size=5))
        for name in template.placeholders
    }
    written = {"{{": "{", "}}": "}"} | {f"{{{name}}}": word for name, word in values.items()}
    expected = "".join(written.get(part.lower(), part) for part in parts)
    assert templates.fill(template, values) == expected
    if "{{" not in parts:
        assert "{" not in expected
    for missing in values:
        with pytest.raises(UnfilledTemplate) as refusal:
            templates.fill(template, {**values, missing: " "})
        assert refusal.value.placeholders == (missing,)


@given(text=st.text("{}ab 2.", max_size=30) | anything)
def test_any_text_is_a_template_or_is_refused_in_a_sentence(text: str) -> None:
    try:
        template = templates.parse(text)
    except InvalidTemplate as refusal:
        assert str(refusal).endswith(".")  # noqa: PT017 - it need not be refused
        return
    filled = templates.fill(template, dict.fromkeys(template.placeholders, "x"))
    assert filled.count("{") == text.count("{{")
    assert not re.search(r"(?<!\{)\{[ab]+\}(?!\})", text) or template.placeholders


# --- batches ------------------------------------------------------------------------------


@given(count=st.integers(0, 60), span=st.integers(0, 86_400), seed=st.text())
def test_offsets_begin_at_once_stay_in_the_span_and_in_order(
    count: int, span: int, seed: str
) -> None:
    offsets = batch.spacing(count, span, seeded(ascii(seed)))
    assert len(offsets) == count
    assert list(offsets[:1]) == [0] * min(count, 1)
    assert list(offsets) == sorted(offsets)
    assert all(0 <= offset <= span for offset in offsets)


@given(
    dues=st.lists(st.none() | moments, max_size=20), span=st.integers(0, 86_400), seed=st.integers()
)
def test_a_plan_has_each_reply_once_in_order_and_makes_none_late(
    dues: list[datetime | None], span: int, seed: int
) -> None:
    drafts = [Drafted(f"{number}", "", due) for number, due in enumerate(dues)]
    plan = batch.planned(drafts, span, NOW, seeded(f"{seed}"))
    assert sorted(one.name for one in plan) == sorted(draft.name for draft in drafts)
    assert [one.at for one in plan] == sorted(one.at for one in plan)
    for one in plan:
        due = dues[int(one.name)]
        assert NOW <= one.at <= NOW + timedelta(seconds=span)
        assert due is None or one.at <= max(due, NOW)


# --- figures and attendance ---------------------------------------------------------------


@given(given_ones=conversations())
def test_figures_agree_with_the_queue_and_with_each_other(given_ones: list[Waiting]) -> None:
    counted = figures([Course(one.name, one.exchange) for one in given_ones], NOW)
    waiting = [entry for entry in queue(given_ones, NOW) if entry.messages]
    assert counted.replies.waiting == len(waiting)
    assert counted.replies.late == sum(bool(entry.late) for entry in waiting)
    assert 0 <= counted.replies.in_time <= counted.replies.with_due <= counted.replies.answered
    if counted.replies.median is not None and counted.replies.nine_of_ten is not None:
        assert timedelta(0) <= counted.replies.median <= counted.replies.nine_of_ten
    assert all(one.days <= 28 and one.per_week * 4 >= one.days for one in counted.engagement)


@given(
    days=st.lists(st.dates(min_value=NOW.date(), max_value=NOW.date() + timedelta(days=40))),
    start=st.integers(0, 40),
    length=st.integers(0, 40),
)
def test_an_attendance_comes_back_as_it_was_and_says_no_day_that_was_not_asked_for(
    days: list[datetime], start: int, length: int
) -> None:
    first = NOW.date() + timedelta(days=start)
    last = first + timedelta(days=length)
    shown = attendance.attendance(("A", "B"), "UTC", (first, last), days, last)
    assert attendance.decode(attendance.encode(shown)) == shown
    assert set(shown.days) == {day for day in days if first <= day <= last}
