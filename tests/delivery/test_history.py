"""The delivery log, compared with a naive reading, and its query plans."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from hourhook.clock import DAY, SECOND
from hourhook.delivery import lane_control, one_offs
from hourhook.delivery.history.contents import find_sequence, read_contents
from hourhook.delivery.history.entries import LoggedPayload
from hourhook.delivery.history.pages import COUNT_AHEAD, PayloadFilter, read_page
from hourhook.delivery.history.sequences import (
    STATES,
    clip_runs,
    find_first_since,
    find_lane,
    find_runs,
    retained_since,
    slice_runs,
)
from hourhook.delivery.history.statistics import read_status
from hourhook.delivery.retention import delete_old_events
from hourhook.store.database import Database
from hourhook.store.schema import attempts, payloads
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.backlogs import Backlog, make_backlog
from tests.support.clocks import START, FakeClock
from tests.support.statements import capture_statements

TYPES = ("entry.created", "entry.updated", "tag.created", "tag.deleted")


@pytest.fixture
def backlog(database: Database) -> Backlog:
    """An account with a webhook that subscribes to all events."""
    return make_backlog(database)


def page(
    backlog: Backlog, choice: PayloadFilter | None = None, *, offset: int = 0, limit: int = 1000
) -> tuple[list[LoggedPayload], int]:
    return backlog.database.read_now(
        read_page, backlog.account_id, backlog.webhook_id, choice or PayloadFilter(), offset=offset, limit=limit
    )


def ask(backlog: Backlog, question: Callable[..., Any], *arguments: Any) -> Any:
    def about_lane(tx: Transaction) -> Any:
        return question(tx, find_lane(tx, backlog.account_id, backlog.webhook_id), *arguments)

    return backlog.database.read_now(about_lane)


@dataclass
class RandomHistory:
    """Random actions on a lane, and the expected entries of its log: ``lines``, the oldest first."""

    backlog: Backlog
    clock: FakeClock
    rng: random.Random
    lines: list[dict[str, Any]] = field(default_factory=list)
    head: int = 1

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """Return the lines of payloads, by sequence."""
        return [line for line in self.lines if line["sequence"]]

    def run_action(self) -> None:
        """Run one random action."""
        waits = self.head <= len(self.payloads)
        actions = [self.advance_time, self.record, self.ping, self.send_one_offs]
        if waits:
            actions += [self.deliver, self.deliver, self.fail]
        if waits and self.payloads[self.head - 1]["state"] == "failing":
            actions.append(self.skip)
        if self.head > 1:
            actions += [self.replay, self.resend]
        self.rng.choice(actions)()

    def advance_time(self) -> None:
        self.clock.advance(self.rng.choice([1, 1, 2, 60]))

    def record(self) -> None:
        types = self.rng.choices(TYPES, k=self.rng.randint(1, 4))
        self.backlog.record(*types)
        for type in types:
            self._add(type, len(self.payloads) + 1)

    def ping(self) -> None:
        self._write(one_offs.ping)
        self._add("webhook.ping", None)

    def send_one_offs(self) -> None:
        status = self.rng.choice([200, 500])
        self.backlog.send_one_offs(status)
        for line in self.lines:
            if line["sequence"] is None and line["state"] == "waiting":
                line["state"] = "delivered" if status == 200 else "failing"

    def deliver(self) -> None:
        self.backlog.attempt(200)
        self.payloads[self.head - 1]["state"] = "delivered"
        self.head += 1

    def fail(self) -> None:
        self.backlog.attempt(500)
        self.payloads[self.head - 1]["state"] = "failing"

    def skip(self) -> None:
        self._write(lane_control.skip, self.head, 1)
        self.payloads[self.head - 1]["state"] = "skipped"
        self.head += 1

    def replay(self) -> None:
        start = self.rng.randint(1, self.head - 1)
        self._write(lane_control.replay, start)
        for line in self.payloads[start - 1 :]:
            line["state"] = "waiting"
        self.head = start

    def resend(self) -> None:
        line = self.payloads[self.rng.randint(1, self.head - 1) - 1]
        payload_id = next(found.payload_id for found in page(self.backlog)[0] if found.sequence == line["sequence"])
        before = page(self.backlog)[1]
        self._write(one_offs.redeliver, payload_id, line["sequence"])
        if page(self.backlog)[1] > before:
            self._add(line["type"], None)

    def _write(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.backlog.database.write_now(
            self.backlog.account_id, lambda tx: function(tx, self.backlog.webhook_id, *arguments)
        )

    def _add(self, type: str, sequence: int | None) -> None:
        line = {"type": type, "sequence": sequence, "created_at": self.clock.now(), "state": "waiting"}
        self.lines.append(line)

    def newest_first(self) -> list[dict[str, Any]]:
        """Return the lines in the order of the log: payloads before one-off deliveries of the same second."""
        indexes = {id(line): index for index, line in enumerate(self.lines)}
        return sorted(
            self.lines,
            key=lambda line: (line["created_at"], line["sequence"] is not None, indexes[id(line)]),
            reverse=True,
        )


@pytest.mark.parametrize("seed", range(4))
def test_every_page_of_every_filter_matches_a_naive_reading(database: Database, clock: FakeClock, seed: int) -> None:
    rng = random.Random(seed)
    history = RandomHistory(make_backlog(database), clock, rng)
    for _ in range(120):
        history.run_action()
    lines = history.newest_first()

    for _ in range(60):
        choice = PayloadFilter(
            states=rng.choice([None, rng.sample(STATES, rng.randint(1, 4))]),
            types=rng.choice([None, rng.sample([*TYPES, "webhook.ping", "team.created"], rng.randint(1, 4))]),
            created_from=rng.choice([None, START + rng.randint(-5, 200) * SECOND]),
            created_to=rng.choice([None, START + rng.randint(-5, 1500) * SECOND]),
        )
        expected = [line for line in lines if is_chosen(line, choice)]
        offset, limit = rng.randint(0, len(expected) + 3), rng.randint(1, 40)

        found, total = page(history.backlog, choice, offset=offset, limit=limit)

        shown = [{key: getattr(line, key) for key in ("type", "sequence", "created_at", "state")} for line in found]
        assert shown == expected[offset : offset + limit], choice
        assert total == len(expected), choice


def test_the_filter_by_answer_matches_a_naive_reading(database: Database, clock: FakeClock) -> None:
    history = RandomHistory(make_backlog(database), clock, random.Random(1))
    for _ in range(120):
        history.run_action()
    query = Statement(select(attempts.c.sequence, attempts.c.status).where(attempts.c.sequence > 0))
    answered = {(row.sequence, (row.status or 0) // 100 * 100) for row in database.read_now(lambda tx: tx.all(query))}
    sent = [line for line in page(history.backlog)[0] if line.sequence]

    for answer in (0, 200, 400, 500):
        for types in (None, TYPES[:2], ("team.created",)):
            found = page(history.backlog, PayloadFilter(types=types, answer=answer))[0]

            expected = [each for each in sent if types is None or each.type in types]
            assert [line.sequence for line in found if line.sequence] == [
                each.sequence for each in expected if (each.sequence, answer) in answered
            ], (answer, types)


def is_chosen(line: dict[str, Any], choice: PayloadFilter) -> bool:
    return (
        (choice.states is None or line["state"] in choice.states)
        and (choice.types is None or line["type"] in choice.types)
        and (choice.created_from is None or line["created_at"] >= choice.created_from)
        and (choice.created_to is None or line["created_at"] <= choice.created_to)
    )


RUNS = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 5)), max_size=6)


@given(RUNS, st.integers(-2, 60), st.integers(-2, 60), st.integers(0, 60), st.integers(0, 20))
def test_runs_are_clipped_and_sliced_like_lists(
    shape: list[tuple[int, int]], low: int, high: int, offset: int, limit: int
) -> None:
    runs, top = [], 50
    for length, gap in shape:
        runs.append(range(top, top - length, -1))
        top -= length + gap
    flat = [sequence for run in runs for sequence in run]

    clipped = clip_runs(runs, low, high)

    assert [sequence for run in clipped for sequence in run] == [each for each in flat if low <= each <= high]
    assert slice_runs(runs, offset, limit) == flat[offset : offset + limit]


def test_the_number_of_statements_of_a_page_is_constant(backlog: Backlog) -> None:
    def cost() -> int:
        with capture_statements(backlog.database) as statements:
            page(backlog, limit=30)
        return len(statements)

    backlog.record(*TYPES)
    write(backlog, one_offs.ping, backlog.webhook_id)
    few = cost()
    for _ in range(20):
        backlog.record(*TYPES)
        backlog.attempt()
        write(backlog, one_offs.ping, backlog.webhook_id)

    assert cost() == few == 6


def test_no_query_scans_all_payloads_or_attempts_on_sqlite(backlog: Backlog) -> None:
    if backlog.database.dialect != "sqlite":
        return
    backlog.record(*TYPES, *TYPES)
    backlog.attempt()
    ping = write(backlog, one_offs.ping, backlog.webhook_id)
    backlog.send_one_offs()
    first = page(backlog)[0][-1]
    key = (backlog.account_id, backlog.webhook_id)
    with capture_statements(backlog.database) as statements:
        page(backlog, limit=3)
        page(backlog, PayloadFilter(states=("delivered", "failing"), created_from=START, created_to=START))
        for answer in (0, 200, 500):
            page(backlog, PayloadFilter(types=("entry.created",), answer=answer))
        for payload_id in (first.payload_id, ping):
            backlog.database.read_now(read_contents, *key, payload_id)
            backlog.database.read_now(find_sequence, *key, payload_id)
        backlog.database.read_now(read_status, *key)
        write(backlog, one_offs.redeliver, backlog.webhook_id, ping, None)
        backlog.send_one_offs()

    reads_too_much = re.compile(
        # A scan of a whole table, or of all rows of a webhook, except to find its lowest or highest sequence.
        r"SCAN (payloads|attempts|events|errands|p|a|e)\b(?! VIRTUAL)"
        r"|(payloads|attempts|p|a) .*PRIMARY KEY \(account_id=\?( AND webhook_id=\?)?\)"
        r"|errands(?!_order).* \(account_id=\?( AND webhook_id=\?)?( AND id<\?)?\)"
    )
    found = {
        (line, text)
        for text in statements
        if "first_sequence" not in text and "MAX(a.sequence)" not in text
        for line in explain(backlog.database, text)
        if reads_too_much.search(line)
    }
    assert not found


def explain(database: Database, text_: str) -> list[str]:
    """Return SQLite's query plan of a statement."""
    names = {*re.findall(r"(?<![\w:]):(\w+)", text_)}
    statement = Statement(text(f"EXPLAIN QUERY PLAN {text_}"))
    values: dict[str, Any] = dict.fromkeys(names, 1) | dict.fromkeys(names & LISTS, "[]")
    if "?" in text_ or not text_.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE")):
        return []
    return [row.detail for row in database.read_now(lambda tx: tx.all(statement, **values))]


LISTS = {"sequences", "runs", "types", "states", "rows", "saturated", "ids"}


def test_the_total_with_a_type_filter_is_a_lower_bound(backlog: Backlog) -> None:
    count = COUNT_AHEAD + 100
    backlog.record(*["tag.created"] * count)

    assert page(backlog)[1] == count
    assert page(backlog, PayloadFilter(types=["tag.created"]), limit=30)[1] == COUNT_AHEAD + 30
    assert page(backlog, PayloadFilter(types=["tag.created"]), offset=count - 5, limit=30)[1] == count
    assert page(backlog, PayloadFilter(types=["tag.deleted"]), limit=30) == ([], 0)


def test_the_first_payload_since_a_timestamp_is_found(backlog: Backlog, clock: FakeClock) -> None:
    timestamps = []
    for number in range(40):
        backlog.record(*["tag.created"] * (number % 3 + 1))
        timestamps += [clock.now()] * (number % 3 + 1)
        clock.advance(number % 4)

    for timestamp in range(START - SECOND, clock.now() + 2 * SECOND, SECOND):
        expected = next((index for index, each in enumerate(timestamps, 1) if each >= timestamp), len(timestamps) + 1)
        assert ask(backlog, find_first_since, timestamp) == expected


def test_an_empty_log_has_no_entries(backlog: Backlog) -> None:
    assert page(backlog) == ([], 0)
    assert ask(backlog, find_first_since, START) == 1
    assert ask(backlog, retained_since) is None
    assert backlog.database.read_now(find_sequence, backlog.account_id, backlog.webhook_id, "x") is None
    assert backlog.database.read_now(read_contents, backlog.account_id, backlog.webhook_id, "x") is None


def test_payloads_deleted_by_retention_are_not_listed_or_counted(backlog: Backlog, clock: FakeClock) -> None:
    backlog.record("tag.created", "tag.created")
    backlog.attempt()
    backlog.attempt()
    clock.advance(31 * 86_400)
    backlog.record("tag.deleted")
    kept_from = clock.now()
    write(backlog, delete_old_events, clock.now() - 30 * DAY)

    found, total = page(backlog)

    assert ([line.sequence for line in found], total) == ([3], 1)
    assert page(backlog, PayloadFilter(states=["delivered"])) == ([], 0)
    assert ask(backlog, find_first_since, START) == 3
    assert ask(backlog, retained_since) == kept_from


def test_retained_since_is_now_if_retention_deleted_everything(backlog: Backlog, clock: FakeClock) -> None:
    backlog.record("tag.created")
    backlog.attempt()
    clock.advance(31 * 86_400)
    write(backlog, delete_old_events, clock.now() - 30 * DAY)

    assert page(backlog) == ([], 0)
    assert ask(backlog, retained_since) > clock.now()
    assert ask(backlog, find_first_since, START) == 2


def test_statistics_cover_the_lanes_attempts_of_one_day(backlog: Backlog, clock: FakeClock) -> None:
    backlog.record(*["tag.created"] * 30)
    backlog.attempt(500, duration_ms=999)
    clock.advance(86_400)
    for duration in range(1, 20):
        backlog.attempt(200, duration_ms=duration)
    backlog.attempt(None, "timeout", duration_ms=10_000)
    write(backlog, one_offs.ping, backlog.webhook_id)
    backlog.send_one_offs(500)

    now = backlog.database.read_now(read_status, backlog.account_id, backlog.webhook_id)
    clock.advance(1)
    later = backlog.database.read_now(read_status, backlog.account_id, backlog.webhook_id)

    assert (now.success_rate, now.latency_ms_p50, now.latency_ms_p95) == (round(19 / 21, 4), 10, 19)
    assert (later.success_rate, later.latency_ms_p50, later.latency_ms_p95) == (0.95, 10, 19)
    assert now.waiting_count == 11


@pytest.mark.parametrize("states", [["waiting"], ["failing"], ["delivered"], ["skipped"], [*STATES]])
def test_runs_cover_each_payload_of_a_lane_once(backlog: Backlog, states: list[str]) -> None:
    backlog.record(*["tag.created"] * 6)
    backlog.attempt()
    backlog.attempt(500)
    write(backlog, lane_control.skip, backlog.webhook_id, 2, 1)
    backlog.attempt()
    backlog.attempt(500)
    of_state = {"waiting": [6, 5], "failing": [4], "delivered": [3, 1], "skipped": [2]}

    runs = ask(backlog, lambda _, lane: find_runs(lane, states, [2]))

    expected = [sequence for state in states for sequence in of_state[state]]
    assert [each for run in runs for each in run] == sorted(expected, reverse=True)


def test_payload_rows_repeat_the_type_of_their_event(backlog: Backlog) -> None:
    backlog.record(*TYPES)

    rows = backlog.database.read_now(
        lambda tx: tx.all(Statement(select(payloads.c.type).order_by(payloads.c.sequence)))
    )

    assert [row.type for row in rows] == [*TYPES]


def write(backlog: Backlog, function: Callable[..., Any], *arguments: Any) -> Any:
    return backlog.database.write_now(backlog.account_id, function, *arguments)
