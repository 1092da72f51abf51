"""Whatever book one implementation exports, the other one accepts."""

import json
from types import ModuleType

import pytest

from tests.vectors import package_checks, second_checks
from tests.vectors.vector_files import FOLDER, Case, load

BOOKS = [case for case in load(FOLDER / "exported_book.json") if case.operation == "export_book"]


@pytest.mark.parametrize("case", BOOKS, ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("writer", "reader"),
    [(package_checks, second_checks), (second_checks, package_checks)],
    ids=["package to second", "second to package"],
)
def test_an_exported_book_is_accepted(writer: ModuleType, reader: ModuleType, case: Case) -> None:
    journal = writer.OPERATIONS["export_book"](case)["journal"]
    given = {
        "journal": json.dumps(journal).encode().hex(),
        "files": {f"attachments/001-{one['name']}": one["data"] for one in case.input["files"]},
    }
    read = Case("", case.name, "check_exported_book", given, None, None, {})
    found = reader.OPERATIONS["check_exported_book"](read)
    assert found["head"] == journal["head"]
    assert len(found["contents"]) == len(case.input["entries"])
