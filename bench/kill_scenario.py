"""A scenario: an installation under load, one of its processes killed again and again, and what came of it."""

import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import text

from bench.backlogs import open_account
from bench.changes import add_webhooks, changing
from bench.checks import Verdict, judge, read_log
from bench.databases import Databases
from bench.installations import Installation
from bench.tables import progress
from bench.verifying_receivers import Arrival, Witnesses
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.urls import open_database

WEBHOOKS = 20
CHANGES_A_SECOND = 30
# How long the receivers take to answer, so that there is always something on the wire.
DELAYS_MS = (0, 5, 15, 30)
RECOVERY_PATIENCE_SECONDS = 90
STANDSTILL_SECONDS = 90
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class Scenario:
    """Which process is killed, of what."""

    kind: str
    # Workers beside the server; with none the server delivers itself.
    workers_count: int
    # Whether it is the one of those that delivers most then; the server otherwise.
    is_worker: bool = False

    def __str__(self) -> str:
        """How a table names it."""
        database = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[self.kind]
        if not self.workers_count:
            return f"`serve`, {database}"
        count = {3: "three"}.get(self.workers_count, str(self.workers_count))
        return (
            f"the busiest of {count} workers, {database}"
            if self.is_worker
            else f"`serve` beside {count} workers, {database}"
        )


@dataclass(frozen=True)
class Killing:
    """One kill: when, and when deliveries could be expected again (monotonic, nanoseconds)."""

    at: int
    since: int


@dataclass
class Found:
    """What was found in a scenario."""

    scenario: Scenario
    killings: list[Killing]
    verdict: Verdict
    # Of each kill, seconds until the next delivery of any webhook, and until that of the last of them.
    first_seconds: list[float] = field(default_factory=list)
    last_seconds: list[float] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """The promises that were not kept."""
        stuck = sum(math.isinf(seconds) for seconds in self.last_seconds)
        return [*self.verdict.broken, *[f"{stuck} kills after which a webhook never delivered again"] * bool(stuck)]


def run_scenario(databases: Databases, scenario: Scenario, kills: int, seconds: float) -> Found:
    """Kill and start anew ``kills`` times, with up to ``seconds`` of undisturbed load after each recovery."""
    rng = random.Random(kills)
    with databases.fresh(scenario.kind) as url, Witnesses(DELAYS_MS) as witnesses:
        database = open_database(url)
        token = open_account(database).token
        with Installation(url, scenario.workers_count) as installation:
            secrets = add_webhooks(installation.port, token, witnesses.uris, WEBHOOKS)
            witnesses.trust(secrets)
            killings = []
            with changing(installation.port, token, CHANGES_A_SECOND) as answers:
                _wait_for_all(witnesses, time.monotonic_ns())
                for number in range(1, kills + 1):
                    progress(f"{scenario}: kill {number} of {kills}, {len(answers.changes):,} changes so far")
                    time.sleep(rng.uniform(0, seconds))
                    victim = installation.busiest_worker() if scenario.is_worker else "serve"
                    killings.append(_kill(installation, victim, scenario))
                    _wait_for_all(witnesses, killings[-1].since)
            progress(f"{scenario}: waiting until everything is delivered")
            _wait_until_delivered(database)
        log = read_log(database)
        arrivals = witnesses.take()
        database.close()
    verdict = judge(log, answers, arrivals, [*secrets], [killing.at for killing in killings])
    found = Found(scenario, killings, verdict)
    for killing in killings:
        waits = [*_waits(arrivals, killing, [*secrets])]
        found.first_seconds.append(min(waits))
        found.last_seconds.append(max(waits))
    progress("")
    return found


def _kill(installation: Installation, victim: str, scenario: Scenario) -> Killing:
    at = installation.kill(victim)
    installation.start(victim)
    # Where the server is killed nothing new happens, and without workers nothing is sent, until it serves again.
    since = at if scenario.is_worker else installation.wait_until_healthy()
    return Killing(at, since)


def _wait_for_all(witnesses: Witnesses, since: int) -> None:
    """Wait until every webhook has delivered something after a moment; what never does is found in the end."""
    patience_ends_at = time.monotonic() + RECOVERY_PATIENCE_SECONDS
    while time.monotonic() < patience_ends_at:
        latest = witnesses.latest()
        if len(latest) == WEBHOOKS and min(latest.values()) > since:
            return
        time.sleep(_PAUSE_SECONDS)


def _wait_until_delivered(database: Database) -> None:
    """Wait until nothing waits any more, or nothing has moved for long."""
    waiting, moved_at = -1, time.monotonic()
    while waiting and time.monotonic() < moved_at + STANDSTILL_SECONDS:
        before, waiting = waiting, database.read_now(lambda tx: int(tx.value(_WAITING)))
        if waiting != before:
            moved_at = time.monotonic()
        time.sleep(_PAUSE_SECONDS)


def _waits(arrivals: list[Arrival], killing: Killing, webhook_ids: list[int]) -> Iterator[float]:
    """How long each webhook waited for its next delivery, in seconds."""
    next_at: dict[int, int] = {}
    for arrival in arrivals:
        if arrival.at > killing.since:
            next_at.setdefault(arrival.webhook_id, arrival.at)
    for webhook_id in webhook_ids:
        at = next_at.get(webhook_id)
        yield (at - killing.since) / 1e9 if at else float("inf")


_WAITING = Statement(text("SELECT coalesce(sum(last_sequence - head_sequence + 1), 0) FROM lanes"))
