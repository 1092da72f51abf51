"""A file as it goes out: a harmless name, and of a picture or voice note nothing but itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from e2etherapy.cleaning import looks, voice
from e2etherapy.cleaning.names import harmless
from e2etherapy.errors.writing import CannotClean


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file as it goes out.

    Attributes:
        name: without a path, and without anything that acts on a screen or a disk.
        media_type: what its name or its bytes say that it is.
        data: its bytes; of a picture or voice note, only what is seen or heard.
        cleaned: whether that is so.
    """

    name: str = field(repr=False)
    media_type: str
    data: bytes = field(repr=False)
    cleaned: bool


def attached(name: str, data: bytes, *, as_file: bool = False) -> OutgoingFile:
    """Return a file that is to be attached.

    Args:
        name: what it is called on this device.
        data: all of it.
        as_file: send a picture as it is, with everything that its file says beside it.

    Raises:
        CannotClean: it is a picture that cannot be cleaned; the sentence says what can be done.
    """
    if as_file or not looks.is_picture(name, data):
        return OutgoingFile(harmless(name), looks.media_type(name), data, cleaned=False)
    from e2etherapy.cleaning import pictures  # noqa: PLC0415 - a tenth of a second, for pictures

    try:
        if looks.is_raw(name, data):
            raise CannotClean("it is a raw file from a camera")  # noqa: TRY301 - told as any other
        media_type, bare = pictures.cleaned(data)
    except CannotClean as reason:
        raise _unclean("picture", name, reason) from None
    return OutgoingFile(harmless(name), media_type, bare, cleaned=True)


def voice_note(name: str, data: bytes, *, as_file: bool = False) -> OutgoingFile:
    """Return a voice note; its media type says how long it is.

    Args:
        name: what its file is called on this device.
        data: all of it.
        as_file: send it as it is, with everything that its file says beside what is heard.

    Raises:
        CannotClean: it is no sound that can be cleaned; the sentence says what can be done.
    """
    if as_file:
        seconds, media_type, bare = 0, looks.media_type(name), data
    else:
        from e2etherapy.cleaning import sound  # noqa: PLC0415 - only who sends one needs it

        try:
            heard = sound.cleaned(data)
        except CannotClean as reason:
            raise _unclean("voice note", name, reason) from None
        seconds, media_type, bare = heard.seconds, heard.media_type, heard.data
    told = voice.labelled(media_type, seconds)
    return OutgoingFile(harmless(name), told, bare, cleaned=not as_file)


def _unclean(what: str, name: str, reason: CannotClean) -> CannotClean:
    return CannotClean(
        f"What the file of the {what} {harmless(name)} says beside it (place, time, device) cannot "
        f"be taken out: {reason}. Nothing was sent. Save it in another format, or send it as it is "
        "with --as-file: all of that then goes along."
    )
