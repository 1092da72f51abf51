"""Pictures without what their files say beside the picture itself.

A picture is drawn anew: turned as it is to be seen, in sRGB, and written by Pillow in the format
that it had. Nothing of the old file is copied but its pixels, so that nothing has to be known of
what else may stand in it: EXIF with place and time, XMP, IPTC, comments, thumbnails, depth maps,
colour profiles, bytes behind the end.

What it costs: a JPEG is compressed once more with its own tables, which nobody sees; a WebP that
was not lossless with quality 90; PNG, TIFF, BMP, GIF and a lossless WebP keep every pixel, except
where a colour profile is turned into sRGB, and a moving GIF where its colours do not fit 256.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps, ImageSequence
from PIL.JpegImagePlugin import get_sampling

from e2etherapy.errors.writing import CannotClean

MEDIA_TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
}
MOST_PIXELS: Final = 64_000_000
"""Of all frames together: some 200 MB while it is drawn. A telephone's largest have 50 million."""

_READ = (*MEDIA_TYPES, "MPO")
"""MPO is a JPEG with further pictures behind it; the first is the one that is seen."""
_SUB_PICTURES, _DNG_VERSION = 330, 50_706
"""TIFF tags of raw files from cameras: what opens as a picture in them is a small preview."""
_MOVING = frozenset({"GIF", "PNG", "WEBP"})
_PLAIN = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_LEFT_OVER = frozenset({"comment", "exif", "icc_profile", "photoshop", "xmp", "XML:com.adobe.xmp"})


def cleaned(data: bytes) -> tuple[str, bytes]:
    """Return the media type and the bytes of a picture, with nothing else in them.

    Args:
        data: a picture's file.

    Raises:
        CannotClean: it is damaged, too large, or of a kind that Pillow does not draw here.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow finds odd shows itself, or is no matter
            return _drawn_anew(data)
    except CannotClean:
        raise
    except Image.DecompressionBombError:
        raise CannotClean("it has too many pixels") from None
    except Exception as error:  # whatever a damaged file makes of its reader
        raise CannotClean("it is damaged, or of a kind that is not known here") from error


def _drawn_anew(data: bytes) -> tuple[str, bytes]:
    picture: Any
    with Image.open(io.BytesIO(data), formats=_READ) as picture:
        format_ = "JPEG" if picture.format == "MPO" else str(picture.format)
        _require_drawable(picture)
        options = _options(picture, format_, data)
        first, *others = _frames(picture, format_)
        if others:
            options |= {"save_all": True, "append_images": others}
            options |= _movement(picture) if format_ in _MOVING else {}
        written = io.BytesIO()
        first.save(written, format=format_, **options)
    _require_bare(written)
    return MEDIA_TYPES[format_], written.getvalue()


def _require_drawable(picture: Any) -> None:  # noqa: ANN401 - each format has attributes of its own
    frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
    if picture.width * picture.height * frames > MOST_PIXELS:
        raise CannotClean("it has too many pixels")
    if picture.format == "TIFF" and {_SUB_PICTURES, _DNG_VERSION} & set(picture.tag_v2):
        raise CannotClean("it is a raw file from a camera")


def _frames(picture: Any, format_: str) -> Iterator[Image.Image]:  # noqa: ANN401 - as above
    if picture.format == "MPO":
        yield _bare(picture, format_)
        return
    for frame in ImageSequence.Iterator(picture):
        yield _bare(frame, format_)


def _bare(frame: Image.Image, format_: str) -> Image.Image:
    """Return a frame as it is to be seen, and nothing that was known about it but transparency."""
    profile = frame.info.get("icc_profile")
    upright = ImageOps.exif_transpose(frame)
    bare = (_in_srgb(upright, profile) if profile else _in_plain_colours(upright)).copy()
    if format_ == "JPEG" and bare.mode not in {"L", "RGB"}:
        bare = bare.convert("RGB")
    seen_through = bare.info.get("transparency")
    bare.info = {} if seen_through is None else {"transparency": seen_through}
    return bare


def _in_plain_colours(frame: Image.Image) -> Image.Image:
    if frame.mode in _PLAIN:
        return frame
    if frame.mode in {"CMYK", "YCbCr", "LAB", "HSV", "RGBX"}:
        return frame.convert("RGB")
    return frame.convert("RGBA") if frame.mode in {"PA", "La", "RGBa"} else _refused(frame)


def _refused(frame: Image.Image) -> Image.Image:
    raise CannotClean(f"its colours ({frame.mode}) are not known here")


def _in_srgb(frame: Image.Image, profile: bytes) -> Image.Image:
    """Return a frame in the colours that a device takes for granted.

    A profile can name the camera, the screen and the day, and without it colours would be others.
    """
    if frame.mode in {"P", "PA", "LA"}:
        frame = frame.convert("RGBA")
    if frame.mode not in {"L", "RGB", "RGBA", "CMYK"}:
        raise CannotClean(f"its colours ({frame.mode}) have a profile that cannot be applied here")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if frame.mode == "RGBA" and source.profile.xcolor_space.strip() != "RGB":
        return frame  # grey with transparency: its profile says how bright, and nothing of colour
    seen = ImageCms.profileToProfile(
        frame,
        source,
        ImageCms.createProfile("sRGB"),
        outputMode="RGBA" if frame.mode == "RGBA" else "RGB",
    )
    if seen is None:
        raise CannotClean("its colour profile cannot be applied")
    return seen


def _options(picture: Any, format_: str, data: bytes) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Return how a picture is written, so that no more is lost than has to be."""
    if format_ == "JPEG":
        tables = getattr(picture, "quantization", None)
        if not tables or picture.mode not in {"L", "RGB"}:
            return {"quality": 95}
        return {"qtables": tables, "subsampling": get_sampling(picture)}
    if format_ == "WEBP":
        return {"lossless": True} if _is_lossless(data) else {"quality": 90}
    return {"compression": "tiff_deflate"} if format_ == "TIFF" else {}


def _is_lossless(data: bytes) -> bool:
    """Say by its first frame whether a WebP file lost nothing when it was made (RFC 9649)."""
    place = 12
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name == b"ANMF":
            return data[place + 24 : place + 28] == b"VP8L"
        if name in {b"VP8 ", b"VP8L"}:
            return name == b"VP8L"
        place += 8 + size + size % 2
    return False


def _movement(picture: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Return how long each frame is to be seen, and how often all of them."""
    durations = [int(frame.info.get("duration", 0)) for frame in ImageSequence.Iterator(picture)]
    options: dict[str, Any] = {"duration": durations}
    if "loop" in picture.info:
        options["loop"] = picture.info["loop"]
    return options


def _require_bare(written: io.BytesIO) -> None:
    """Look at what was written: a format that copies more than it was given must not pass."""
    with Image.open(written, formats=_READ) as picture:
        if _LEFT_OVER & set(picture.info) or len(picture.getexif()) > _own_tags(picture):
            raise CannotClean("what its file says beside it cannot be taken out")


def _own_tags(picture: Image.Image) -> int:
    """Return how many tags the picture itself needs: a TIFF is made of them."""
    return 100 if picture.format == "TIFF" else 0
