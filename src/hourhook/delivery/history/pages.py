"""The delivery log of a webhook, page by page: its payloads, merged with its errands, newest first.

The number of statements is fixed, and what they read grows with the page and not with what waits; only a choice by
type has to look at the payloads one by one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from hourhook.clock import SECOND
from hourhook.delivery.history.entries import LoggedPayload, count_errands, read_errands, read_payloads
from hourhook.delivery.history.sequences import STATES, clip, cut, find_lane, find_skipped, first_since, runs_of
from hourhook.store.rows import as_rows, rows_sql
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

# How far beyond a page payloads of certain types are counted: to count all that wait would mean to read them all.
AHEAD = 5000
_END_OF_TIME = 2**62


@dataclass(frozen=True, slots=True)
class Choice:
    """Which lines are asked for; the moments are those of creation, both included. None means any."""

    states: Collection[str] | None = None
    types: Collection[str] | None = None
    from_moment: int | None = None
    to_moment: int | None = None


def read_page(
    tx: Transaction, account_id: int, webhook_id: int, choice: Choice, *, offset: int, limit: int
) -> tuple[list[LoggedPayload], int]:
    """Up to ``limit`` lines of the log from ``offset`` on, and how many there are.

    Where types are asked for, there may be more of them, once ``AHEAD`` follow.
    """
    lane = find_lane(tx, account_id, webhook_id)
    runs = _find_payloads(tx, lane, choice, offset + limit + AHEAD)
    of_errands = _errand_parameters(lane, choice)
    errands_count = count_errands(tx, of_errands)
    # Of what comes before the page, at least so many are payloads; the rest is sorted out here.
    start = max(0, offset - errands_count)
    lines = read_payloads(tx, lane, cut(runs, start, offset + limit - start))
    if errands_count:
        lines += read_errands(tx, of_errands, limit=offset + limit)
    lines.sort(key=lambda line: line.age, reverse=True)
    page = lines[offset - start : offset - start + limit]
    return [line.logged for line in page], sum(map(len, runs)) + errands_count


def _find_payloads(tx: Transaction, lane: Row, choice: Choice, limit: int) -> Sequence[Sequence[int]]:
    """The sequences of the payloads that are asked for, newest first; of certain types at most ``limit``."""
    states = STATES if choice.states is None else choice.states
    skipped: list[int] = []
    if ("skipped" in states) != ("delivered" in states):
        skipped = find_skipped(tx, lane, lane.first_sequence, lane.last_sequence)
    runs = runs_of(lane, states, skipped)
    if choice.from_moment is not None:
        runs = clip(runs, first_since(tx, lane, choice.from_moment), lane.last_sequence)
    if choice.to_moment is not None:
        # Moments of events are whole seconds.
        runs = clip(runs, lane.first_sequence, first_since(tx, lane, choice.to_moment + SECOND) - 1)
    if choice.types is None or not runs:
        return runs
    found = tx.all(
        _OF_TYPES,
        account=lane.account_id,
        webhook=lane.webhook_id,
        low=runs[-1][-1],
        high=runs[0][0],
        runs=as_rows([(run[-1], run[0]) for run in runs]),
        types=[*choice.types],
        limit=limit,
    )
    return [[row.sequence for row in found]]


def _errand_parameters(lane: Row, choice: Choice) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "account": lane.account_id,
        "webhook": lane.webhook_id,
        "low": choice.from_moment or 0,
        "high": _END_OF_TIME if choice.to_moment is None else choice.to_moment,
    }
    if choice.states is not None:
        parameters["states"] = [*choice.states]
    if choice.types is not None:
        parameters["types"] = [*choice.types]
    return parameters


def _of_types(dialect: str) -> str:
    types = "= ANY(CAST(:types AS TEXT[]))" if dialect == "postgresql" else "IN (SELECT value FROM json_each(:types))"
    return f"""
    WITH runs AS MATERIALIZED ({rows_sql(dialect, "runs", low="BIGINT", high="BIGINT")})
    SELECT p.sequence
    FROM payloads AS p
    WHERE p.account_id = :account AND p.webhook_id = :webhook AND p.sequence BETWEEN :low AND :high
        AND p.type {types}
        AND EXISTS (SELECT 1 FROM runs AS r WHERE p.sequence BETWEEN r.low AND r.high)
    ORDER BY p.sequence DESC
    LIMIT :limit
    """


_OF_TYPES = Statement(text(_of_types("sqlite")), text(_of_types("postgresql")))
