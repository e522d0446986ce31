"""The delivery log of a webhook, page by page: its payloads, merged with its errands, newest first.

The number of statements is fixed, and what they read grows with the page and not with what waits; only a choice by
type has to look at the payloads one by one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from hourhook.clock import SECOND
from hourhook.delivery.history.entries import LoggedPayload, count_one_offs, read_one_off_entries, read_payload_entries
from hourhook.delivery.history.sequences import (
    STATES,
    clip_runs,
    find_first_since,
    find_lane,
    find_runs,
    find_skipped,
    slice_runs,
)
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

# How far beyond a page payloads of certain types are counted: to count all that wait would mean to read them all.
COUNT_AHEAD = 5000
_END_OF_TIME = 2**62


@dataclass(frozen=True, slots=True)
class PayloadFilter:
    """Which lines are asked for; the moments are those of creation, both included. None means any."""

    states: Collection[str] | None = None
    types: Collection[str] | None = None
    created_from: int | None = None
    created_to: int | None = None


def read_page(
    tx: Transaction, account_id: int, webhook_id: int, choice: PayloadFilter, *, offset: int, limit: int
) -> tuple[list[LoggedPayload], int]:
    """Up to ``limit`` lines of the log from ``offset`` on, and how many there are.

    Where types are asked for, there may be more of them, once ``COUNT_AHEAD`` follow.
    """
    lane = find_lane(tx, account_id, webhook_id)
    runs = _find_payloads(tx, lane, choice, offset + limit + COUNT_AHEAD)
    one_off_parameters = _one_off_parameters(lane, choice)
    one_offs_count = count_one_offs(tx, one_off_parameters)
    # Of what comes before the page, at least so many are payloads; the rest is sorted out here.
    start = max(0, offset - one_offs_count)
    lines = read_payload_entries(tx, lane, slice_runs(runs, start, offset + limit - start))
    if one_offs_count:
        lines += read_one_off_entries(tx, one_off_parameters, limit=offset + limit)
    lines.sort(key=lambda line: line.sort_key, reverse=True)
    page = lines[offset - start : offset - start + limit]
    return [line.logged for line in page], sum(map(len, runs)) + one_offs_count


def _find_payloads(tx: Transaction, lane: Row, choice: PayloadFilter, limit: int) -> Sequence[Sequence[int]]:
    """The sequences of the payloads that are asked for, newest first; of certain types at most ``limit``."""
    states = STATES if choice.states is None else choice.states
    skipped: list[int] = []
    if ("skipped" in states) != ("delivered" in states):
        skipped = find_skipped(tx, lane, lane.first_sequence, lane.last_sequence)
    runs = find_runs(lane, states, skipped)
    if choice.created_from is not None:
        runs = clip_runs(runs, find_first_since(tx, lane, choice.created_from), lane.last_sequence)
    if choice.created_to is not None:
        # Moments of events are whole seconds.
        runs = clip_runs(runs, lane.first_sequence, find_first_since(tx, lane, choice.created_to + SECOND) - 1)
    if choice.types is None or not runs:
        return runs
    found = tx.all(
        _OF_TYPES,
        account=lane.account_id,
        webhook=lane.webhook_id,
        low=runs[-1][-1],
        high=runs[0][0],
        runs=encode_rows([(run[-1], run[0]) for run in runs]),
        types=[*choice.types],
        limit=limit,
    )
    return [[row.sequence for row in found]]


def _one_off_parameters(lane: Row, choice: PayloadFilter) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "account": lane.account_id,
        "webhook": lane.webhook_id,
        "low": choice.created_from or 0,
        "high": _END_OF_TIME if choice.created_to is None else choice.created_to,
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
