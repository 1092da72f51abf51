"""What tests of the command line share: a relay process, and two people who know each other."""

from collections.abc import Iterator

import pytest

from tests.support.command_line import Pair, Relay, acquainted, running_relay


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with running_relay(tmp_path_factory.mktemp("relay")) as running:
        yield running


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, relay: Relay) -> Pair:
    return acquainted(tmp_path_factory.mktemp("people"), relay)
