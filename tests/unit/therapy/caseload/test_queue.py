from __future__ import annotations

from datetime import timedelta

from e2etherapy.therapy.caseload.queue import Waiting, queue
from tests.support.exchanges import flag, hours, wrote

NOW = hours(100)


def names(*conversations: Waiting) -> list[str]:
    return [entry.name for entry in queue(conversations, NOW)]


def test_flags_come_first_then_due_times_then_who_has_waited_longest() -> None:
    assert names(
        Waiting("undue, later", exchange=(wrote("c", 2),)),
        Waiting("due later", exchange=(wrote("c", 0, 60),)),
        Waiting("undue, first", exchange=(wrote("c", 1),)),
        Waiting("flag later", (flag(9),), (wrote("c", 9, 20),)),
        Waiting("due soon", exchange=(wrote("c", 3, 50),)),
        Waiting("flag first", (flag(8),)),
    ) == ["flag first", "flag later", "due soon", "due later", "undue, first", "undue, later"]


def test_what_is_answered_and_not_flagged_is_not_in_the_queue() -> None:
    assert not names(
        Waiting("nothing"),
        Waiting("answered", exchange=(wrote("c", 0, 9), wrote("t", 1))),
        Waiting("only the therapist", exchange=(wrote("t", 1),)),
    )


def test_a_flag_stays_although_everything_is_answered() -> None:
    (entry,) = queue([Waiting("a", (flag(3), flag(1)), (wrote("c", 0, 2), wrote("t", 1)))], NOW)
    assert entry.flagged == hours(1)
    assert (entry.messages, entry.due, entry.waiting_since) == (0, None, None)
    assert not entry.late


def test_the_earliest_due_time_of_what_is_not_answered_counts() -> None:
    exchange = (wrote("c", 0, 1), wrote("t", 1), wrote("c", 2, 90), wrote("c", 3, 80))
    (entry,) = queue([Waiting("a", exchange=exchange)], NOW)
    assert (entry.due, entry.messages, entry.waiting_since) == (hours(80), 2, hours(2))
    assert entry.late == timedelta(hours=20)


def test_at_its_due_time_nothing_is_late() -> None:
    (entry,) = queue([Waiting("a", exchange=(wrote("c", 0, 100),))], NOW)
    assert entry.late == timedelta(0)


def test_what_is_equal_goes_by_name_whatever_its_case() -> None:
    same = (wrote("c", 0, 9),)
    given = [Waiting(name, exchange=same) for name in ("zoe", "Bea", "anna", "أحمد", "🦊", "")]
    assert names(*given) == ["", "anna", "Bea", "zoe", "أحمد", "🦊"]


def test_that_the_six_words_differed_is_said_and_moves_nobody() -> None:
    first, second = queue(
        [
            Waiting("a", exchange=(wrote("c", 0, 9),)),
            Waiting("b", exchange=(wrote("c", 0, 9),), differed=True),
        ],
        NOW,
    )
    assert (first.differed, second.differed) == (False, True)


def test_what_somebody_pressed_with_a_flag_is_not_shown_by_accident() -> None:
    told = flag(1).__class__(b"i" * 16, "asked", hours(1), 1, "Please call.")
    assert "Please" not in repr(Waiting("a", (told,)))
