"""A running relay answers as its own document says, whatever is made of the document."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    pack_operations,
)
from e2etherapy.mailbox.capabilities import DepositKey, MailboxId, OwnerKey
from e2etherapy.relay import problems
from e2etherapy.relay.limits import Limits
from scripts import relay_api
from tests.support.relays import PATIENCE_SECONDS, RelayProcess, deposit, envelope, relay_process
from tests.support.rights import Rights, send

OPERATIONS = {
    operation["operationId"]: operation
    for methods in relay_api.document()["paths"].values()
    for operation in methods.values()
}
GENERATED = [
    (name, mode, keyed)
    for name, operation in OPERATIONS.items()
    for mode in GenerationMode
    for keyed in (False, True)
    # Where nothing is asked for, nothing can be wrong, and no key is shown.
    if operation["security"] or (mode is GenerationMode.POSITIVE and not keyed)
]
BEYOND: dict[str, list[schemathesis.CheckFunction]] = {
    # OpenAPI has no word for the length and the inner form of a binary body.
    name: [positive_data_acceptance]
    if api.BINARY in operation.get("requestBody", {}).get("content", {})
    else []
    for name, operation in OPERATIONS.items()
}
ON_DEMAND = {"429", "500", "503", "507"}
"""500 is a mistake of the relay; the others have tests of their own below."""
PACED = [name for name, operation in OPERATIONS.items() if "429" in operation["responses"]]
WRITING = [name for name, operation in OPERATIONS.items() if "507" in operation["responses"]]

SIZE = api.SEALED_BUNDLE_SIZE
key, anywhere = OwnerKey(bytes(32)), MailboxId(bytes(32))
positions = st.integers(0, api.MAX_POSITION)
batched = st.one_of(
    st.builds(BatchedAcknowledgement, st.just(key), positions),
    st.builds(BatchedCollection, st.just(key), positions, st.integers(1, api.MAX_PAGE)),
    st.just(BatchedDeposit(DepositKey(bytes(32)), anywhere, envelope("batched"))),
)
binary = st.one_of(
    st.sampled_from([0, 1, SIZE - 1, SIZE, SIZE, SIZE + 1]).map(bytes),
    st.binary(max_size=64),
    st.lists(batched, min_size=1, max_size=3).map(pack_operations),
)
schemathesis.openapi.media_type(api.BINARY, binary)


@dataclass(frozen=True)
class Api:
    """A relay process, its document as schemathesis reads it, and rights at it."""

    relay: RelayProcess
    operations: dict[str, Any]
    rights: Rights

    def check(self, name: str, answer: requests.Response) -> None:
        """Compare an answer with the document."""
        assert str(answer.status_code) in OPERATIONS[name]["responses"], answer.text
        self.operations[name].validate_response(answer)
        assert has_its_length(OPERATIONS[name], answer)


def has_its_length(
    operation: dict[str, Any], answer: requests.Response | schemathesis.Response
) -> bool:
    """Say whether a binary answer is as long as the document says (x-octets)."""
    documented = operation["responses"][str(answer.status_code)].get("content", {})
    if api.BINARY not in documented:
        return True
    octets = documented[api.BINARY]["schema"]["x-octets"]
    size = len(answer.content)
    return size in range(octets["least"], octets["greatest"] + 1, octets["step"])


# Streams end soon: what is generated waits for the end of each answer. Keys that are generated are
# used again and again.
ENDLESS = Limits(
    stream_seconds=0.05,
    deposit_burst=1_000_000,
    owner_burst=1_000_000,
    ticket_burst=1_000_000,
    invitation_burst=1_000_000,
)
BURST, TICKETS = 6, 40
SOON_TOO_OFTEN = replace(
    ENDLESS,
    deposit_burst=BURST,
    deposit_rate=1e-6,
    owner_burst=BURST,
    owner_rate=1e-6,
    ticket_burst=TICKETS,
    ticket_rate=1e-6,
    invitation_burst=BURST,
    invitation_rate=1e-6,
)


@contextmanager
def described(folder: Path, limits: Limits = ENDLESS) -> Iterator[Api]:
    with relay_process(folder, limits=limits) as process, requests.Session() as session:
        rights = Rights(process, session)
        schema = schemathesis.openapi.from_dict(rights.send(rights.right("describe")).json())
        schema.config.update(base_url=f"http://127.0.0.1:{process.port}")
        # Too many members of a body are too many bytes first.
        rejection = schema.config.checks.negative_data_rejection
        rejection.expected_statuses = [*rejection.expected_statuses, "413"]
        found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
        operations = {one.definition.raw["operationId"]: one for one in found}
        yield Api(process, operations, rights)
        assert "fault" not in process.log.read_text()


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with described(tmp_path_factory.mktemp("api")) as running:
        yield running


def test_a_running_relay_gives_out_every_operation(at: Api) -> None:
    assert set(at.operations) == set(OPERATIONS)


@pytest.mark.parametrize(
    ("name", "mode", "keyed"),
    GENERATED,
    ids=[f"{name}-{mode.value}{'-with-keys' * keyed}" for name, mode, keyed in GENERATED],
)
def test_whatever_is_generated_is_answered_as_documented(
    at: Api, name: str, mode: GenerationMode, keyed: bool
) -> None:
    @settings(
        max_examples=settings().max_examples // 5,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(case=at.operations[name].as_strategy(generation_mode=mode))
    def answered(case: schemathesis.Case[Any]) -> None:
        if keyed:
            at.rights.fill(name, case)
        answer = case.call(session=at.rights.session, timeout=PATIENCE_SECONDS)
        # It takes the keys that it made for wrong ones, also where real ones took their place.
        replaced = [ignored_auth] if keyed else []
        case.validate_response(answer, excluded_checks=[*BEYOND[name], *replaced])
        assert answer.status_code < 500
        assert has_its_length(OPERATIONS[name], answer)

    answered()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_documented_status_is_met_and_no_other(at: Api, name: str) -> None:
    met = defaultdict(list)
    for status, request in at.rights.ways(name):
        answer = at.rights.send(request)
        at.check(name, answer)
        assert answer.status_code == status, (request, answer.text)
        met[str(status)].append(request)
    assert set(met) == set(OPERATIONS[name]["responses"]) - ON_DEMAND


def test_every_operation_that_shows_one_key_says_429_where_it_asks_too_often(
    tmp_path: Path,
) -> None:
    with described(tmp_path, SOON_TOO_OFTEN) as at:
        assert set(OPERATIONS) - set(PACED) == {"batch", "health", "ready", "describe"}
        asked = {}
        for name in PACED:
            at.rights.__dict__.pop("lasting", None)  # a mailbox of its own for each
            asked[name] = at.rights.right(name)
        for name, request in asked.items():
            answer, before = at.rights.send(request), 0
            while answer.status_code != 429:
                at.check(name, answer)
                before += 1
                assert before <= TICKETS, name
                answer = at.rights.send(request)
            at.check(name, answer)
            assert before > 0, name
            assert 1 <= int(answer.headers["Retry-After"]) <= problems.LONGEST_RETRY


def test_every_operation_says_503_while_the_relay_stops(tmp_path: Path) -> None:
    with described(tmp_path) as at, ExitStack() as stack:
        sessions = {name: stack.enter_context(requests.Session()) for name in OPERATIONS}
        asked = {name: at.rights.right(name) for name in OPERATIONS}
        for session in sessions.values():  # a connection of its own for each, before it stops
            assert send(session, at.relay.port, at.rights.right("health")).status_code == 200
        unfinished = deposit(at.rights.lasting, envelope("in flight")).encode()
        line = socket.create_connection(("127.0.0.1", at.relay.port), PATIENCE_SECONDS)
        stack.enter_context(line).sendall(unfinished[:-1])
        assert at.rights.send(at.rights.right("health")).status_code == 200
        at.relay.process.send_signal(signal.SIGTERM)
        wait_until_stopping(at.relay)
        for name, session in sessions.items():
            answer = send(session, at.relay.port, asked[name])
            assert (answer.status_code, answer.json()["title"]) == (503, "Stopping"), name
            at.check(name, answer)
        line.sendall(unfinished[-1:])
        assert line.recv(4_096).startswith(b"HTTP/1.1 204 ")
        assert at.relay.process.wait(PATIENCE_SECONDS) == 0


def wait_until_stopping(relay: RelayProcess) -> None:
    """Return once the relay's log says that it takes no new requests."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "stopping" not in relay.log.read_text():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_every_operation_that_writes_says_507_while_the_disk_is_full(tmp_path: Path) -> None:
    with described(tmp_path) as at:
        asked = {name: at.rights.right(name) for name in WRITING}
        # Less than a page of the log, whatever room the relay gives back.
        for limit, wanted in ((4_096, {507}), (resource.RLIM_INFINITY, {200, 204})):
            limits = (limit, resource.RLIM_INFINITY)
            resource.prlimit(at.relay.process.pid, resource.RLIMIT_FSIZE, limits)
            for name, request in asked.items():
                answer = at.rights.send(request)
                assert answer.status_code in wanted, name
                at.check(name, answer)
