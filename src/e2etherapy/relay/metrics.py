"""Counts for Prometheus, on a listener of their own.

The text that is shown is made again only after `seconds`: who scrapes more often than that learns
nothing more, so that no count tells the moment of one message. No sample has a time of its own.
"""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from e2etherapy.relay import problems
from e2etherapy.relay.counts import Counts, Histogram
from e2etherapy.relay.http import RelayServer, problem_response
from e2etherapy.relay.limits import LAST_SECONDS, Limits
from e2etherapy.relay.listening import bind
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.observed import Observed
from e2etherapy.relay.settings import MetricsSettings
from e2etherapy.relay.store import Store, StoreError

_LIMITS = Limits(connections=16)
_PAGE = resource.getpagesize()
_BY_OPERATION = ("operation", "status")

GAUGES: Mapping[str, str] = {
    "connections": "Open connections.",
    "waits": "Devices that wait for an envelope.",
    "waited_mailboxes": "Mailboxes that somebody waits for.",
    "pending_changes": "Changes that wait to be written.",
    "stored_envelopes": "Envelopes that are stored, estimated without counting them.",
    "stored_bytes": "What the database holds, room that is free within it left out.",
    "ready": "1 when GET /v1/ready would answer 200.",
    "resident_bytes": "Memory of the process.",
    "open_files": "Open files of the process, connections among them.",
    "cpu_seconds": "Processor time of the process since it started.",
}


@dataclass(frozen=True, slots=True)
class _Families(Collector):
    """Every sample that is shown; the one place where one gets a label."""

    counts: Counts
    dropped: Mapping[str, int]
    gauges: Mapping[str, float]

    def collect(self) -> Iterable[Metric]:
        yield _counter("requests", "Answered requests.", _BY_OPERATION, self.counts.requests)
        yield _counter(
            "batched_operations",
            "Operations within answered batches.",
            _BY_OPERATION,
            self.counts.batched,
        )
        yield _counter("refusals", "What was not done, by why.", ["reason"], self.counts.refusals)
        yield _counter("dropped", "Connections that were ended, by why.", ["reason"], self.dropped)
        yield _counter("expired", "What expiry deleted.", ["kind"], self.counts.expired)
        yield CounterMetricFamily(
            "e2etherapy_relay_faults", "Requests that met a fault.", value=self.counts.faults
        )
        yield _histogram("deposit_seconds", "Time to store one.", self.counts.deposit_seconds)
        yield _histogram("group_size", "Changes in one commit.", self.counts.group_sizes)
        for name, value in self.gauges.items():
            yield GaugeMetricFamily(f"e2etherapy_relay_{name}", GAUGES[name], value=value)


def _counter(name: str, meaning: str, labels: Sequence[str], counts: Mapping[Any, int]) -> Metric:
    family = CounterMetricFamily(f"e2etherapy_relay_{name}", meaning, labels=labels)
    for values, number in sorted(counts.items()):
        family.add_metric([values] if isinstance(values, str) else values, number)
    return family


def _histogram(name: str, meaning: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(
        f"e2etherapy_relay_{name}",
        meaning,
        buckets=list(histogram.cumulative()),
        sum_value=histogram.total,
    )


class MetricsPage:
    """What GET /metrics shows, made again once the last one is old enough."""

    def __init__(self, observed: Observed, seconds: float) -> None:
        self._observed = observed
        self._seconds = seconds
        self._text = b""
        self._due = 0.0
        self._making = asyncio.Lock()

    async def text(self) -> bytes:
        """Return the text in Prometheus' format."""
        async with self._making:
            now = asyncio.get_running_loop().time()
            if not self._text or now >= self._due:
                self._text = await self._make()
                self._due = now + self._seconds
        return self._text

    async def _make(self) -> bytes:
        seen = self._observed
        return generate_latest(_Families(seen.counts, seen.server.dropped, await self._gauges()))

    async def _gauges(self) -> dict[str, float]:
        relay, server, store = self._observed.relay, self._observed.server, self._observed.store
        return {
            "connections": server.open,
            "waits": relay.waiting.waits,
            "waited_mailboxes": relay.waiting.waited_mailboxes,
            "pending_changes": store.pending(),
            "ready": float(await relay.is_ready()),
            **await _stored(store),
            **dict(_of_this_process()),
        }


async def _stored(store: Store) -> dict[str, float]:
    """Return nothing while the database is away: `ready` says that it is."""
    try:
        space = await store.space()
    except StoreError:
        return {}
    return {"stored_envelopes": space.envelopes, "stored_bytes": space.stored}


def _of_this_process() -> Iterator[tuple[str, float]]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield "cpu_seconds", used.ru_utime + used.ru_stime
    own = Path("/proc/self")
    if own.exists():
        yield "resident_bytes", int((own / "statm").read_text().split()[1]) * _PAGE
        yield "open_files", len(os.listdir(own / "fd"))  # noqa: PTH208 - only counted


class MetricsListener:
    """Serves the page."""

    def __init__(self, page: MetricsPage, settings: MetricsSettings, log: RelayLog) -> None:
        self._page = page
        self._listen = settings.listen
        self._log = log

    async def start(self) -> web.ServerRunner:
        """Listen; cleaning up the runner ends it.

        Raises:
            InvalidListenAddress: it cannot listen there.
        """
        listener = bind(self._listen)
        server = RelayServer(self._answer, self._log, _LIMITS)
        runner = web.ServerRunner(server, shutdown_timeout=LAST_SECONDS)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        return runner

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if (request.method, request.rel_url.raw_path) != ("GET", "/metrics"):
            return problem_response(problems.refused())
        headers = {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        return web.Response(body=await self._page.text(), headers=headers)
