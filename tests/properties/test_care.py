"""Whatever two people say about the therapy, in whatever order: what holds follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy.care import consents, extracts, goals, homeworks, state
from e2etherapy.therapy.care.rights import SPEAKERS
from e2etherapy.therapy.care.said import Said
from e2etherapy.therapy.care.state import Care
from e2etherapy.wire import care
from e2etherapy.wire.care import CARE
from e2etherapy.wire.item import Item
from e2etherapy.wire.role import Role
from tests.support.care_items import of_any_form, often_in_place
from tests.support.talk import MONDAY

ANSWERED: dict[type[Item], type[Item]] = {
    care.AgreementAcceptance: care.Agreement,
    care.Consent: care.ConsentRequest,
    care.ConsentWithdrawal: care.Consent,
    care.Priority: care.CheckIn,
    care.HomeworkAnswer: care.Homework,
    care.HomeworkLog: care.Homework,
    care.HomeworkReview: care.Homework,
    care.GoalAnswer: care.Goal,
    care.Landing: care.Goal,
    care.ExtractAnswer: care.ExtractRequest,
}
# The end is said seldom: nothing comes after it.
KINDS: list[type[Item]] = [kind for kind in CARE if kind is not care.Ending] * 3 + [care.Ending]
authors = st.sampled_from(Role)
few_ids = st.integers(0, 5).map(lambda number: bytes([number] * 16))
near = st.integers(-3 * 86_400, 3 * 86_400).map(lambda late: MONDAY + timedelta(seconds=late))
far = st.sampled_from(
    [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
)
times = near | far


@st.composite
def talks(draw: st.DrawFn) -> list[Said[Any]]:
    """Return a record in which much is in place."""
    record: list[Said[Any]] = []
    for sequence in range(1, draw(st.integers(1, 40)) + 1):
        here = {type(one.item) for one in record}
        fitting = [kind for kind, target in ANSWERED.items() if target in here]
        kind = draw(st.sampled_from(KINDS) | st.sampled_from(fitting or KINDS))
        target = ANSWERED.get(kind)
        said = [one.item.id for one in record if type(one.item) is target]
        common: dict[str, st.SearchStrategy[Any]] = {
            "id": st.just(sequence.to_bytes(16, "big")) | few_ids,
            "sequence": st.just(sequence) | st.integers(1, 40),
            "written": near,
            "answers": st.sampled_from(said) if said else st.none() | few_ids,
        }
        author = draw(st.sampled_from(sorted(SPEAKERS[kind])))
        record.append(Said(author, draw(often_in_place(kind, common, times)), draw(near)))
    return record


anything = st.lists(
    st.builds(
        Said,
        authors,
        of_any_form(
            {
                "id": few_ids,
                "sequence": st.integers(1, 2**53 - 1),
                "written": times,
                "answers": st.none() | few_ids,
            },
            times,
        ),
        times,
    ),
    max_size=20,
)


def fold(record: list[Said[Any]]) -> tuple[Care, list[Said[Any]]]:
    """Return what holds, and what was taken."""
    held, taken = Care(), []
    for said in record:
        try:
            held = state.after(held, said)
        except OutOfPlace as refused:
            assert not str(refused).endswith(".")  # noqa: PT017 - it need not be refused
            continue
        taken.append(said)
    return held, taken


@given(record=talks() | anything)
def test_anything_is_taken_or_out_of_place_and_what_is_refused_changes_nothing(
    record: list[Said[Any]],
) -> None:
    held, taken = fold(record)
    assert state.of(record) == held
    assert state.of(taken) == held
    assert fold(taken) == (held, taken)


@given(record=talks() | anything)
def test_what_is_open_is_bounded_and_is_what_was_not_answered(record: list[Said[Any]]) -> None:
    held = state.of(record)
    registers: list[tuple[Any, int]] = [
        (held.consents.requests, consents.MOST_OPEN),
        (held.extracts.requests, extracts.MOST_OPEN),
        (held.homeworks.given, homeworks.MOST_OPEN),
        (held.goals.proposals, goals.MOST_UNDER_WAY),
    ]
    for register, most in registers:
        assert len(register.open()) <= most
        assert register.open() == tuple(one for one in register.all() if one.is_open)


@given(record=talks() | anything)
def test_what_a_queue_and_a_thread_need_follows_from_some_kinds_as_from_all(
    record: list[Said[Any]],
) -> None:
    held = state.of(record)
    queue = state.of(said for said in record if type(said.item) in state.OF_A_QUEUE)
    thread = state.of(said for said in record if type(said.item) in state.OF_A_THREAD)
    assert (queue.agreements, queue.check_ins) == (held.agreements, held.check_ins)
    assert (queue.flags, queue.ended) == (held.flags, held.ended)
    assert (thread.agreements, thread.landings) == (held.agreements, held.landings)


@given(record=talks(), further=talks())
def test_nothing_changes_after_the_end(record: list[Said[Any]], further: list[Said[Any]]) -> None:
    """But for what may have crossed it: help, what is taken back, and the other side's letter."""
    held = state.of(record)
    if held.ended is not None:
        after = state.of([*record, *further])
        crossed = ("flags", "check_ins", "consents", "extracts", "endings")
        assert replace(after, **{part: getattr(held, part) for part in crossed}) == held
        assert after.ended == held.ended


@given(record=talks() | anything)
def test_every_press_before_the_end_is_a_flag_or_follows_the_check_in_that_raised_one(
    record: list[Said[Any]],
) -> None:
    before = list(takewhile(lambda said: not isinstance(said.item, care.Ending), record))
    raised = state.of(before).flags.raised
    asked = {flag.id for flag in raised if flag.reason == "asked"}
    of_check_ins = {(flag.id, flag.sequence + 1) for flag in raised if flag.reason == "check_in"}
    for item in (said.item for said in before if said.author is Role.CLIENT):
        if isinstance(item, care.Priority) and item.id not in asked:
            assert not item.text
            assert (item.answers, item.sequence) in of_check_ins


@given(record=talks(), place=st.integers(0, 40))
def test_what_was_lost_on_its_way_makes_nothing_fail(record: list[Said[Any]], place: int) -> None:
    fold([*record[:place], *record[place + 1 :]])
