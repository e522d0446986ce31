"""PostgreSQL that freezes, or loses connections during a commit: what requests are told, and what the log says."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from hourhook.clock import SystemClock
from hourhook.http import monitoring
from hourhook.settings import DatabaseLimits
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from tests.conftest import Logged
from tests.support.accounts import Account
from tests.support.database_proxies import DatabaseProxy

LIMITS = DatabaseLimits(connect_seconds=0.3, statement_seconds=0.3, queue_seconds=0.5)


@pytest.fixture
def database(database_proxy: DatabaseProxy) -> Iterator[Database]:
    opened = PostgresDatabase(database_proxy.url, SystemClock(), LIMITS)
    yield opened
    opened.close()


def reasons(logged: Logged) -> list[Any]:
    return [event["reason"] for event in logged if event["event"] == "request" and event["status"] == 503]


def test_a_frozen_database_is_answered_for_within_seconds(
    account: Account, database_proxy: DatabaseProxy, logged: Logged
) -> None:
    client = account.leader.client
    database_proxy.swallows_all = True

    started_at = time.monotonic()
    health = client.get("/health")
    health_seconds = time.monotonic() - started_at
    response = client.get("/v2/tags")

    assert (health.status, health_seconds < 2) == (503, True)
    assert "does not answer" in health.json()["message"]
    assert (response.status, response.headers["retry-after"]) == (503, "1")
    assert response.json() == {"message": "The database is not available at the moment: PostgreSQL does not answer"}
    assert [("does not answer" in reason) for reason in reasons(logged)] == [True, True]

    database_proxy.swallows_all = False
    assert client.get("/v2/tags").status == 200


def test_the_metrics_of_the_process_do_not_wait_for_a_frozen_database(
    account: Account, database_proxy: DatabaseProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitoring, "COLLECT_SECONDS", 0.1)
    database_proxy.swallows_all = True

    started_at = time.monotonic()
    metrics = account.leader.client.get("/metrics")
    database_proxy.swallows_all = False

    assert (metrics.status, time.monotonic() - started_at < 2) == (200, True)
    assert b"hourhook_requests_total" in metrics.body
    assert b"hourhook_due_lanes" not in metrics.body


def test_an_unknown_commit_is_answered_without_retry_after(
    account: Account, database_proxy: DatabaseProxy, logged: Logged
) -> None:
    # The first commit is that of the authentication.
    database_proxy.break_commit("pending", after=1)
    response = account.leader.client.post("/v2/tags", {"names": ["lighthouse"]})

    assert (response.status, response.headers.get("retry-after")) == (503, None)
    assert "unknown whether the change was kept" in response.json()["message"]
    assert [("unknown whether" in reason) for reason in reasons(logged)] == [True]


def test_a_commit_with_a_lost_answer_is_answered_as_a_success(account: Account, database_proxy: DatabaseProxy) -> None:
    client = account.leader.client
    database_proxy.break_commit("unanswered", after=1)
    assert client.post("/v2/tags", {"names": ["lighthouse"]}).status == 201
    assert database_proxy.has_broken_commit
    assert [tag["name"] for tag in client.get("/v2/tags").json()] == ["lighthouse"]
