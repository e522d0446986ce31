"""Prefetched payloads and cached events."""

import pytest

from hourhook.delivery import one_offs
from hourhook.delivery.worker import readahead
from hourhook.delivery.worker.readahead import EventCache, Payload, SequenceRange, read_ahead
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from tests.support.backlogs import Backlog, make_backlog
from tests.support.statements import capture_statements


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def sequence_range(backlog: Backlog, low: int, high: int, replayed_through: int = 0) -> SequenceRange:
    return SequenceRange(backlog.account_id, backlog.webhook_id, low, high, replayed_through)


def read(
    *spans: SequenceRange, database: Database, cache: EventCache | None = None
) -> dict[tuple[int, int], list[Payload]]:
    return database.read_now(read_ahead, [*spans], cache or EventCache())


def test_payloads_are_in_order_with_the_bytes_of_their_events(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted", "user.created")

    [found] = read(sequence_range(backlog, 2, 3), database=database).values()

    assert [(payload.sequence, payload.event.type) for payload in found] == [(2, "tag.updated"), (3, "tag.deleted")]
    assert {(payload.event.changes, payload.event.object) for payload in found} == {(b"{}", b'{"id":1}')}
    assert {payload.event.created_at for payload in found} == {database.clock.now()}
    assert len({payload.payload_id for payload in found}) == 2


def test_payloads_are_keyed_by_lane_and_missing_ones_omitted(backlog: Backlog, database: Database) -> None:
    deaf = backlog.add_webhook(events=[])
    other = make_backlog(database, "southwind")
    backlog.record("tag.created")
    other.record("user.created", "user.updated")

    found = read(
        sequence_range(backlog, 1, 9), sequence_range(other, 2, 9), sequence_range(deaf, 1, 9), database=database
    )

    assert {key: [payload.event.type for payload in payloads] for key, payloads in found.items()} == {
        (backlog.account_id, backlog.webhook_id): ["tag.created"],
        (other.account_id, other.webhook_id): ["user.updated"],
    }


def test_attempts_before_a_replay_are_counted(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    for status in (500, 500, 200, 200, 500):
        backlog.attempt(status)
    backlog.control(one_offs.redeliver, "a payload id", 2)
    backlog.send_one_offs()

    [found] = read(sequence_range(backlog, 1, 3, replayed_through=2), database=database).values()

    assert [payload.attempts_before for payload in found] == [3, 2, 0]


def test_the_number_of_statements_does_not_depend_on_lanes(backlog: Backlog, database: Database) -> None:
    lanes = [backlog, *(backlog.add_webhook() for _ in range(9))]
    backlog.record("tag.created", "tag.updated")

    with capture_statements(database) as for_one:
        read(sequence_range(backlog, 1, 2), database=database)
    with capture_statements(database) as for_ten:
        read(*(sequence_range(lane, 1, 2) for lane in lanes), database=database)

    assert len(for_one) == len(for_ten) == 2, str(for_ten)


def test_an_event_with_many_subscribers_is_read_once(backlog: Backlog, database: Database) -> None:
    other = backlog.add_webhook()
    backlog.record("tag.created")
    cache = EventCache()
    [[first]] = read(sequence_range(backlog, 1, 1), database=database, cache=cache).values()

    with capture_statements(database) as statements:
        [[second]] = read(sequence_range(other, 1, 1), database=database, cache=cache).values()

    assert len(statements) == 1
    assert second.event is first.event


def test_the_cache_is_bounded_and_evicts_the_oldest_events(
    backlog: Backlog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog.record(*["tag.created"] * 5)
    one_event = len(b"{}") + len(b'{"id":1}')
    monkeypatch.setattr(readahead, "CACHE_BYTES", 3 * one_event)
    cache = EventCache()
    for position in range(1, 6):
        read(sequence_range(backlog, position, position), database=database, cache=cache)

    # From the newest to the oldest: reading an event again evicts the oldest one left.
    assert [is_cached(backlog, cache, position) for position in (5, 4, 3, 2, 1)] == [True, True, True, False, False]


def is_cached(backlog: Backlog, cache: EventCache, position: int) -> bool:
    with capture_statements(backlog.database) as statements:
        backlog.database.read_now(read_position, cache, (backlog.account_id, position))
    return not statements


def read_position(tx: Transaction, cache: EventCache, key: tuple[int, int]) -> None:
    cache.read(tx, {key})
