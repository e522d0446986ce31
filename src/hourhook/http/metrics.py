"""Prometheus metrics of requests, delivery attempts and broadcasts, and statistics of the database."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hourhook import logs
from hourhook.domain.delivery_stats import DeliveryStats

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_VERBS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")

# Each metric would be accompanied by another with the time of its creation.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Result(Protocol):
    """The part of an attempt's outcome that is counted."""

    @property
    def duration_ms(self) -> int: ...

    @property
    def error(self) -> str | None: ...


class Metrics:
    """The metrics of this process. It observes the attempts of a worker in the same process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "hourhook_requests",
            "Requests handled.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._durations = Histogram(
            "hourhook_request_duration_seconds",
            "Response times by route.",
            ("route",),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._attempts = Histogram(
            "hourhook_attempt_duration_seconds",
            "Delivery attempts by outcome: delivered, or the kind of failure.",
            ("outcome",),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._outcomes: dict[str, Histogram] = {}
        self._broadcasts = Counter(
            "hourhook_broadcasts",
            "Broadcasts by outcome: delivered, or the kind of failure.",
            ("outcome",),
            registry=self._registry,
        )
        self._registry.register(_DroppedLogLines())

    def request_finished(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method if method in _VERBS else "other", route, status)
        found = self._children.get(key)
        if found is None:
            # Looking up a labelled metric costs more than incrementing it.
            found = self._requests.labels(key[0], route, str(status)), self._durations.labels(route)
            self._children[key] = found
        found[0].inc()
        found[1].observe(seconds)

    def attempt_finished(
        self, key: tuple[int, int], payload_id: str, type: str, number: int, outcome: Result, payloads_count: int = 1, /
    ) -> None:
        """Count an attempt, one for a batch; the worker calls this as its observer."""
        kind = outcome.error or "delivered"
        found = self._outcomes.get(kind)
        if found is None:
            found = self._outcomes[kind] = self._attempts.labels(kind)
        found.observe(outcome.duration_ms / 1000)

    def broadcast_finished(self, key: tuple[int, int], last_event: str, outcome: Result, /) -> None:
        """Count a broadcast; the broadcaster calls this as its observer."""
        self._broadcasts.labels(outcome.error or "delivered").inc()

    def exposition(self, figures: DeliveryStats | None, held_event_times: int = 0) -> bytes:
        """Return all metrics in the text format of Prometheus; ``figures`` are None while the database is away.

        ``held_event_times`` is how many events of this process were dated by the latest event, and not by the clock.
        """
        counted = CollectorRegistry()
        counted.register(_HeldEventTimes(held_event_times))
        if figures is not None:
            counted.register(_Counted(figures))
        return generate_latest(self._registry) + generate_latest(counted)


class _DroppedLogLines(Collector):
    """Counts the lines of the log that this process could not write."""

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "hourhook_log_lines_dropped", "Log lines that could not be written.", value=logs.dropped_lines_count()
        )


class _HeldEventTimes(Collector):
    """Counts the events whose time stood still."""

    def __init__(self, total: int) -> None:
        self._total = total

    def collect(self) -> Iterator[Metric]:
        text = "Events whose time stood still because the clock was behind the latest event."
        yield CounterMetricFamily("hourhook_held_event_times", text, value=self._total)


class _Counted(Collector):
    """Statistics of the database at the time of the request."""

    def __init__(self, figures: DeliveryStats) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("hourhook_events", "Events ever recorded.", value=self._figures.events_total)
        for name, text in _GAUGES.items():
            yield GaugeMetricFamily(f"hourhook_{name}", text, value=getattr(self._figures, name))


_GAUGES = {
    "waiting_payloads": "Payloads of enabled webhooks that are not delivered yet.",
    "due_lanes": "Webhooks whose next payload is due now.",
    "failing_lanes": "Webhooks whose next payload has failed at least once.",
    "stalled_lanes": "Webhooks that are stalled and wait for manual action.",
    "due_one_offs": "Pings, test events and redeliveries that are due now.",
    "misdated_lanes": "Webhooks that do not fail and are due in the future, because a clock was ahead.",
    "clock_behind_seconds": "How far the clock is behind the latest event.",
    "delivery_lag_seconds": "How long the most overdue payload has been waiting for a worker.",
}
