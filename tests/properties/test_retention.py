"""Whatever a clock does, and in whatever order a record is kept, held and erased.

The clock of the device jumps while it is in use: ahead by more than a month, or back by more than
a day. Time itself goes on. Nothing is erased under a hold, nor before its time is over, by the
time that really passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from e2etherapy.therapy import retention
from e2etherapy.therapy.retention import Fate, Kept, Rule, verdict
from e2etherapy.therapy.timeline import CONFIRMS, Reading, timeline
from tests.conftest import PROFILE

DAY = 86_400
BEGIN = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
YEARS = 60 * 366 * DAY
BOOKS = [b"s" * 16, b"k" * 16]
OWN = b"o" * 16
books = st.sampled_from(BOOKS)
words = st.sampled_from(["until-erased", "1 day", "20 days", "400 days", "1 year", "apa-2007"])
instants = st.integers(0, int(datetime(9990, 1, 1, tzinfo=UTC).timestamp())).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@dataclass
class Book:
    """What is true of a conversation."""

    contact: int
    rule: Rule = field(default_factory=lambda: Rule("until-erased"))
    held: bool = False
    filled: bool = True


class Keeping(RuleBasedStateMachine):
    """A therapist, a device whose clock jumps, and time."""

    def __init__(self) -> None:
        super().__init__()
        self.time = BEGIN
        self.off = 0
        self.readings = [Reading(book, BEGIN, contact=True) for book in BOOKS]
        self.books = {book: Book(BEGIN) for book in BOOKS}

    @property
    def clock(self) -> int:
        return self.time + self.off

    def record(self, book: bytes, event: str | None = None, *, contact: bool = False) -> None:
        self.readings.append(Reading(book, self.clock, contact, event))

    @rule(days=st.integers(0, 20))
    def time_passes(self, days: int) -> None:
        self.time += days * DAY
        self.record(OWN)

    @rule(days=st.integers(32, 3_000))
    def the_device_is_left_alone(self, days: int) -> None:
        self.time += days * DAY

    @rule(jump=st.integers(32 * DAY, YEARS) | st.integers(-YEARS, -2 * DAY))
    def the_clock_jumps(self, jump: int) -> None:
        self.record(OWN)
        if self.clock + jump >= 0:
            self.off += jump
        self.record(OWN)

    @rule()
    def the_clock_is_set_right(self) -> None:
        self.record(OWN)
        self.off = 0
        self.record(OWN)

    @rule(book=books)
    def somebody_says_something(self, book: bytes) -> None:
        self.record(book, contact=True)
        self.books[book].contact = self.time
        self.books[book].filled = True

    @rule(book=books, chosen=words)
    def a_rule_is_set(self, book: bytes, chosen: str) -> None:
        self.record(book, "retention_set")
        self.books[book].rule = retention.rule(chosen)

    @rule(book=books, held=st.booleans())
    def it_is_held_or_let_go(self, book: bytes, held: bool) -> None:
        self.record(book, "hold_placed" if held else "hold_lifted")
        self.books[book].held = held

    @rule(confirming=st.booleans())
    def what_is_due_is_erased(self, confirming: bool) -> None:
        # Somebody who says which day it is says the right one, and is refused by a wrong clock.
        confirmed = confirming and abs(self.off) <= DAY
        line = timeline(self.readings, self.clock, confirmed=confirmed)
        if not line.steady:
            return
        if confirmed:
            self.record(OWN, CONFIRMS)
        now = datetime.fromtimestamp(self.clock, UTC)
        for name, book in self.books.items():
            last = datetime.fromtimestamp(line.contacts[name], UTC)
            said = verdict(Kept(last, book.rule, held=book.held, empty=not book.filled), now)
            if said.fate is Fate.DUE:
                assert not book.held
                assert book.filled
                end = book.rule.ends(datetime.fromtimestamp(book.contact, UTC))
                assert end is not None
                assert datetime.fromtimestamp(self.time, UTC) >= end - timedelta(days=1)
                self.record(name, "entries_erased")
                book.filled = False

    @invariant()
    def contacts_are_never_in_the_future(self) -> None:
        line = timeline(self.readings, self.clock)
        if line.steady:
            assert max(line.contacts.values()) <= self.clock + DAY


def test_nothing_is_erased_under_a_hold_or_before_its_time() -> None:
    examples = settings(max_examples=1000 if PROFILE == "nightly" else 200, stateful_step_count=40)
    run_machine(Keeping, settings=examples)


@given(instants, words, instants, st.booleans(), st.booleans())
def test_what_is_held_is_never_due_and_what_is_due_has_ended(
    contact: datetime, chosen: str, now: datetime, held: bool, empty: bool
) -> None:
    rule_ = retention.rule(chosen)
    said = verdict(Kept(contact, rule_, held=held, empty=empty), now)
    assert (said.fate is Fate.HELD) == held
    if said.fate is Fate.DUE:
        assert said.due is not None
        assert contact < said.due <= now
    if said.fate is Fate.KEPT:
        assert said.due is None or said.due > now


@given(instants, st.integers(1, 100), st.integers(0, 400))
def test_a_longer_rule_never_ends_sooner_and_a_later_contact_never_earlier(
    contact: datetime, years: int, later: int
) -> None:
    first = Rule("", years=years).ends(contact)
    second = Rule("", years=years).ends(contact + timedelta(days=later))
    longer = Rule("", years=years, days=later).ends(contact)
    for end in (second, longer):
        assert first is None or end is None or first <= end
    assert first is None or first - contact >= timedelta(days=365 * years)


@given(st.lists(st.tuples(st.integers(-400 * DAY, 400 * DAY), st.booleans()), max_size=30))
def test_a_later_entry_never_makes_a_contact_earlier(steps: list[tuple[int, bool]]) -> None:
    moment, readings, before = BEGIN, [], 0
    for step, is_contact in steps:
        moment = max(0, moment + step)
        readings.append(Reading(BOOKS[0], moment, contact=is_contact))
        line = timeline(readings, moment, confirmed=True)
        if line.believed is not None and timeline(readings, moment).steady:
            assert line.contacts[BOOKS[0]] >= before
            before = line.contacts[BOOKS[0]]
