"""Recordings of two seconds, with what their files say beside the sound."""

from __future__ import annotations

import io
import random
import struct
import wave as wave_files
from pathlib import Path

SECRET = b"Secret"
SAMPLES = Path(__file__).parents[1] / "unit" / "cleaning" / "samples"
"""Two seconds of a tone with titles, artists and comments, as FFmpeg writes them."""
SOUND = random.Random(1).randbytes(32_000)
"""What is heard in a WAV file of this module."""
TITLE = b"LIST" + struct.pack("<I", 20) + b"INFOINAM" + struct.pack("<I", 7) + b"Secret\x00\x00"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def wav(*, length_known: bool = True, sound: bytes = SOUND) -> bytes:
    """Return sound with a title, a broadcast's description and a marker of the day."""
    made = io.BytesIO()
    with wave_files.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(sound)
    riff = made.getvalue()
    said = TITLE + b"bext" + struct.pack("<I", 6) + SECRET
    before, data = riff[12:36], riff[36:]
    if not length_known:
        return riff[:12] + said + before + b"data\xff\xff\xff\xff" + data[8:]
    return riff[:12] + said + before + data + b"id3 " + struct.pack("<I", 6) + SECRET
