"""Of a voice note only the sound goes out, every bit of it, and how long it is."""

from __future__ import annotations

import io
import random
import struct
import wave as wave_files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.cleaning import m4a, mpeg, ogg, sound
from e2etherapy.cleaning.voice import labelled, seconds_of, without_label
from e2etherapy.errors.writing import CannotClean
from tests.support.recordings import SECRET, SOUND, TITLE, sample, wav

KINDS = {
    "opus.ogg": ("audio/ogg", 2),
    "tagged.mp3": ("audio/mpeg", 2),
    "aac.m4a": ("audio/mp4", 2),
}


@pytest.mark.parametrize("name", KINDS)
def test_nothing_but_the_sound_goes_out(name: str) -> None:
    data = sample(name)
    assert SECRET in data
    heard = sound.cleaned(data)
    assert (heard.media_type, heard.seconds) == KINDS[name]
    assert SECRET not in heard.data
    assert sound.cleaned(heard.data) == heard


@pytest.mark.parametrize("length_known", [True, False])
def test_a_wav_file_keeps_its_samples_alone(*, length_known: bool) -> None:
    heard = sound.cleaned(wav(length_known=length_known))
    assert (heard.media_type, heard.seconds) == ("audio/wav", 2)
    assert SECRET not in heard.data
    with wave_files.open(io.BytesIO(heard.data)) as file:
        assert file.readframes(100_000) == SOUND


SAID_BEHIND = {
    "LIST": TITLE,
    "id3 ": b"ID3\x04\x00\x00\x00\x00\x00\x11TIT2\x00\x00\x00\x07\x00\x00\x03Secret",
    "ID3 ": b"Secret",
    "bext": SECRET.ljust(602, b"\x00"),
    "iXML": b"<BWFXML><NOTE>Secret</NOTE></BWFXML>",
    "_PMX": b'<x:xmpmeta xmlns:x="adobe:ns:meta/">Secret</x:xmpmeta>',
    "cue ": struct.pack("<7I", 1, 1, 20_261_128, 0, 0, 0, 20_261_128),
    "DISP": b"\x01\x00\x00\x00Secret\x00\x00",
}


@pytest.mark.parametrize("name", SAID_BEHIND)
@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 0x7FFFF000])
def test_what_stands_behind_a_sound_of_unknown_length_does_not_pass_for_sound(
    name: str, length: int
) -> None:
    said = SAID_BEHIND[name]
    behind = said if name == "LIST" else name.encode() + struct.pack("<I", len(said)) + said
    plain = wav(length_known=False)
    at = plain.index(b"data") + 4
    plain = plain[:at] + struct.pack("<I", length) + plain[at + 4 :]
    assert sound.cleaned(plain).data.endswith(SOUND)
    with pytest.raises(CannotClean, match="where its sound ends"):
        sound.cleaned(plain + behind)
    with pytest.raises(CannotClean, match="where its sound ends"):
        sound.cleaned(plain + behind[:9])


def test_an_old_tag_at_the_end_of_a_sound_of_unknown_length_is_no_sound() -> None:
    plain = wav(length_known=False)
    with pytest.raises(CannotClean, match="where its sound ends"):
        sound.cleaned(plain + (b"TAG" + SECRET).ljust(128, b"\x00"))
    assert sound.cleaned(plain + b"TAG or what looks like it").seconds == 2


def test_every_frame_of_an_mp3_is_there_whatever_stands_around_it() -> None:
    plain, seconds = mpeg.cleaned(sample("tagged.mp3"))
    lyrics = b"LYRICSBEGINSecretLYRICS200"
    once_more = b"ID3\x04\x00\x00\x00\x00\x00\x06" + SECRET
    around = once_more + plain + lyrics + b"TAG" + SECRET.ljust(125, b"\x00")
    assert mpeg.cleaned(around) == (plain, seconds)
    twice, longer = mpeg.cleaned(plain + once_more + plain)
    assert (twice, round(longer, 6)) == (plain + plain, round(2 * seconds, 6))


def test_every_packet_of_an_ogg_file_is_there() -> None:
    """After the headers, pages differ in their number, stream and checksum alone."""
    before, after = (list(ogg._pages(data)) for data in (sample("opus.ogg"), cleaned_ogg()))
    sound_before = [(page.granule, page.lacing, page.body) for page in before][-3:]
    assert [(page.granule, page.lacing, page.body) for page in after][-3:] == sound_before
    assert after[1].body == b"OpusTags" + bytes(8)


def cleaned_ogg() -> bytes:
    return ogg.cleaned(sample("opus.ogg"))[0]


def test_the_checksum_is_the_one_that_the_format_asks_for() -> None:
    """Of a page that another program wrote."""
    data = sample("opus.ogg")
    (written,) = struct.unpack_from("<I", data, 22)
    assert ogg._checksum(data[:22] + bytes(4) + data[26:47]) == written


def test_the_samples_of_an_m4a_file_are_copied_and_what_lies_between_is_not() -> None:
    data, heard = sample("aac.m4a"), m4a.cleaned(sample("aac.m4a"))[0]
    assert dict(m4a._boxes(heard))[b"mdat"] in data
    assert [name for name, _ in m4a._boxes(heard)] == [b"ftyp", b"moov", b"mdat"]
    slack = data.replace(b"mdat", b"free", 1)  # its offsets still point at the same bytes
    assert m4a.cleaned(slack)[0] == heard


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no WAV"),
        (b"just some text, and nothing that can be heard", "no WAV"),
        (b"RIFF\x04\x00\x00\x00WAVE", "no sound"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x06Secret", "no sound"),
        (sample("opus.ogg")[:2_000], "cut off"),
        (sample("opus.ogg") + sample("opus.ogg"), "more than one"),
        (sample("opus.ogg").replace(b"OpusHead", b"Speex   "), "neither"),
        (sample("aac.m4a")[:1_500], "damaged"),
        (sample("aac.m4a").replace(b"soun", b"vide"), "something else"),
    ],
)
def test_what_cannot_be_cleaned_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(CannotClean, match=why):
        sound.cleaned(data)


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**32), st.integers(1, 30))
def test_a_damaged_file_is_cleaned_or_refused(name: str, seed: int, changes: int) -> None:
    chance, data = random.Random(seed), bytearray(sample(name))
    for _ in range(changes):
        data[chance.randrange(len(data) if chance.random() < 0.5 else 200)] = chance.randrange(256)
    try:
        sound.cleaned(bytes(data[: chance.randrange(1, len(data) + 1)]))
    except CannotClean:
        return


def test_how_long_it_is_stands_in_the_media_type() -> None:
    assert labelled("audio/ogg", 42) == "audio/ogg; voice=42"
    assert seconds_of("audio/ogg; voice=42") == 42
    assert seconds_of("audio/ogg; voice=99999") == seconds_of(labelled("a/b", 10**9)) == 86_400
    assert without_label("audio/ogg; voice=42") == "audio/ogg"
    for other in ("audio/ogg", "audio/ogg; voice=-1", "audio/ogg; voice=1e9", "a; voice=٤٢"):
        assert seconds_of(other) is None
