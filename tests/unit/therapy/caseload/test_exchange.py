from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from e2etherapy.therapy.care.said import Said
from e2etherapy.therapy.caseload.exchange import Message, messages, replies, unanswered
from e2etherapy.wire.care import Goal, Priority
from e2etherapy.wire.content import Attachment, JournalShare, Receipt, Text
from e2etherapy.wire.item import Item
from e2etherapy.wire.role import Role
from tests.support.exchanges import hours, wrote

COMMON: dict[str, Any] = {"id": b"i" * 16, "sequence": 1, "written": hours(0)}
TEXT = Text(**COMMON, text="Words.")
FILE = Attachment(**COMMON, name="a.ogg", media_type="audio/ogg", size=1, sha256=b"h" * 32)
SHARED = JournalShare(**COMMON, text="Words.", entry_written=hours(-9))


def said(author: Role, item: Item, hour: float = 1) -> Said[Item]:
    return Said(author, item, hours(hour))


def in_two_hours(written: datetime) -> datetime:
    return written + timedelta(hours=2)


def test_texts_files_and_shared_entries_wait_and_nothing_else_does() -> None:
    others = [
        Receipt(**COMMON, items=[b"i" * 16]),
        Goal(**COMMON, text="Sleep."),
        Priority(**COMMON, text="Soon."),
    ]
    record = [said(Role.CLIENT, item) for item in (TEXT, *others, FILE, SHARED)]
    assert len(unanswered(messages(record, in_two_hours))) == 3


def test_a_file_answers_and_a_goal_does_not() -> None:
    waiting = said(Role.CLIENT, TEXT)
    goal = said(Role.THERAPIST, Goal(**COMMON, text="Sleep."))
    assert len(unanswered(messages([waiting, goal], in_two_hours))) == 1
    assert not unanswered(messages([waiting, said(Role.THERAPIST, FILE)], in_two_hours))


def test_only_what_the_client_wrote_has_a_due_time() -> None:
    both = messages([said(Role.CLIENT, TEXT), said(Role.THERAPIST, TEXT)], in_two_hours)
    assert [message.due for message in both] == [hours(2), None]


def test_the_order_of_the_record_decides_and_not_the_clocks() -> None:
    answered = wrote("t", 5)
    after = Message(Role.CLIENT, hours(1), hours(5))
    assert unanswered([answered, after]) == (after,)
    assert unanswered([after, answered]) == ()


def test_a_clock_that_is_ahead_makes_no_message_younger() -> None:
    assert Message(Role.CLIENT, hours(500), hours(1)).since == hours(1)
    assert Message(Role.CLIENT, hours(1), hours(9)).since == hours(1)


def test_a_second_message_of_the_therapist_is_no_second_reply() -> None:
    exchange = [wrote("t", 0), wrote("c", 1, 9), wrote("c", 2, 4), wrote("t", 3), wrote("t", 4)]
    (reply,) = replies(exchange)
    assert (reply.since, reply.due, reply.came) == (hours(1), hours(4), hours(3))
    assert reply.took == timedelta(hours=2)


def test_a_reply_at_its_due_time_is_in_time_and_one_second_later_is_not() -> None:
    (last,) = replies([wrote("c", 0, 2), wrote("t", 2)])
    (later,) = replies([wrote("c", 0, 2), wrote("t", 2 + 1 / 3600)])
    (undue,) = replies([wrote("c", 0), wrote("t", 2)])
    assert (last.in_time, later.in_time, undue.in_time) == (True, False, None)
