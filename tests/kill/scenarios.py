"""Kill one process of a deployment under load, again and again, and check every delivery guarantee afterwards."""

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import text

from bench.backlogs import open_account
from bench.tables import progress
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.urls import open_database
from tests.kill.changes import add_webhooks, generate_changes
from tests.kill.checks import CheckResult, check, read_log
from tests.kill.deployments import Deployment
from tests.kill.verifying_receivers import Arrival, VerifyingReceivers

WEBHOOKS = 20
CHANGES_PER_SECOND = 30
# Response times of the receivers, so that requests are always in flight.
DELAYS_MS = (0, 5, 15, 30)
RECOVERY_TIMEOUT_SECONDS = 90
STALL_TIMEOUT_SECONDS = 90
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class Scenario:
    """A deployment, and which of its processes is killed."""

    kind: str
    # Standalone workers; with none, the server delivers itself.
    workers_count: int
    # Whether the worker that delivers most at that time is killed, and not the server.
    kills_worker: bool = False
    # Kills the database instead, and returns once another has taken its place.
    fail_over: Callable[[], None] | None = None
    # Called once everything works again, before the next kill.
    restore: Callable[[], None] = lambda: None

    def __str__(self) -> str:
        if self.fail_over:
            return f"the primary, `serve` and {self.workers_count} workers"
        database = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[self.kind]
        if not self.workers_count:
            return f"`serve`, {database}"
        count = {3: "three"}.get(self.workers_count, str(self.workers_count))
        return (
            f"the busiest of {count} workers, {database}"
            if self.kills_worker
            else f"`serve` beside {count} workers, {database}"
        )


@dataclass(frozen=True)
class KillEvent:
    """The time of a kill, and when deliveries could be expected again (monotonic, nanoseconds)."""

    at: int
    ready_at: int


@dataclass
class ScenarioResult:
    """The result of a scenario."""

    scenario: Scenario
    kill_events: list[KillEvent]
    check_result: CheckResult
    # For each kill: seconds until the next delivery of any webhook, and until every webhook has delivered.
    first_seconds: list[float] = field(default_factory=list)
    last_seconds: list[float] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        """A description of each violated guarantee."""
        stuck = sum(math.isinf(seconds) for seconds in self.last_seconds)
        return [
            *self.check_result.violations,
            *[f"{stuck} kills after which a webhook never delivered again"] * bool(stuck),
        ]


def run_scenario(url: str, scenario: Scenario, kills: int, seconds: float) -> ScenarioResult:
    """Kill and restart ``kills`` times on an empty database, with up to ``seconds`` of load after each recovery."""
    rng = random.Random(kills)
    with VerifyingReceivers(DELAYS_MS) as receivers:
        database = open_database(url)
        token = open_account(database).token
        with Deployment(url, scenario.workers_count) as deployment:
            secrets = add_webhooks(deployment.port, token, receivers.uris, WEBHOOKS)
            receivers.set_secrets(secrets)
            kill_events = []
            has_outages = scenario.fail_over is not None
            with generate_changes(deployment.port, token, CHANGES_PER_SECOND, has_outages=has_outages) as results:
                _wait_for_all(receivers, time.monotonic_ns())
                for number in range(1, kills + 1):
                    progress(f"{scenario}: kill {number} of {kills}, {len(results.changes):,} changes so far")
                    time.sleep(rng.uniform(0, seconds))
                    kill_events.append(_kill(deployment, scenario))
                    _wait_for_all(receivers, kill_events[-1].ready_at)
                    scenario.restore()
            progress(f"{scenario}: waiting until everything is delivered")
            wait_until_delivered(database)
        log = read_log(database)
        arrivals = receivers.fetch_arrivals()
        database.close()
    check_result = check(log, results, arrivals, [*secrets], [kill_event.at for kill_event in kill_events])
    result = ScenarioResult(scenario, kill_events, check_result)
    for kill_event in kill_events:
        waits = [*_waits(arrivals, kill_event, [*secrets])]
        result.first_seconds.append(min(waits))
        result.last_seconds.append(max(waits))
    progress("")
    return result


def _kill(deployment: Deployment, scenario: Scenario) -> KillEvent:
    if scenario.fail_over:
        at = time.monotonic_ns()
        scenario.fail_over()
        return KillEvent(at, time.monotonic_ns())
    victim = deployment.busiest_worker() if scenario.kills_worker else "serve"
    at = deployment.kill(victim)
    deployment.start(victim)
    # Without the server there are no changes, and without standalone workers no deliveries, until it is healthy again.
    ready_at = at if scenario.kills_worker else deployment.wait_until_healthy()
    return KillEvent(at, ready_at)


def _wait_for_all(receivers: VerifyingReceivers, ready_at: int) -> None:
    """Wait until every webhook has delivered after ``ready_at``; one that never does becomes a violation."""
    deadline = time.monotonic() + RECOVERY_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        latest = receivers.latest()
        if len(latest) == WEBHOOKS and min(latest.values()) > ready_at:
            return
        time.sleep(_PAUSE_SECONDS)


def wait_until_delivered(database: Database) -> None:
    """Wait until all payloads are delivered, or none has been for ``STALL_TIMEOUT_SECONDS``."""
    waiting, last_delivery_at = -1, time.monotonic()
    while waiting and time.monotonic() < last_delivery_at + STALL_TIMEOUT_SECONDS:
        before, waiting = waiting, database.read_now(lambda tx: int(tx.value(_WAITING)))
        if waiting != before:
            last_delivery_at = time.monotonic()
        time.sleep(_PAUSE_SECONDS)


def _waits(arrivals: list[Arrival], kill_event: KillEvent, webhook_ids: list[int]) -> Iterator[float]:
    """Yield the seconds that each webhook waited for its next delivery."""
    next_at: dict[int, int] = {}
    for arrival in arrivals:
        if arrival.at > kill_event.ready_at:
            next_at.setdefault(arrival.webhook_id, arrival.at)
    for webhook_id in webhook_ids:
        at = next_at.get(webhook_id)
        yield (at - kill_event.ready_at) / 1e9 if at else float("inf")


_WAITING = Statement(text("SELECT coalesce(sum(last_sequence - head_sequence + 1), 0) FROM lanes"))
