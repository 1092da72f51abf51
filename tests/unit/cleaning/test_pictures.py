"""Of a picture only what is seen goes out: turned, in plain colours, and nothing beside it."""

from __future__ import annotations

import io
import random
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageStat
from PIL.PngImagePlugin import PngInfo

from e2etherapy.cleaning import outgoing, pictures
from e2etherapy.errors.writing import CannotClean

SECRET = b"Secret"
MAKE, ORIENTATION, GPS = 0x010F, 0x0112, 0x8825
HARMLESS = {
    *("jfif", "jfif_version", "jfif_unit", "jfif_density", "version", "background"),
    *("transparency", "compression", "dpi", "resolution", "loop", "duration", "timestamp"),
}
"""What Pillow tells of a picture that says nothing."""


def drawn(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return a picture whose corners differ."""
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    picture.paste((200, 30, 30), (0, 0, 16, 12))
    return picture.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[MAKE] = "Secret camera"
    made[ORIENTATION] = orientation
    place = made.get_ifd(GPS)
    place.update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return made


def profile(name: str = "sRGB") -> bytes:
    made = ImageCms.createProfile("LAB") if name == "LAB" else ImageCms.createProfile("sRGB")
    return ImageCms.ImageCmsProfile(made).tobytes()


def written(picture: Image.Image, form: str, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def png_words() -> PngInfo:
    words = PngInfo()
    words.add_text("Comment", "Secret", zip=False)
    words.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>Secret</x:xmpmeta>")
    return words


def telling(form: str) -> bytes:
    """Return a picture with everything that its format can say beside it."""
    everything: dict[str, Any] = {"exif": exif(), "icc_profile": profile()}
    more: dict[str, dict[str, Any]] = {
        "JPEG": {"comment": SECRET, "xmp": b"<x:xmpmeta>Secret</x:xmpmeta>", "quality": 83},
        "PNG": {"pnginfo": png_words()},
        "WEBP": {"xmp": b"<x:xmpmeta>Secret</x:xmpmeta>", "lossless": True},
        "TIFF": {"tiffinfo": {270: "Secret place", 700: b"Secret", 33723: b"Secret"}},
        "GIF": {"comment": SECRET, "exif": None},
        "MPO": {"save_all": True, "append_images": [drawn("RGB", (32, 24))]},
    }
    return written(drawn(), form, **{**everything, **more[form]}) + b"Secret behind the end"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "MPO"])
def test_nothing_of_what_a_file_says_beside_the_picture_goes_out(form: str) -> None:
    data = telling(form)
    media_type, bare = pictures.cleaned(data)
    assert media_type == pictures.MEDIA_TYPES["JPEG" if form == "MPO" else form]
    assert SECRET not in bare
    with Image.open(io.BytesIO(bare)) as seen:
        assert set(seen.info) <= HARMLESS
        assert MAKE not in seen.getexif()
        assert seen.getexif().get_ifd(GPS) == {}
        assert not {270, 700, 33723} & set(seen.getexif())
        assert apart(seen.convert("RGB"), drawn()) < (3 if media_type == "image/jpeg" else 0.1)
    assert pictures.cleaned(bare)[0] == media_type


def apart(one: Image.Image, other: Image.Image) -> float:
    """Return how far two pictures are apart on average, of 255."""
    assert one.size == other.size
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_it_is_to_be_seen(orientation: int) -> None:
    data = written(drawn(), "PNG", exif=exif(orientation))
    with Image.open(io.BytesIO(pictures.cleaned(data)[1])) as seen:
        assert seen.size == ((64, 48) if orientation < 5 else (48, 64))
        corners = [seen.getpixel(at) for at in _corners(seen)]
    red = [at for at, colour in enumerate(corners) if colour == (200, 30, 30)]
    assert red == [{1: 0, 2: 1, 3: 3, 4: 2, 5: 0, 6: 1, 7: 3, 8: 2}[orientation]]


def _corners(picture: Image.Image) -> list[tuple[int, int]]:
    right, low = picture.width - 2, picture.height - 2
    return [(1, 1), (right, 1), (1, low), (right, low)]


def test_a_jpeg_keeps_its_tables_and_all_but_its_size() -> None:
    data = written(drawn("RGB", (640, 480)), "JPEG", quality=71, subsampling="4:2:0")
    bare = pictures.cleaned(data)[1]
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(bare)) as after:
        assert before.quantization == after.quantization  # type: ignore[attr-defined]
        assert apart(before.convert("RGB"), after.convert("RGB")) < 0.5
    assert abs(len(bare) - len(data)) < len(data) / 10


def test_colours_stay_what_they_were_without_their_profile() -> None:
    """A profile that turns red and blue round: without it, the colours would be others."""
    plain = bytearray(profile())
    red, blue = plain.index(b"rXYZ"), plain.index(b"bXYZ")
    plain[red : red + 4], plain[blue : blue + 4] = b"bXYZ", b"rXYZ"
    data = written(drawn(), "PNG", icc_profile=bytes(plain))
    with Image.open(io.BytesIO(pictures.cleaned(data)[1])) as seen:
        red_part, _, blue_part = seen.getpixel((1, 1))  # type: ignore[misc]
    assert blue_part > red_part


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_of_any_depth_keep_every_pixel(mode: str) -> None:
    picture = drawn("L").convert("I;16") if mode == "I;16" else drawn("RGB").convert(mode)
    if mode in {"LA", "RGBA"}:
        picture.putalpha(100)
    with Image.open(io.BytesIO(pictures.cleaned(written(picture, "PNG"))[1])) as seen:
        assert (seen.mode, seen.size) == (mode, picture.size)
        assert seen.tobytes() == picture.tobytes()


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_what_moves_goes_on_moving(form: str) -> None:
    frames = [Image.new("RGB", (20, 20), (90 * number, 0, 0)) for number in range(3)]
    options: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
    data = written(
        frames[0],
        form,
        save_all=True,
        append_images=frames[1:],
        duration=[100, 200, 300],
        loop=2,
        **options,
    )
    with Image.open(io.BytesIO(pictures.cleaned(data)[1])) as seen:
        assert (seen.n_frames, seen.info["loop"]) == (3, 2)  # type: ignore[attr-defined]
        seen.seek(2)
        assert seen.convert("RGB").getpixel((5, 5)) == (180, 0, 0)


def bomb() -> bytes:
    """Return a small file that claims to be a picture of 900 million pixels."""
    data = bytearray(written(Image.new("1", (8, 8)), "BMP"))
    data[18:22] = data[22:26] = (30_000).to_bytes(4, "little")
    return bytes(data)


def large() -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return written(Image.new("1", (8_001, 8_000)), "PNG")


def raw_file() -> bytes:
    return written(drawn(), "TIFF", tiffinfo={50_706: b"\x01\x04\x00\x00"})


DAMAGED: dict[str, Callable[[], bytes]] = {
    "too many pixels": bomb,
    "has too many": large,
    "damaged": lambda: telling("JPEG")[:400],
    "raw file": raw_file,
    "kind that is not known": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "profile": lambda: written(drawn().convert("I;16"), "PNG", icc_profile=profile()),
}


@pytest.mark.parametrize("why", DAMAGED)
def test_what_cannot_be_cleaned_is_refused_with_a_reason(why: str) -> None:
    with pytest.raises(CannotClean, match=why):
        pictures.cleaned(DAMAGED[why]())


@settings(max_examples=30)
@given(st.sampled_from(["JPEG", "PNG", "GIF", "TIFF"]), st.integers(0, 2**32))
def test_a_damaged_file_is_cleaned_or_refused(form: str, seed: int) -> None:
    chance, data = random.Random(seed), bytearray(telling(form))
    for _ in range(chance.randrange(1, 20)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        pictures.cleaned(bytes(data))
    except CannotClean:
        return


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("evening.heic", b"\x00\x00\x00\x18ftypheic"),
        ("evening.txt", b"\x00\x00\x00\x18ftypmif1"),
        ("drawing.svg", b"<svg>Secret</svg>"),
        ("lake.dng", written(drawn(), "TIFF")),
        ("lake.jpg", b"no picture at all"),
    ],
)
def test_a_picture_that_cannot_be_cleaned_goes_only_as_a_file(name: str, data: bytes) -> None:
    with pytest.raises(CannotClean, match=r"Nothing was sent\..*--as-file"):
        outgoing.attached(name, data)
    sent = outgoing.attached(name, data, as_file=True)
    assert (sent.data, sent.cleaned) == (data, False)


def test_a_picture_is_known_by_its_bytes_whatever_it_is_called() -> None:
    sent = outgoing.attached("../diary\u202e.txt", telling("JPEG"))
    assert (sent.name, sent.media_type, sent.cleaned) == ("diary_.txt", "image/jpeg", True)
    assert SECRET not in sent.data
    plain = outgoing.attached("week.pdf", b"%PDF Secret")
    assert (plain.media_type, plain.data, plain.cleaned) == (
        "application/pdf",
        b"%PDF Secret",
        False,
    )


def test_a_voice_note_says_how_long_it_is_only_if_that_is_known() -> None:
    recording = b"#!AMR\nSecret"
    with pytest.raises(CannotClean, match=r"voice note evening\.amr .*--as-file"):
        outgoing.voice_note("evening.amr", recording)
    sent = outgoing.voice_note("evening.amr", recording, as_file=True)
    assert (sent.media_type.endswith("; voice=0"), sent.data) == (True, recording)
