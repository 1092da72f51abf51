"""Whatever a recording is made of, cleaning it ends: with the sound alone, or with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2etherapy.cleaning import looks, m4a, mpeg, ogg, sound, wave
from e2etherapy.errors.writing import CannotClean
from tests.support.mutations import mutated
from tests.support.recordings import sample, wav
from tests.support.steps import NoEnd, within

FRAME = b"\xff\xfb\x90\x00" + bytes(413)
"""Of an MP3, with 128 kbit/s at 44,100 Hz."""
RECORDINGS = {
    "wav": wav(sound=bytes(400)),
    "wav of unknown length": wav(sound=bytes(400), length_known=False),
    "ogg": sample("opus.ogg"),
    "m4a": sample("aac.m4a"),
    "mp3": sample("tagged.mp3"),
    "mp3 with a tag in it": FRAME * 4 + b"ID3\x04\0\0\0\0\0\x06Secret" + FRAME * 4 + b"TAG",
}
PARSERS: dict[str, tuple[bytes, Callable[[bytes], bool]]] = {
    "wav": (b"RIFF\x00\x00\x00\x00WAVE", wave.is_one),
    "ogg": (b"OggS", ogg.is_one),
    "m4a": (b"\x00\x00\x00\x08ftyp", m4a.is_one),
    "mp3": (b"ID3", mpeg.is_one),
}
LINES_A_BYTE = 50
"""What the dearest byte takes: one that may begin a frame, at each of which three are read."""


def ends(data: bytes) -> None:
    """Clean what may be a recording: it takes no more steps, and no more room, than it may."""
    try:
        heard = within(1_000 + LINES_A_BYTE * len(data), "cleaning", lambda: sound.cleaned(data))
    except CannotClean:
        return
    assert 0 < len(heard.data) <= 2 * len(data) + 1_000


@st.composite
def damaged(draw: st.DrawFn, valid: bytes) -> bytes:
    """Return a recording of which something was changed, mostly where it describes itself."""
    places = [0, max(0, valid.find(b"moov") - 4), max(0, valid.find(b"stbl") - 4)]
    start = draw(st.sampled_from(places))
    size = draw(st.sampled_from([120, 900, len(valid)]))
    return valid[:start] + draw(mutated(valid[start : start + size])) + valid[start + size :]


@pytest.mark.parametrize("kind", PARSERS)
@given(data=st.binary(max_size=3_000))
@example(data=b"")
@example(data=b"xxxx")
@example(data=b"\x04\x00\x00\x00\x00\x00\x00ID3abc")
def test_cleaning_arbitrary_bytes_ends(kind: str, data: bytes) -> None:
    beginning, is_one = PARSERS[kind]
    assert is_one(beginning)
    ends(beginning + data)
    ends(data)


@pytest.mark.parametrize("name", RECORDINGS)
@given(data=st.data())
def test_cleaning_a_damaged_recording_ends(name: str, data: st.DataObject) -> None:
    ends(data.draw(damaged(RECORDINGS[name])))


@pytest.mark.parametrize("name", RECORDINGS)
def test_cleaning_a_recording_that_is_cut_off_ends(name: str) -> None:
    whole = RECORDINGS[name]
    sound.cleaned(whole)
    for end in {*range(60), *range(0, len(whole), 199), *range(len(whole) - 60, len(whole))}:
        ends(whole[:end])


@pytest.mark.parametrize("behind", [b"ID3", b"ID3\x04", b"ID3\x04\x00\x00\x00\x00\x00"])
def test_an_incomplete_tag_is_the_end_of_an_mp3(behind: bytes) -> None:
    ends(FRAME * 5 + behind)
    assert sound.cleaned(FRAME * 5 + behind).data == FRAME * 5


def test_what_does_not_end_is_noticed() -> None:
    """By the very test that looks for it."""

    def stand_still() -> None:
        while True:
            pass

    with pytest.raises(NoEnd):
        within(1_000, "properties", stand_still)


@given(name=st.text(max_size=60), data=st.binary(max_size=40))
@example(name="data:audio/ogg; voice=3,", data=b"")
@example(name="data:a\x1bb/c,", data=b"")
@example(name="http://x.ogg/a.mp3", data=b"")
@example(name="a.tar.gz", data=b"")
def test_how_a_file_looks_is_said_of_any_name_and_bytes(name: str, data: bytes) -> None:
    steps = 100
    kind = within(steps, "cleaning", lambda: looks.media_type(name))
    assert re.fullmatch(r"[a-z]+/[A-Za-z0-9.+-]+", kind)
    assert within(steps, "cleaning", lambda: looks.is_picture(name, data)) in {True, False}
    assert within(steps, "cleaning", lambda: looks.is_raw(name, data)) in {True, False}
