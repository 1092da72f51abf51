"""Settings that every test shares: hypothesis profiles and the nightly marker."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support import postgres

PROFILE = os.environ.get("E2ETHERAPY_TEST_PROFILE", "ci")

# No deadline in either: the time of one example says more about the machine than about the code.
#
# ci draws the same examples in every run: what fails was broken by the change under test, and it
# fails again when run again. nightly draws new ones each time, and prints how to repeat a failure.
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=1000, deadline=None, print_blob=True)


def pytest_configure() -> None:
    if PROFILE not in {"ci", "nightly"}:
        raise pytest.UsageError(f"E2ETHERAPY_TEST_PROFILE is {PROFILE!r}: expected ci or nightly.")
    settings.load_profile(PROFILE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if PROFILE == "nightly":
        return
    skip = pytest.mark.skip(reason="runs with E2ETHERAPY_TEST_PROFILE=nightly")
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """Run one PostgreSQL for all tests of this process; who stops it takes one of its own."""
    with postgres.server() as running:
        yield running
