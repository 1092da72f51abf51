"""Every vector in own/ holds in the package and in the second implementation."""

import json
from types import ModuleType

import pytest

from tests.vectors import package_checks, second_checks
from tests.vectors.vector_files import FOLDER, Case, load_all

CASES = load_all()
IMPLEMENTATIONS = {"package": package_checks, "second": second_checks}
LARGEST_TOTAL = 1_500_000


def check(implementation: ModuleType, case: Case) -> None:
    operation = implementation.OPERATIONS[case.operation]
    if case.failure is None:
        output = operation(case)
        assert case.fits(case.output, output), output
        return
    with pytest.raises(Exception) as refusal:  # noqa: PT011 - its class is compared below
        operation(case)
    assert implementation.failure_class(refusal.value) == case.failure, refusal.value


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.name}")
def test_a_vector_holds(name: str, case: Case) -> None:
    check(IMPLEMENTATIONS[name], case)


def test_a_wrong_output_is_noticed() -> None:
    for case in CASES:
        if case.operation in {"digest", "link_keys", "message_keys"}:
            assert case.output is not None
            wrong = dict.fromkeys(case.output, "00" * 32)
            for implementation in IMPLEMENTATIONS.values():
                assert not case.fits(wrong, implementation.OPERATIONS[case.operation](case))


def test_the_vectors_are_all_there() -> None:
    assert len(CASES) >= 280
    assert {case.operation for case in CASES} == set(second_checks.OPERATIONS)
    assert set(package_checks.OPERATIONS) == set(second_checks.OPERATIONS)
    assert len({(case.file, case.operation, case.name) for case in CASES}) == len(CASES)
    assert {case.failure for case in CASES if case.failure} | failures_in_steps() == {
        *package_checks.FAILURES.values()
    }


def failures_in_steps() -> set[str]:
    return {
        step["failure"]
        for case in CASES
        if case.operation == "conversation" and case.output
        for step in case.output["steps"]
        if "failure" in step
    }


def test_every_file_says_what_it_is() -> None:
    for path in FOLDER.glob("*.json"):
        file = json.loads(path.read_text("utf-8"))
        assert file["protocol"] == 1
        assert file["unsafe"] == "test keys, never use"
        assert file["section"]
        assert file["description"].endswith(".")
    assert sum(path.stat().st_size for path in FOLDER.glob("*.json")) <= LARGEST_TOTAL
