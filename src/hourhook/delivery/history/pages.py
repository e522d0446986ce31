"""Pages of the delivery log of a webhook: its payloads, merged with its one-off deliveries, newest first.

The number of statements is constant, and what they read grows with the page, not with the backlog. Only a filter by
type or by answer has to read payloads one by one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
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

# How far beyond a page payloads of certain types or answers are counted: all of them would be the whole backlog.
COUNT_AHEAD = 5000
_END_OF_TIME = 2**62
# The first status with which a receiver accepts a payload.
_ACCEPTED = 200


@dataclass(frozen=True, slots=True)
class PayloadFilter:
    """Filters of the log; creation times are inclusive. None means no filter."""

    states: Collection[str] | None = None
    types: Collection[str] | None = None
    created_from: int | None = None
    created_to: int | None = None
    # An attempt was answered with a status from this hundred on, such as 400; 0: it got no answer.
    answer: int | None = None


def read_page(
    tx: Transaction, account_id: int, webhook_id: int, filter: PayloadFilter, *, offset: int, limit: int
) -> tuple[list[LoggedPayload], int]:
    """Return up to ``limit`` entries from ``offset`` on, and the total.

    With a filter by type or answer, the total is a lower bound once ``COUNT_AHEAD`` more entries follow.
    """
    return read_lane_page(tx, find_lane(tx, account_id, webhook_id), filter, offset=offset, limit=limit)


def read_lane_page(
    tx: Transaction,
    lane: Row,
    filter: PayloadFilter,
    *,
    offset: int,
    limit: int,
    skipped: Sequence[int] | None = None,
    with_objects: bool = False,
) -> tuple[list[LoggedPayload], int]:
    """Return a page of the log of a lane that has been read, as ``read_page`` does.

    ``skipped`` are all skipped payloads of the lane, ascending, if they are known already.
    """
    runs = _find_payloads(tx, lane, filter, offset + limit + COUNT_AHEAD, skipped)
    one_off_parameters = _one_off_parameters(lane, filter)
    one_offs_count = count_one_offs(tx, one_off_parameters)
    # At least this many entries before the page are payloads; the rest is sorted here.
    start = max(0, offset - one_offs_count)
    sequences = slice_runs(runs, start, offset + limit - start)
    entries = read_payload_entries(tx, lane, sequences, skipped=skipped, with_objects=with_objects)
    if one_offs_count:
        entries += read_one_off_entries(tx, one_off_parameters, limit=offset + limit)
    entries.sort(key=lambda line: line.sort_key, reverse=True)
    page = entries[offset - start : offset - start + limit]
    return [line.logged for line in page], sum(map(len, runs)) + one_offs_count


def _find_payloads(
    tx: Transaction, lane: Row, filter: PayloadFilter, limit: int, skipped: Sequence[int] | None
) -> Sequence[Sequence[int]]:
    """Return the sequences of the matching payloads, newest first; by type or answer at most ``limit``."""
    states = STATES if filter.states is None else filter.states
    if skipped is None and ("skipped" in states) != ("delivered" in states):
        skipped = find_skipped(tx, lane, lane.first_sequence, lane.last_sequence)
    runs = find_runs(lane, states, skipped or ())
    if filter.created_from is not None:
        runs = clip_runs(runs, find_first_since(tx, lane, filter.created_from), lane.last_sequence)
    if filter.created_to is not None:
        # Event times are whole seconds.
        runs = clip_runs(runs, lane.first_sequence, find_first_since(tx, lane, filter.created_to + SECOND) - 1)
    if (filter.types is None and filter.answer is None) or not runs:
        return runs
    parameters: dict[str, Any] = {}
    if filter.types is not None:
        parameters["types"] = [*filter.types]
    if filter.answer is not None:
        parameters["answer"] = filter.answer
    answers = "any" if filter.answer is None else "accepted" if filter.answer == _ACCEPTED else "refused"
    found = tx.all(
        _matching(filter.types is not None, answers),
        account=lane.account_id,
        webhook=lane.webhook_id,
        low=runs[-1][-1],
        high=runs[0][0],
        runs=encode_rows([(run[-1], run[0]) for run in runs]),
        limit=limit,
        **parameters,
    )
    return [[row.sequence for row in found]]


def _one_off_parameters(lane: Row, filter: PayloadFilter) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "account": lane.account_id,
        "webhook": lane.webhook_id,
        "low": filter.created_from or 0,
        "high": _END_OF_TIME if filter.created_to is None else filter.created_to,
    }
    if filter.states is not None:
        parameters["states"] = [*filter.states]
    if filter.types is not None:
        parameters["types"] = [*filter.types]
    if filter.answer is not None:
        parameters["answer"] = filter.answer
    return parameters


@cache
def _matching(by_type: bool, answers: str) -> Statement:
    texts = (text(_matching_sql(dialect, by_type, answers)) for dialect in ("sqlite", "postgresql"))
    return Statement(*texts, replan=True)


def _matching_sql(dialect: str, by_type: bool, answers: str) -> str:
    types = "= ANY(CAST(:types AS TEXT[]))" if dialect == "postgresql" else "IN (SELECT value FROM json_each(:types))"
    # Where there is no such event at all, no payload is read.
    high = f"""CASE WHEN EXISTS (
            SELECT 1 FROM events AS e WHERE e.account_id = :account AND e.type {types}
        ) THEN :high END"""
    first, answered = _ANSWERED[answers]
    return f"""
    WITH runs AS MATERIALIZED ({rows_sql(dialect, "runs", low="BIGINT", high="BIGINT")})
    SELECT p.sequence
    FROM {first} payloads AS p
    WHERE p.account_id = :account AND p.webhook_id = :webhook
        AND p.sequence BETWEEN :low AND {high if by_type else ":high"}
        {f"AND p.type {types}" if by_type else ""} {answered}
        AND EXISTS (SELECT 1 FROM runs AS r WHERE p.sequence BETWEEN r.low AND r.high)
    ORDER BY p.sequence DESC
    LIMIT :limit
    """


_IS_ANSWER = "COALESCE(a.status, 0) BETWEEN CAST(:answer AS INTEGER) AND CAST(:answer AS INTEGER) + 99"
# What the payloads are joined to, and the condition on them.
_ANSWERED = {
    "any": ("", ""),
    # Most payloads are, so they are looked at one by one, but not those that were never attempted.
    "accepted": (
        "",
        f"""AND p.sequence <= (
            SELECT MAX(a.sequence) FROM attempts AS a WHERE a.account_id = :account AND a.webhook_id = :webhook
        ) AND EXISTS (
            SELECT 1 FROM attempts AS a
            WHERE a.account_id = p.account_id AND a.webhook_id = p.webhook_id AND a.sequence = p.sequence
                AND {_IS_ANSWER}
        )""",
    ),
    # Few are; they have an index, with this condition. SQLite keeps the order of a cross join.
    "refused": (
        f"""(
            SELECT DISTINCT a.sequence FROM attempts AS a
            WHERE a.account_id = :account AND a.webhook_id = :webhook AND a.sequence BETWEEN :low AND :high
                AND (a.status IS NULL OR a.status NOT BETWEEN 200 AND 299) AND {_IS_ANSWER}
        ) AS refused CROSS JOIN""",
        "AND p.sequence = refused.sequence",
    ),
}
