"""Figures for Prometheus: requests as they are answered, attempts as they end, and what the database counts."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hourhook.domain.delivery_stats import DeliveryStats

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_VERBS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")

# Each figure would come with a second one that says since when it is counted.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Result(Protocol):
    """What came of an attempt, as far as figures go."""

    @property
    def duration_ms(self) -> int: ...

    @property
    def error(self) -> str | None: ...


class Metrics:
    """The figures of this process; the worker beside the API tells it of every attempt."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "hourhook_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._durations = Histogram(
            "hourhook_request_duration_seconds",
            "How long answers took, by route.",
            ("route",),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._attempts = Histogram(
            "hourhook_attempt_duration_seconds",
            "Attempts to deliver, by outcome: delivered, or the kind of failure.",
            ("outcome",),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._outcomes: dict[str, Histogram] = {}
        self._broadcasts = Counter(
            "hourhook_broadcasts",
            "Broadcasts, by outcome: delivered, or the kind of failure.",
            ("outcome",),
            registry=self._registry,
        )

    def request_finished(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        key = (method if method in _VERBS else "other", route, status)
        found = self._children.get(key)
        if found is None:
            # Looking a labelled figure up costs more than counting does.
            found = self._requests.labels(key[0], route, str(status)), self._durations.labels(route)
            self._children[key] = found
        found[0].inc()
        found[1].observe(seconds)

    def attempt_finished(
        self, key: tuple[int, int], payload_id: str, type: str, number: int, outcome: Result, /
    ) -> None:
        """An attempt came to its end (the worker's observer)."""
        kind = outcome.error or "delivered"
        found = self._outcomes.get(kind)
        if found is None:
            found = self._outcomes[kind] = self._attempts.labels(kind)
        found.observe(outcome.duration_ms / 1000)

    def broadcast_finished(self, key: tuple[int, int], last_event: str, outcome: Result, /) -> None:
        """A receiver of broadcasts was told, or was not to be reached (the flusher's listener)."""
        self._broadcasts.labels(outcome.error or "delivered").inc()

    def exposition(self, figures: DeliveryStats | None) -> bytes:
        """Everything, in the text format of Prometheus; ``figures`` are missing while the database is away."""
        if figures is None:
            return generate_latest(self._registry)
        counted = CollectorRegistry()
        counted.register(_Counted(figures))
        return generate_latest(self._registry) + generate_latest(counted)


class _Counted(Collector):
    """What the database counts, at the moment of asking."""

    def __init__(self, figures: DeliveryStats) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("hourhook_events", "Events ever recorded.", value=self._figures.events_total)
        for name, text in _GAUGES.items():
            yield GaugeMetricFamily(f"hourhook_{name}", text, value=getattr(self._figures, name))


_GAUGES = {
    "waiting_payloads": "Payloads of enabled webhooks that are to be sent and not accepted yet.",
    "due_lanes": "Webhooks whose next payload is due now.",
    "failing_lanes": "Webhooks whose next payload has failed at least once.",
    "stalled_lanes": "Webhooks that wait for a person.",
    "due_one_offs": "Pings and re-sends that are due now.",
    "delivery_lag_seconds": "How long the longest overdue payload has been waiting for a worker.",
}
