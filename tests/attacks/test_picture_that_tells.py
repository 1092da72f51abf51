"""A picture and a recording that tell where and when they were made (threat E19).

Through real commands and a real relay: nothing of it is on the other device.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.support.command_line import Pair, acquainted, running_relay

OKAFOR, ROBIN = "Dr. Okafor", "Robin"
SECRETS = (b"Secret", b"52.5163", b"13.3777")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    (tmp_path / "relay").mkdir()
    with running_relay(tmp_path / "relay") as relay:
        yield acquainted(tmp_path, relay)


def telling_picture() -> bytes:
    """Return a JPEG with a camera's name, a place, a comment and XMP."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Secret camera", 6
    exif.get_ifd(0x8825).update({1: "N", 2: (52.5163, 0.0, 0.0), 3: "E", 4: (13.3777, 0.0, 0.0)})
    made = io.BytesIO()
    xmp = b"<x:xmpmeta>52.5163 13.3777</x:xmpmeta>"
    Image.new("RGB", (80, 40), "teal").save(made, "JPEG", exif=exif, xmp=xmp, comment=b"Secret")
    return made.getvalue()


def telling_recording() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setparams((1, 1, 8_000, 0, "NONE", ""))
        file.writeframes(b"\x80\x90" * 168_000)
    return made.getvalue() + b"bext\x06\x00\x00\x00Secret"


def test_nothing_of_what_they_tell_arrives(pair: Pair, tmp_path: Path) -> None:
    for name, data in (("lake.jpg", telling_picture()), ("evening.wav", telling_recording())):
        assert any(secret in data for secret in SECRETS)
        (tmp_path / name).write_bytes(data)
    refusal = pair.client.run("send", OKAFOR, "--voice", str(tmp_path / "lake.jpg"))
    assert (refusal.code, "Nothing was sent" in refusal.errors) == (45, True)
    files = ("--attach", str(tmp_path / "lake.jpg"), "--voice", str(tmp_path / "evening.wav"))
    sent = pair.client.ask("send", OKAFOR, *files)
    assert [item["cleaned"] for item in sent["items"]] == [True, True]
    pair.therapist.ask("sync")
    shown = pair.therapist.run("attachments", "list", ROBIN).text.splitlines()
    assert "File: lake.jpg" in shown[0]
    assert "Voice note, 0:42: evening.wav" in shown[1]
    tag = pair.client.ask("attachments", "list", OKAFOR)[1]["tag"]
    by_tag = pair.therapist.ask("attachments", "save", ROBIN, tag.lower(), "got")
    assert (by_tag["number"], by_tag["tag"]) == (2, tag)
    said = pair.therapist.run("attachments", "save", ROBIN, "1", "got")
    assert "are what its sender says" in said.text
    arrived = {path.name: path.read_bytes() for path in (tmp_path / "got").iterdir()}
    assert not [one for data in arrived.values() for one in SECRETS if one in data]
    with Image.open(io.BytesIO(arrived["lake.jpg"])) as seen:
        assert (seen.size, len(seen.getexif())) == ((40, 80), 0)
    as_it_is = pair.client.ask("send", OKAFOR, "--attach", str(tmp_path / "lake.jpg"), "--as-file")
    assert as_it_is["items"][0]["cleaned"] is False
    assert pair.therapist.run("attachments", "save", ROBIN, "9", "got").code == 3
