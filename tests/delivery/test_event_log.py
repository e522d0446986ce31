"""The event log: every change of an account, in order, written in the transaction of the change."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from hourhook.delivery import event_log, lane_control
from hourhook.store.database import Database
from hourhook.store.schema import accounts, events, payloads
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction
from tests.support.backlogs import URI, Backlog, lane_of, make_backlog
from tests.support.clocks import FakeClock
from tests.support.statements import capture_statements


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def events_of(backlog: Backlog) -> list[Row]:
    return backlog.database.read_now(lambda tx: tx.all(_EVENTS, account=backlog.account_id))


def payloads_of(backlog: Backlog) -> list[tuple[int, int, str]]:
    """Return the payloads of a webhook: sequence, position and type."""
    key = {"account": backlog.account_id, "webhook": backlog.webhook_id}
    rows = backlog.database.read_now(lambda tx: tx.all(_PAYLOADS, **key))
    return [(row.sequence, row.position, row.type) for row in rows]


def received_types(backlog: Backlog) -> list[str]:
    return [type for _, _, type in payloads_of(backlog)]


def test_events_have_gap_free_positions_and_the_time_of_their_write(backlog: Backlog, clock: FakeClock) -> None:
    began = clock.now()
    backlog.record("tag.created", "tag.updated")
    clock.advance(60)
    backlog.record("tag.deleted")

    assert [(row.position, row.type, row.created_at) for row in events_of(backlog)] == [
        (1, "tag.created", began),
        (2, "tag.updated", began),
        (3, "tag.deleted", clock.now()),
    ]


def test_a_failed_write_leaves_no_event_and_no_gap(backlog: Backlog) -> None:
    def record_and_fail(tx: Transaction) -> None:
        event_log.append(tx, "tag.created", {}, {"id": 1})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        backlog.write(record_and_fail)
    assert (lane_of(backlog).last_sequence, lane_of(backlog).due_at) == (0, None)
    backlog.record("tag.updated")

    assert [(row.position, row.type) for row in events_of(backlog)] == [(1, "tag.updated")]
    assert payloads_of(backlog) == [(1, 1, "tag.updated")]


def test_changes_and_object_are_stored_as_sent(backlog: Backlog) -> None:
    def record(tx: Transaction) -> None:
        event_log.append(tx, "tag.updated", {"name": ["für", "für\u2028"]}, {"z": 1, "a": "日本"})

    backlog.write(record)

    [event] = events_of(backlog)
    assert bytes(event.changes) == '{"name":["für","für\u2028"]}'.encode()
    assert bytes(event.object) == '{"z":1,"a":"日本"}'.encode()


def test_a_webhook_gets_its_subscribed_events_in_gap_free_sequences(backlog: Backlog) -> None:
    two = backlog.add_webhook(URI, ["entry.updated", "tag.created"])
    both = backlog.add_webhook(URI, ["tag.created", event_log.EVERYTHING])
    none = backlog.add_webhook(URI, [])
    types = ["entry.updated", "entry.updated.approved", "tag.created"]

    backlog.record(*types)
    backlog.record("entry.updated")

    assert payloads_of(backlog) == [(at, at, type) for at, type in enumerate([*types, "entry.updated"], 1)]
    assert payloads_of(two) == [(1, 1, "entry.updated"), (2, 3, "tag.created"), (3, 4, "entry.updated")]
    assert payloads_of(both) == payloads_of(backlog)
    assert payloads_of(none) == []
    assert [lane_of(one).last_sequence for one in (backlog, two, both, none)] == [4, 3, 4, 0]


def test_a_webhook_of_another_account_gets_no_events(backlog: Backlog, database: Database) -> None:
    other = make_backlog(database, "southwind")
    backlog.record("tag.created")

    assert (received_types(backlog), received_types(other)) == (["tag.created"], [])
    other.record("tag.deleted")
    assert [(row.position, row.type) for row in events_of(other)] == [(1, "tag.deleted")]


def test_events_are_not_queued_for_a_disabled_webhook(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.control(lane_control.disable, "by_user")
    backlog.record("tag.updated")
    backlog.control(lane_control.enable)
    backlog.record("tag.deleted")

    assert payloads_of(backlog) == [(1, 1, "tag.created"), (2, 3, "tag.deleted")]


def test_an_event_makes_an_idle_lane_due_immediately(backlog: Backlog, clock: FakeClock) -> None:
    clock.advance(0.25)
    backlog.record("tag.created")

    assert lane_of(backlog).due_at == clock.now()


def test_an_event_does_not_change_when_a_due_lane_is_due(backlog: Backlog, clock: FakeClock) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=100)
    due_at = lane_of(backlog).due_at
    for seconds in (1, 200):
        clock.advance(seconds)
        backlog.record("tag.updated")

        assert lane_of(backlog).due_at == due_at
    assert lane_of(backlog).last_sequence == 3


def test_an_event_is_queued_in_a_stalled_lane_without_waking_it(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=None)
    backlog.record("tag.updated")

    assert (lane_of(backlog).last_sequence, lane_of(backlog).due_at) == (2, None)


def test_an_event_is_queued_in_a_leased_lane_without_revoking_it(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    token = database.run_now(backlog.lease).token
    backlog.record("tag.updated")

    assert (lane_of(backlog).last_sequence, lane_of(backlog).lease_token) == (2, token)


def test_workers_are_woken_after_the_commit_if_a_webhook_subscribes(backlog: Backlog, database: Database) -> None:
    seen: list[Sequence[Any]] = []
    database.wake = lambda: seen.append(events_of(backlog))

    backlog.record("tag.created")
    assert [len(one) for one in seen] == [1]
    backlog.control(lane_control.disable, "by_user")
    seen.clear()
    backlog.record("tag.updated")
    assert seen == []


def test_event_times_never_decrease_when_the_clock_is_set_back(backlog: Backlog, clock: FakeClock) -> None:
    for seconds in (0, -3600, 1):
        clock.advance(seconds)
        backlog.record("tag.created")

    moments = [row.created_at for row in events_of(backlog)]
    assert moments == sorted(moments)


def test_concurrent_writers_leave_no_gap_and_keep_the_order(backlog: Backlog) -> None:
    other = backlog.add_webhook(URI, ["tag.updated"])

    def record(_: int) -> None:
        for _ in range(10):
            backlog.record("tag.created", "tag.updated")

    with ThreadPoolExecutor(4) as threads:
        assert len([*threads.map(record, range(4))]) == 4

    assert [row.position for row in events_of(backlog)] == [*range(1, 81)]
    assert payloads_of(backlog) == [(at, at, "tag.updated" if at % 2 == 0 else "tag.created") for at in range(1, 81)]
    assert payloads_of(other) == [(at, at * 2, "tag.updated") for at in range(1, 41)]


def test_the_number_of_statements_does_not_depend_on_webhooks(backlog: Backlog, database: Database) -> None:
    with capture_statements(database) as for_one:
        backlog.record("tag.created", "tag.updated")
    for _ in range(9):
        backlog.add_webhook()
    with capture_statements(database) as for_ten:
        backlog.record("tag.created", "tag.updated")

    assert len(for_ten) == len(for_one), str(for_ten)


def test_the_account_is_locked_before_any_other_statement(backlog: Backlog, database: Database) -> None:
    with capture_statements(database) as statements:
        backlog.record("tag.created")

    assert "FROM accounts" in statements[0]
    if database.dialect == "postgresql":
        assert "FOR NO KEY UPDATE" in statements[0]
    assert "UPDATE lanes" in statements[-1], "lanes are locked for a moment only"


def test_several_batches_have_gap_free_positions_and_sequences(backlog: Backlog) -> None:
    others = [backlog.add_webhook(URI, [name]) for name in ("entry.updated", "tag.updated", "tag.deleted")]
    backlog.record("tag.updated")
    types = ["entry.updated"] * 1_300 + ["tag.updated", "tag.deleted"]

    backlog.record(*types)
    backlog.record("tag.updated")

    expected = [*enumerate(["tag.updated", *types, "tag.updated"], 1)]
    assert [(row.position, row.type) for row in events_of(backlog)] == expected
    assert payloads_of(backlog) == [(position, position, type) for position, type in expected]
    for other, name in zip(others, ("entry.updated", "tag.updated", "tag.deleted"), strict=True):
        received_by = [position for position, type in expected if type == name]
        assert payloads_of(other) == [(sequence, position, name) for sequence, position in enumerate(received_by, 1)]
        assert lane_of(other).last_sequence == len(received_by)
    assert lane_of(backlog).last_sequence == len(expected)


def test_events_are_written_in_batches_and_lanes_locked_last(backlog: Backlog, database: Database) -> None:
    backlog.add_webhook()

    def record(tx: Transaction) -> int:
        for id in range(1_600):
            event_log.append(tx, "tag.updated", {}, {"id": id})
        return len(tx.all(_EVENTS, account=backlog.account_id))

    with capture_statements(database) as statements:
        assert backlog.write(record) == 1_500

    assert statements.inserted_row_counts("events") == [500, 500, 500, 100]
    assert statements.inserted_row_counts("payloads") == [1_000, 1_000, 1_000, 200]
    for what in ("FROM subscriptions", "UPDATE accounts", "UPDATE lanes"):
        assert len([text for text in statements if what in text]) == 1, what
    assert "UPDATE lanes" in statements[-1]


def test_large_events_fill_a_batch_sooner(backlog: Backlog, database: Database) -> None:
    def record(tx: Transaction) -> None:
        for id in range(100):
            event_log.append(tx, "tag.updated", {"name": ["a" * 50_000, "b" * 50_000]}, {"id": id})

    with capture_statements(database) as statements:
        backlog.write(record)

    assert sum(statements.inserted_row_counts("events")) == 100
    assert max(statements.inserted_row_counts("events")) * 100_000 < 2 * event_log.BATCH_BYTES


def test_payloads_of_many_webhooks_are_written_in_batches(backlog: Backlog, database: Database) -> None:
    others = [backlog.add_webhook() for _ in range(59)]

    with capture_statements(database) as statements:
        backlog.record(*["tag.updated"] * 400)

    assert statements.inserted_row_counts("payloads") == [10_000, 10_000, 4_000]
    assert {lane_of(other).last_sequence for other in others} == {400}


def test_a_write_that_fails_after_a_batch_leaves_no_event_and_no_gap(backlog: Backlog, database: Database) -> None:
    expected: list[int] = []
    database.wake = lambda: expected.append(1)

    def record_and_fail(tx: Transaction) -> None:
        for id in range(1_200):
            event_log.append(tx, "tag.created", {}, {"id": id})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        backlog.write(record_and_fail)
    assert (lane_of(backlog).last_sequence, lane_of(backlog).due_at, expected) == (0, None, [])
    backlog.record("tag.updated")

    assert [(row.position, row.type) for row in events_of(backlog)] == [(1, "tag.updated")]
    assert payloads_of(backlog) == [(1, 1, "tag.updated")]


def test_the_account_row_has_the_last_position_and_event_time(backlog: Backlog, clock: FakeClock) -> None:
    backlog.record("tag.created", "tag.updated")

    row = backlog.database.read_now(lambda tx: tx.one(_ACCOUNT, account=backlog.account_id))
    assert row is not None
    assert (row.last_position, row.last_event_at) == (2, clock.now())


_EVENTS = Statement(select(events).where(events.c.account_id == bindparam("account")).order_by(events.c.position))
_PAYLOADS = Statement(
    select(payloads)
    .where(payloads.c.account_id == bindparam("account"), payloads.c.webhook_id == bindparam("webhook"))
    .order_by(payloads.c.sequence)
)
_ACCOUNT = Statement(
    select(accounts.c.last_position, accounts.c.last_event_at).where(accounts.c.id == bindparam("account"))
)
