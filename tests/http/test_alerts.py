"""Every alert that ``docs/operating/monitoring.md`` names fires in the state that it is meant for, and not before."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hourhook.clock import DAY, SECOND
from hourhook.delivery import one_offs
from hourhook.http.asgi import Receive, Scope, Send
from hourhook.settings import RateLimit
from tests.conftest import MakeServer, Server
from tests.support.backlogs import Backlog, make_backlog
from tests.support.clocks import FakeClock

PAGE = Path(__file__).parents[2] / "docs" / "operating" / "monitoring.md"
HEALTH = "`/health` is not 200"
EXPRESSION = re.compile(r"`(increase\()?(\w+)(\{[^}]*\})?(?:\[\w+\]\))? > (\d+)`")


def conditions() -> list[str]:
    """Return the conditions of the table of alerts."""
    table = PAGE.read_text().split("## Alerts")[1].split("\n## ")[0]
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| `")]


def samples(server: Server) -> dict[str, float]:
    lines = server.client.get("/metrics").body.decode().splitlines()
    return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


class Alert:
    """A condition on the metrics of a server; ``increase`` is counted from the time this was made."""

    def __init__(self, condition: str, server: Server) -> None:
        found = EXPRESSION.fullmatch(condition)
        assert found is not None, f"{condition} is not an expression that this test understands"
        self._is_increase, self._metric, labels, self._threshold = found[1], found[2], found[3] or "{}", float(found[4])
        self._labels = [label for label in labels.strip("{}").split(",") if label]
        self._server = server
        self._before = self._value() if self._is_increase else 0

    def fires(self) -> bool:
        return self._value() - self._before > self._threshold

    def _value(self) -> float:
        found = [
            value
            for series, value in samples(self._server).items()
            if series.partition("{")[0] == self._metric and all(label in series for label in self._labels)
        ]
        assert found or self._labels, f"there is no metric {self._metric}"
        return sum(found)


def no_worker_runs(backlog: Backlog, clock: FakeClock, _: Server) -> None:
    backlog.record("tag.created")
    clock.advance(31)


def a_clock_was_ahead(backlog: Backlog, clock: FakeClock, _: Server) -> None:
    clock.advance(DAY / SECOND)
    backlog.record("tag.created")
    backlog.control(one_offs.ping)
    clock.advance(-DAY / SECOND)


def events_are_recorded_by_a_clock_set_back(backlog: Backlog, clock: FakeClock, server: Server) -> None:
    a_clock_was_ahead(backlog, clock, server)
    backlog.record("tag.updated")


def a_lane_stalls(backlog: Backlog, _: FakeClock, __: Server) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=None)


def a_lane_fails(backlog: Backlog, _: FakeClock, __: Server) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=60)


def a_request_fails(_: Backlog, __: FakeClock, server: Server) -> None:
    assert server.client.get("/defect").status == 500


def a_client_sends_too_many_requests(_: Backlog, __: FakeClock, server: Server) -> None:
    assert 429 in [server.client.get("/v2/account").status for _ in range(30)]


SCENARIOS: dict[str, Callable[[Backlog, FakeClock, Server], None]] = {
    "hourhook_delivery_lag_seconds": no_worker_runs,
    "hourhook_misdated_lanes": a_clock_was_ahead,
    "hourhook_clock_behind_seconds": a_clock_was_ahead,
    "hourhook_held_event_times_total": events_are_recorded_by_a_clock_set_back,
    "hourhook_stalled_lanes": a_lane_stalls,
    "hourhook_failing_lanes": a_lane_fails,
    'hourhook_requests_total{status="500"}': a_request_fails,
    'hourhook_requests_total{status="429"}': a_client_sends_too_many_requests,
}


async def defect(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("a defect")


@pytest.mark.parametrize("condition", [condition for condition in conditions() if condition != HEALTH])
def test_an_alert_fires_in_the_state_it_is_meant_for(condition: str, make_server: MakeServer, clock: FakeClock) -> None:
    server = make_server({"extra_routes": {"/defect": defect}}, rate_limit=RateLimit(20, 20))
    alert = Alert(condition, server)
    [provoke] = [scenario for series, scenario in SCENARIOS.items() if series in condition]
    assert not alert.fires()

    provoke(make_backlog(server.database), clock, server)

    assert alert.fires()


def test_the_health_alert_fires_when_the_worker_has_failed(make_server: MakeServer) -> None:
    assert HEALTH in conditions()
    failures: list[str] = []
    server = make_server({"failure": lambda: failures[0] if failures else None})
    assert server.client.get("/health").status == 200

    failures.append("the worker failed: see the log")

    assert server.client.get("/health").status == 503
