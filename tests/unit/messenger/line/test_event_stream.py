"""Reading server-sent events, however they are cut into pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors import MalformedData
from e2etherapy.messenger.line.event_stream import MAX_LINE_BYTES, Event, EventStream

STORY = (
    b"\xef\xbb\xbf: hello\r\n\r\nevent: arrived\ndata: [0]\n\n:\n\nid: 7\nretry: 10\ndata:[1]\r\r"
    b"event\ndata: a\ndata:  b\nnonsense\nfield: value\n\nevent: arrived\n\ndata\n\ndata: cut"
)
EVENTS = [
    Event(b"arrived", b"[0]"),
    Event(b"message", b"[1]"),
    Event(b"message", b"a\n b"),
    Event(b"message", b""),
]


def fed(*pieces: bytes) -> list[Event]:
    stream = EventStream()
    return [event for piece in pieces for event in stream.feed(piece)]


def test_events_have_a_name_and_data_and_nothing_else_counts() -> None:
    assert fed(STORY) == EVENTS


@given(st.lists(st.integers(0, len(STORY)), max_size=20).map(sorted))
def test_it_does_not_matter_where_the_bytes_are_cut(cuts: list[int]) -> None:
    pieces = [STORY[start:end] for start, end in pairwise([0, *cuts, len(STORY)])]
    assert fed(*pieces) == EVENTS


@pytest.mark.parametrize("ending", [b"\n", b"\r", b"\r\n"])
def test_every_end_of_line_counts_once_also_when_it_is_cut(ending: bytes) -> None:
    text = ending.join([b"data: 1", b"data: 2", b"", b"data: 3", b"", b""])
    assert fed(*(text[at : at + 1] for at in range(len(text)))) == fed(text)
    assert [event.data for event in fed(text)] == [b"1\n2", b"3"]


def test_a_stream_that_is_cut_at_any_byte_gives_only_whole_events() -> None:
    for end in range(len(STORY)):
        found = fed(STORY[:end])
        assert found == EVENTS[: len(found)]


@pytest.mark.parametrize(
    "piece", [b"x" * 1_000, b"data: " + b"x" * 1_000 + b"\n", b":" + b"y" * 9_000 + b"\n"]
)
def test_a_line_or_an_event_without_end_is_refused_before_it_takes_room(piece: bytes) -> None:
    with pytest.raises(MalformedData):
        fed(*[piece] * (MAX_LINE_BYTES // 900))


def test_a_line_of_the_longest_length_is_taken() -> None:
    data = b"x" * (MAX_LINE_BYTES - len(b"data:"))
    assert fed(b"data:" + data + b"\n\n") == [Event(b"message", data)]
    with pytest.raises(MalformedData):
        fed(b"data:" + data + b"x\n\n")


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_give_anything_but_events_or_a_refusal(pieces: list[bytes]) -> None:
    assert fed(*pieces) == fed(b"".join(pieces))
