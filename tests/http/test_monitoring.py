"""``/health``, ``/metrics`` and the access log."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from hourhook.http.metrics import Metrics
from tests.conftest import Logged, MakeServer, Server
from tests.support.accounts import Account

TOKEN = "prometheus"


def value_of(server: Server, metric: str, **headers: str) -> float:
    for line in server.client.get("/metrics", **headers).body.decode().splitlines():
        if line.startswith(metric):
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"the metric {metric} is missing")


def test_a_working_server_is_healthy(server: Server) -> None:
    response = server.client.get("/health", User_Agent=None)

    assert response.status == 200
    assert response.json() == {"status": "ok"}


def test_a_failed_server_reports_the_reason(make_server: MakeServer) -> None:
    server = make_server({"failure": lambda: "the worker failed: see the log"})

    response = server.client.get("/health")

    assert response.status == 503
    assert response.json() == {"status": "unavailable", "message": "the worker failed: see the log"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_without_its_database_is_unhealthy(server: Server, database_url: str) -> None:
    name = urlsplit(database_url).path[1:]
    with psycopg.connect(database_url.replace(f"/{name}", "/postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        try:
            health = server.client.get("/health")
            metrics = server.client.get("/metrics")
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    assert health.status == 503
    assert "PostgreSQL cannot be reached: " in health.json()["message"]
    # The counters of the process itself are most useful in that situation.
    assert metrics.status == 200
    assert b"hourhook_requests_total" in metrics.body


def test_requests_are_counted_by_route_and_status(server: Server, account: Account) -> None:
    for id in (1, 2, 3):
        account.leader.client.get(f"/v2/projects/{id}")

    metric = 'hourhook_requests_total{method="GET",route="/v2/projects/{project_id}",status="404"}'
    assert value_of(server, metric) == 3


def test_events_and_waiting_deliveries_are_counted(server: Server, account: Account) -> None:
    before = value_of(server, "hourhook_events_total")

    account.leader.client.post("/v2/projects", {"name": "Relaunch"})

    assert value_of(server, "hourhook_events_total") == before + 1
    for metric in ("waiting_payloads", "due_lanes", "failing_lanes", "stalled_lanes", "delivery_lag_seconds"):
        assert value_of(server, f"hourhook_{metric}") == 0


@pytest.mark.parametrize(
    ("outcome", "label"), [(None, "delivered"), ("timeout", "timeout"), ("refused_address", "refused_address")]
)
def test_attempts_are_counted_by_outcome(make_server: MakeServer, outcome: str | None, label: str) -> None:
    class Result:
        duration_ms = 250
        error = outcome

    metrics = Metrics()
    server = make_server({"metrics": metrics})
    metrics.attempt_finished((1, 2), "payload", "entry.created", 1, Result())

    assert value_of(server, f'hourhook_attempt_duration_seconds_count{{outcome="{label}"}}') == 1
    assert value_of(server, f'hourhook_attempt_duration_seconds_sum{{outcome="{label}"}}') == 0.25


def test_broadcasts_are_counted_by_outcome(make_server: MakeServer) -> None:
    class Result:
        duration_ms = 250
        error: str | None = None

    metrics = Metrics()
    server = make_server({"metrics": metrics})
    accepted, failed = Result(), Result()
    failed.error = "timeout"
    for result in (accepted, failed, failed):
        metrics.broadcast_finished((1, 2), "timer.running", result)

    assert value_of(server, 'hourhook_broadcasts_total{outcome="delivered"}') == 1
    assert value_of(server, 'hourhook_broadcasts_total{outcome="timeout"}') == 2


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_metrics_are_readable_locally_but_not_through_a_local_proxy(server: Server, name: str) -> None:
    assert server.client.get("/metrics").status == 200
    assert server.client.get("/metrics", **{name: "127.0.0.1"}).status == 404


def test_metrics_can_be_read_from_anywhere_with_a_token(make_server: MakeServer) -> None:
    trusted = (ipaddress.ip_network("127.0.0.0/8"),)
    server = make_server(metrics_token=TOKEN, trusted_proxies=trusted)
    remote = {"X-Forwarded-For": "203.0.113.1"}

    assert server.client.get("/metrics", Authorization=f"Bearer {TOKEN}", **remote).status == 200
    assert server.client.get("/metrics", Authorization=f"bearer {TOKEN}", **remote).status == 200
    assert server.client.get("/metrics", Authorization="Bearer wrong", **remote).status == 404
    assert server.client.get("/metrics", Authorization=TOKEN, **remote).status == 404
    assert server.client.get("/metrics", **remote).status == 404


def test_metrics_are_readable_locally_even_with_a_wrong_credential(make_server: MakeServer) -> None:
    server = make_server(metrics_token=TOKEN)

    assert server.client.get("/metrics").status == 200
    assert server.client.get("/metrics", Authorization="Bearer wrong").status == 200


def lines(logged: Logged) -> list[Any]:
    return [event for event in logged if event["event"] == "request"]


def test_each_request_is_logged_in_one_line(account: Account, logged: Logged) -> None:
    response = account.leader.client.get("/v2/projects/99/", {"name": "secret"})

    [line] = lines(logged)
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/v2/projects/{project_id}",
        "path": "/v2/projects/99",
        "status": 404,
        "bytes": 0,
        "user": account.leader.id,
        "account": account.id,
        "client": "127.0.0.1",
        "request_id": response.headers["x-request-id"],
    }


def test_an_unauthenticated_request_is_logged_with_its_client_only(server: Server, logged: Logged) -> None:
    server.client.get("/v2/account", X_NokoToken="wrong")

    [line] = lines(logged)
    assert (line["status"], line["user"], line["account"], line["client"]) == (401, None, None, "127.0.0.1")


def test_a_long_path_is_truncated_in_the_log(server: Server, logged: Logged) -> None:
    response = server.client.send_raw(b"GET /v2/" + b"a" * 5000 + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")

    [line] = lines(logged)
    assert response.startswith(b"HTTP/1.1 400")
    assert len(line["path"]) <= 512
