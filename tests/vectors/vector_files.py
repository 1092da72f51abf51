"""Reads vector files, in the form that README.md here describes."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Bytes = str | list["Bytes"] | Json
"""How a vector writes bytes: hex, parts to be joined, or an object (README.md)."""

FOLDER = Path(__file__).parent / "own"


def read_bytes(value: Bytes, blobs: dict[str, str]) -> bytes:
    """Return the bytes that a vector gives: hex, a list to be joined, or an object."""
    if isinstance(value, str):
        return bytes.fromhex(value)
    if isinstance(value, list):
        return b"".join(read_bytes(part, blobs) for part in value)
    data = base64.b64decode(blobs[value["blob"]]) if "blob" in value else b""
    if "packed" in value:
        text = value["packed"].encode()
        data = len(text).to_bytes(4, "big") + text
    data = (data or bytes.fromhex(value.get("hex", ""))) * value.get("times", 1)
    if "length" in value:
        data = data[: value["length"]].ljust(value["length"], b"\0")
    changed = bytearray(data)
    for offset, mask in value.get("xor", {}).items():
        changed[int(offset)] ^= mask
    return bytes(changed)


@dataclass(frozen=True)
class Case:
    file: str
    name: str
    operation: str
    input: dict[str, Any]
    output: dict[str, Any] | None
    failure: str | None
    blobs: dict[str, str]

    def bytes(self, name: str) -> bytes:
        return read_bytes(self.input[name], self.blobs)

    def fits(self, expected: object, actual: object) -> bool:
        """Compare what an implementation returned, where bytes may be written in any form."""
        if isinstance(actual, bytes) and isinstance(expected, str | list | dict):
            return read_bytes(expected, self.blobs) == actual
        if isinstance(actual, dict) and isinstance(expected, dict):
            return expected.keys() == actual.keys() and all(
                self.fits(expected[name], member) for name, member in actual.items()
            )
        if isinstance(actual, list) and isinstance(expected, list):
            return len(expected) == len(actual) and all(map(self.fits, expected, actual))
        return expected == actual


def load(path: Path) -> list[Case]:
    file = json.loads(path.read_text("utf-8"))
    return [
        Case(
            path.stem,
            case["name"],
            case["operation"],
            case["input"],
            case.get("output"),
            case.get("failure"),
            file.get("blobs", {}),
        )
        for case in file["cases"]
    ]


def load_all() -> list[Case]:
    return [case for path in sorted(FOLDER.glob("*.json")) for case in load(path)]
