"""`/metrics` for Prometheus: how long searches take and where, how much waits, which spaces are closed.

By prometheus-client 0.26 (Apache-2.0, 2026), the Prometheus project's own.
"""

from collections import Counter as Counts
from collections.abc import Iterator, Mapping

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from mmsearch.app import App
from mmsearch.errors import MMSearchError
from mmsearch.protocols import BatchesQueries
from mmsearch.server.admission import Admission
from mmsearch.types import Ranking

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
SIZES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """What a server counts."""

    def __init__(self, app: App, admission: Admission) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "mmsearch_search_seconds",
            'Seconds of a search by stage, and by space where it has one; the stage "total" is the whole.',
            ("stage", "space"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._queries = Counter("mmsearch_queries", "Searches by kind of query.", ("kind",), registry=self.registry)
        self._empty = Counter("mmsearch_no_good_match", "Searches without a good match.", registry=self.registry)
        self._errors = Counter("mmsearch_errors", "Requests answered by an error.", ("code",), registry=self.registry)
        self.registry.register(_State(app, admission))

    def searched(self, ranking: Ranking) -> None:
        """Count a search."""
        self._queries.labels(ranking.query.kind).inc()
        if ranking.no_good_match:
            self._empty.inc()
        for name, took_ms in ranking.took_ms.items():
            stage, _, space = name.partition(" ")
            self._seconds.labels(stage, space).observe(took_ms / 1000)

    def failed(self, error: MMSearchError) -> None:
        """Count a request that ended so."""
        self._errors.labels(error.code).inc()

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)


class _State(Collector):
    """What is so now, and what others count."""

    def __init__(self, app: App, admission: Admission) -> None:
        self._app, self._admission = app, admission

    def collect(self) -> Iterator[Metric]:
        """Metrics as Prometheus asks for them."""
        searches = GaugeMetricFamily("mmsearch_searches", "Searches that run or wait for a place.", labels=["state"])
        searches.add_metric(["running"], self._admission.running)
        searches.add_metric(["waiting"], self._admission.waiting)
        yield searches
        jobs = GaugeMetricFamily("mmsearch_jobs", "Submitted jobs that are not over.")
        jobs.add_metric([], self._app.queue.waiting)
        yield jobs
        searcher = self._app.searcher
        spaces = GaugeMetricFamily("mmsearch_space_closed", "1 for a space that cannot be asked.", labels=["space"])
        for name in (*searcher.spaces, *searcher.closed):
            spaces.add_metric([name], name in searcher.closed)
        yield spaces
        sizes = HistogramMetricFamily(
            "mmsearch_query_batch_size", "Queries that a space's model encoded together.", labels=["space"]
        )
        for name, opened in searcher.spaces.items():
            if isinstance(opened.encoder, BatchesQueries):
                buckets, total = _buckets(opened.encoder.query_batches)
                sizes.add_metric([name], buckets, total)
        yield sizes


def _buckets(batches: Mapping[int, int]) -> tuple[list[tuple[str, float]], float]:
    """How many batches there were up to each size, as Prometheus wants them, and how many queries in all."""
    counts = Counts(batches)
    upto = [(str(float(most)), sum(n for size, n in counts.items() if size <= most)) for most in SIZES]
    return [*upto, ("+Inf", counts.total())], sum(size * n for size, n in counts.items())


def metric_routes(metrics: Metrics) -> APIRouter:
    """The route of the metrics."""
    routes = APIRouter(tags=["state"])

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
        summary="What the server counts, for Prometheus",
    )
    def read() -> Response:
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return routes
