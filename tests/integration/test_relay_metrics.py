"""What a real relay with traffic shows to Prometheus: counts, and nothing that names anybody."""

from __future__ import annotations

import asyncio
import io
import re
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from e2etherapy.mailbox.capabilities import OwnedMailbox, Ticket
from e2etherapy.relay.allowances import allow
from e2etherapy.relay.counts import GROUPS, LATENCIES
from e2etherapy.relay.database_place import DatabasePlace
from e2etherapy.relay.metrics import GAUGES, MetricsPage
from e2etherapy.relay.problems import Reason
from e2etherapy.relay.routes import OPERATIONS
from e2etherapy.wire import base64url
from tests.support.operated import Operated, ask, operated
from tests.support.postgres import Server
from tests.support.relays import (
    PATIENCE_SECONDS,
    RelayAt,
    Request,
    acknowledgement,
    collection,
    creation,
    deposit,
    draw,
    envelope,
    tickets_request,
)

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

PREFIX = "e2etherapy_relay_"
COUNTERS = {
    *("requests_total", "batched_operations_total", "refusals_total", "dropped_total"),
    *("expired_total", "faults_total"),
}
HISTOGRAMS = {"deposit_seconds", "group_size"}
ALLOWED_LABELS: dict[str, set[str]] = {
    "operation": {operation.answer.__name__ for operation in OPERATIONS.values()} | {"unknown"},
    "status": {"2xx", "4xx", "5xx"},
    "kind": {"envelope", "invitation"},
    "reason": {*Reason, "connections", "heads", "untaken", "answer_seconds"},
    "le": {*map(str, LATENCIES), *map(str, GROUPS), "+Inf"},
}
"""Every label that a sample may have, and every value of it. None can carry an id."""


def samples(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def value(text: str, name: str, **labels: str) -> float:
    return next(
        (one.value for one in samples(text) if (one.name, one.labels) == (PREFIX + name, labels)),
        0.0,
    )


async def traffic(
    relay: Operated, mailboxes: int = 4, place: DatabasePlace | None = None
) -> list[OwnedMailbox]:
    """Let some mailboxes receive one, two, three … envelopes, and foreign requests come."""
    line = RelayAt(relay.port, relay.database, io.StringIO(), place or relay.database)
    allowance = await allow(line.place, mailboxes, draw)
    tickets = [Ticket(draw(32)) for _ in range(mailboxes)]
    assert (await line.send(tickets_request(allowance, *tickets))).status == 204
    owned = [OwnedMailbox.generate(draw) for _ in tickets]
    for box, ticket in zip(owned, tickets, strict=True):
        assert (await line.send(creation(box, ticket))).status == 204
    for number, box in enumerate(owned, 1):
        wanted = [deposit(box, envelope(f"{number} {count}")) for count in range(number)]
        answers = await asyncio.gather(*map(line.send, wanted))
        assert {answer.status for answer in answers} == {204}
        assert (await line.send(collection(box))).status == 200
    assert (await line.send(acknowledgement(owned[0], 1))).status == 204
    agent = {"User-Agent": "Robin's telephone", "X-Forwarded-For": "192.0.2.7"}
    foreign = OwnedMailbox.generate(draw)
    assert (await line.send(deposit(foreign, envelope("nowhere")))).status == 404
    assert (await line.send(Request("GET", "/v1/Robin?secret", headers=agent))).status == 404
    return [*owned, foreign]


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[OwnedMailbox], int]:
    folder = tmp_path_factory.mktemp("metrics")
    with operated(folder, f"metrics_listen = 'unix:{folder}/metrics.sock'") as relay:
        owned = asyncio.run(traffic(relay))
        status, text = relay.scrape()
        assert status == 200
        return text, owned, relay.port


def test_the_counts_are_those_of_the_traffic(
    scraped: tuple[str, list[OwnedMailbox], int],
) -> None:
    text, _, _ = scraped
    assert value(text, "requests_total", operation="deposit", status="2xx") == 10
    assert value(text, "requests_total", operation="deposit", status="4xx") == 1
    assert value(text, "requests_total", operation="create_mailbox", status="2xx") == 4
    assert value(text, "requests_total", operation="unknown", status="4xx") == 1
    assert value(text, "refusals_total", reason="refused") == 2
    assert value(text, "deposit_seconds_count") == 11
    assert value(text, "deposit_seconds_bucket", le="+Inf") == 11
    # Eleven deposits (one refused), tickets, four mailboxes, one acknowledgement, expiry's steps.
    assert value(text, "group_size_sum") >= 17
    assert value(text, "ready") == 1
    assert value(text, "connections") >= 0
    assert 5 <= value(text, "stored_envelopes") <= 15
    assert value(text, "stored_bytes") > 10 * 16_384
    assert value(text, "resident_bytes") > 10_000_000
    assert value(text, "cpu_seconds") > 0


def test_counts_and_gauges_are_there_on_postgresql_too(
    tmp_path: Path, postgres_server: Server
) -> None:
    place = asyncio.run(postgres_server.new_database())
    metrics = f"metrics_listen = 'unix:{tmp_path}/metrics.sock'"
    with operated(tmp_path, metrics, "--database", place.url) as relay:
        asyncio.run(traffic(relay, place=place))
        _, text = relay.scrape()
    assert value(text, "requests_total", operation="deposit", status="2xx") == 10
    assert value(text, "group_size_sum") == 11
    names = {sample.name for sample in samples(text)}
    assert {PREFIX + name for name in GAUGES} <= names
    assert value(text, "ready") == 1
    assert value(text, "pending_changes") == 0


def test_connections_that_are_ended_are_counted_by_why(tmp_path: Path) -> None:
    settings = f"metrics_listen = 'unix:{tmp_path}/metrics.sock'\nconnections = 16"
    with operated(tmp_path, settings) as relay, ExitStack() as stack:
        for _ in range(16):
            line = socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS)
            assert ask(stack.enter_context(line)) == 200
        for _ in range(3):
            line = socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS)
            with line, suppress(ConnectionError):
                assert line.recv(1) == b""
        _, text = relay.scrape()
    assert value(text, "dropped_total", reason="connections") == 3


def test_no_sample_has_a_name_or_a_label_that_is_not_on_the_list(
    scraped: tuple[str, list[OwnedMailbox], int],
) -> None:
    names = {PREFIX + name for name in [*COUNTERS, *GAUGES]}
    names |= {
        f"{PREFIX}{name}_{part}" for name in HISTOGRAMS for part in ("bucket", "count", "sum")
    }
    found = samples(scraped[0])
    assert len(found) > 20
    for sample in found:
        assert sample.name in names
        assert sample.timestamp is None
        assert sample.exemplar is None
        for label, content in sample.labels.items():
            assert content in ALLOWED_LABELS[label], label


def test_no_id_key_address_word_or_moment_is_in_the_counts(
    scraped: tuple[str, list[OwnedMailbox], int],
) -> None:
    text, owned, port = scraped
    for box in owned:
        hashes = [box.owner_key.mailbox(), box.deposit_key.hash()]
        for name in [box.owner_key, box.deposit_key, *hashes]:
            assert base64url.encode(name)[:8] not in text
            assert bytes(name).hex()[:8] not in text
    for word in ("Robin", "telephone", "secret", "192.0.2", "127.0.0", str(port), "_created"):
        assert word not in text
    # Seconds since 1970 have ten digits and begin with 1; memory in bytes may not look like that.
    numbers = [one.value for one in samples(text) if "bytes" not in one.name]
    assert not [number for number in numbers if number > 1e8]
    assert not re.search(r"\d{4}-\d\d-\d\d|\d\d:\d\d", text)


def test_only_the_page_itself_is_served(tmp_path: Path) -> None:
    with operated(tmp_path, f"metrics_listen = 'unix:{tmp_path}/metrics.sock'") as relay:
        assert relay.scrape("/v1/health")[0] == 404
        assert relay.scrape("/metrics?x")[0] == 200
        assert relay.scrape("/")[0] == 404
        relay.process.terminate()
        assert relay.process.wait(30) == 0
    assert not relay.metrics_socket.exists()


def test_who_scrapes_often_learns_nothing_more(tmp_path: Path) -> None:
    with operated(tmp_path, f"metrics_listen = 'unix:{tmp_path}/metrics.sock'") as relay:
        first = relay.scrape()
        assert first[0] == 200
        asyncio.run(traffic(relay))
        assert relay.scrape() == first


async def test_the_page_is_made_again_when_its_time_is_over() -> None:
    made = 0

    class Page(MetricsPage):
        async def _make(self) -> bytes:
            nonlocal made
            made += 1
            return b"counts"

    page = Page(None, 60.0)  # type: ignore[arg-type]
    assert [await page.text() for _ in range(3)] == [b"counts"] * 3
    assert made == 1
    page._due -= 61
    await page.text()
    assert made == 2


def test_without_the_setting_the_library_for_metrics_is_not_loaded() -> None:
    program = "import sys, e2etherapy.relay.server; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "e2etherapy.relay.counts" in done.stdout.split()
    assert "prometheus_client" not in done.stdout.split()


def test_every_operation_of_the_protocol_has_a_name_of_its_own() -> None:
    names = [operation.answer.__name__ for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
