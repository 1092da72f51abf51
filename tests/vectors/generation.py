"""What the generators of vectors share: entropy from a seed, cases, files."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.session import conversation as session
from e2etherapy.session.states import Invited
from e2etherapy.wire.invitation import Bundle, BundleDetails
from tests.vectors import package_checks, vector_files
from tests.vectors.vector_files import Bytes, Case, Json

EXPIRES = date(2026, 6, 30)
LAST_DAY = (EXPIRES - date(1970, 1, 1)).days
DAY = LAST_DAY - 10
WRITTEN = datetime(2026, 6, 20, 12, 0, 0, tzinfo=UTC)
LOW_ORDER = (
    "00" * 32,
    "01" + "00" * 31,
    "ec" + "ff" * 30 + "7f",
    "ed" + "ff" * 30 + "7f",
    "ee" + "ff" * 30 + "7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
)
"""Public keys of low order, the top bit clear, as in section 1."""


class Seeded:
    """Entropy that is the same in every run: SHAKE-256 of a name and a counter."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0

    def __call__(self, length: int) -> bytes:
        self.count += 1
        return hashlib.shake_256(f"{self.name} {self.count}".encode()).digest(length)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class File:
    """One vector file while it is put together."""

    def __init__(self, name: str, section: str, description: str) -> None:
        self.name = name
        self.head = {
            "description": description,
            "protocol": 1,
            "section": section,
            "unsafe": "test keys, never use",
        }
        self.cases: list[Json] = []
        self.blobs: dict[str, str] = {}

    def blob(self, name: str, data: bytes) -> Json:
        """Keep long bytes once, under a name that cases refer to."""
        assert self.blobs.setdefault(name, b64(data)) == b64(data)
        return {"blob": name}

    def passes(self, operation: str, name: str, given: Json, output: Json | None = None) -> Json:
        """Add a case; its output is what the package gives, unless it is handed in."""
        if output is None:
            case = Case(self.name, name, operation, given, None, None, self.blobs)
            output = written(package_checks.OPERATIONS[operation](case))
        self.cases.append({"name": name, "operation": operation, "input": given, "output": output})
        return output

    def fails(self, operation: str, name: str, given: Json, failure: str) -> None:
        self.cases.append(
            {"name": name, "operation": operation, "input": given, "failure": failure}
        )

    def write(self) -> int:
        used = blob_names(self.cases)
        blobs = {name: data for name, data in self.blobs.items() if name in used}
        if not blobs:
            return self._write_dense()
        content = {**self.head, "blobs": blobs, "cases": self.cases}
        return self._write(json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def _write_dense(self) -> int:
        """Write short cases, each on a line of its own."""
        lines = [json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in self.cases]
        head = json.dumps(self.head, indent=1).removesuffix("\n}")
        return self._write(head + ',\n "cases": [\n' + ",\n".join(lines) + "\n ]\n}\n")

    def _write(self, text: str) -> int:
        path = vector_files.FOLDER / f"{self.name}.json"
        return path.write_text(text, "utf-8")


def shortened(data: bytes) -> list[Bytes]:
    """Return bytes as they stand in a file, long runs of one byte as a number of times."""
    parts: list[Bytes] = []
    end = 0
    for run in re.finditer(rb"(.)\1{199,}", data, re.DOTALL):
        parts += [data[end : run.start()].hex(), {"hex": run[1].hex(), "times": len(run[0])}]
        end = run.end()
    return [part for part in [*parts, data[end:].hex()] if part]


def padded(data: bytes, length: int) -> Json:
    """Return a packed body with zeros behind it as it stands in a file: readable if it is text."""
    try:
        text = data[4:].decode()
    except UnicodeDecodeError:
        text = ""
    if len(text.encode()).to_bytes(4, "big") + text.encode() != data:
        return {"hex": data.hex(), "length": length}
    return {"packed": text, "length": length}


def blob_names(value: object) -> set[str]:
    """Return the names of the blobs that cases refer to."""
    if isinstance(value, dict):
        own = {value["blob"]} if isinstance(value.get("blob"), str) else set()
        return own.union(*map(blob_names, value.values()))
    return set().union(*map(blob_names, value)) if isinstance(value, list) else set()


def written(output: Any) -> Any:  # noqa: ANN401 - JSON of any form
    """Return an operation's output as it stands in a file."""
    if isinstance(output, bytes):
        return output.hex()
    if isinstance(output, dict):
        return {name: written(value) for name, value in output.items()}
    if isinstance(output, list):
        return [written(value) for value in output]
    return output


def details(entropy: Callable[[int], bytes]) -> BundleDetails:
    return BundleDetails(
        name="Dr. Ada Example",
        mailbox=entropy(32),
        deposit_key=entropy(32),
        ticket=entropy(32),
        expires=EXPIRES,
    )


def invitation(name: str) -> tuple[Invited, Bundle]:
    entropy = Seeded(f"invitation {name}")
    identity = X25519Secret(entropy(32))
    return session.invite(identity, details(entropy), LAST_DAY, entropy)


def invitation_input(file: File, state: Invited) -> Json:
    return {
        "bundle": file.blob("bundle", state.bundle),
        "identity": bytes(state.identity).hex(),
        "one_time": bytes(state.one_time).hex(),
        "ratchet_x25519": bytes(state.ratchet_x25519).hex(),
        "kem": bytes(state.kem).hex(),
        "ratchet_kem": bytes(state.ratchet_kem).hex(),
    }


def with_details(bundle: bytes, change: Callable[[Json], Json]) -> bytes:
    """Return the bundle with other details."""
    keys, old = bundle[:2848], msgspec.json.decode(bundle[2852:])
    new = json.dumps(change(old), ensure_ascii=False, separators=(",", ":")).encode()
    return keys + len(new).to_bytes(4, "big") + new


def body_of(value: Json, blob: bytes = b"") -> bytes:
    """Return a packed body with this JSON, whatever it says."""
    packed = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return len(packed).to_bytes(4, "big") + packed + blob
