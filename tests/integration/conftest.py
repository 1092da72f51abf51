"""What tests of the command line share: a relay process, and two people who know each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Pair, Relay
from tests.support.met import Meeting, meet


@pytest.fixture(scope="session")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Meeting:
    """Return two people of whom each module has a copy."""
    return meet(tmp_path_factory.mktemp("meeting"), 0)


@pytest.fixture(scope="session")
def other_meeting(tmp_path_factory: pytest.TempPathFactory) -> Meeting:
    """Return two people of whom a single test has a copy, beside that of its module."""
    return meet(tmp_path_factory.mktemp("meeting"), 1)


@pytest.fixture(scope="module")
def scene(
    tmp_path_factory: pytest.TempPathFactory, meeting: Meeting
) -> Iterator[tuple[Relay, Pair]]:
    with meeting.copied(tmp_path_factory.mktemp("scene")) as copied:
        yield copied


@pytest.fixture(scope="module")
def relay(scene: tuple[Relay, Pair]) -> Relay:
    return scene[0]


@pytest.fixture(scope="module")
def pair(scene: tuple[Relay, Pair]) -> Pair:
    return scene[1]


@pytest.fixture
def own_scene(tmp_path: Path, other_meeting: Meeting) -> Iterator[tuple[Relay, Pair]]:
    """Have a relay and two people for one test."""
    with other_meeting.copied(tmp_path) as copied:
        yield copied


@pytest.fixture
def own_pair(own_scene: tuple[Relay, Pair]) -> Pair:
    """Return two people for one test, whose relay runs."""
    return own_scene[1]
