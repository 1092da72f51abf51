"""What a file is, by its first bytes and its name: never by what somebody says of it."""

from __future__ import annotations

import mimetypes

_PICTURES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",
    b"MM\x00*",
    b"II+\x00",
    b"MM\x00+",
    b"8BPS",
    b"\xff\x0a",
    b"\x00\x00\x00\x0cJXL ",
    b"\x00\x00\x00\x0cjP  ",
)
_PICTURE_BRANDS = frozenset(
    {b"heic", b"heix", b"heif", b"hevc", b"mif1", b"msf1", b"avif", b"avis"}
)
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_MORE_PICTURES = {
    **{f".{ending}": "image/heic" for ending in ("heic", "heif", "hif")},
    ".avif": "image/avif",
    ".webp": "image/webp",
    **{f".{ending}": "image/x-raw" for ending in ("dng", "cr2", "cr3", "nef", "arw", "orf", "rw2")},
}
_MORE_SOUNDS = {".m4a": "audio/mp4", ".opus": "audio/ogg", ".oga": "audio/ogg"}
UNKNOWN_TYPE = "application/octet-stream"


def media_type(name: str) -> str:
    """Return the media type that a file's name stands for."""
    ending = "." + name.rpartition(".")[2].lower()
    known = _MORE_PICTURES.get(ending) or _MORE_SOUNDS.get(ending)
    # What comes first keeps a name from being read as an address, which may hold a type of its own.
    return known or mimetypes.guess_type(f"./{name}")[0] or UNKNOWN_TYPE


def is_picture(name: str, data: bytes) -> bool:
    """Say whether a file is a picture, by its name or by its bytes."""
    if media_type(name).startswith("image/") or data.startswith(_PICTURES):
        return True
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return True
    return data[4:8] == b"ftyp" and data[8:12] in _PICTURE_BRANDS


def is_raw(name: str, data: bytes) -> bool:
    """Say whether a picture is a camera's raw file: what can be drawn of it is not what it is."""
    return data.startswith(_TIFF) and not name.lower().endswith((".tif", ".tiff"))
