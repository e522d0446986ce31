"""Payloads read before their turn."""

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


def span(backlog: Backlog, low: int, high: int, replayed_through: int = 0) -> SequenceRange:
    return SequenceRange(backlog.account_id, backlog.webhook_id, low, high, replayed_through)


def read(
    *spans: SequenceRange, database: Database, cache: EventCache | None = None
) -> dict[tuple[int, int], list[Payload]]:
    return database.read_now(read_ahead, [*spans], cache or EventCache())


def test_payloads_come_in_order_with_the_bytes_of_their_events(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted", "user.created")

    [found] = read(span(backlog, 2, 3), database=database).values()

    assert [(payload.sequence, payload.event.type) for payload in found] == [(2, "tag.updated"), (3, "tag.deleted")]
    assert {(payload.event.changes, payload.event.object) for payload in found} == {(b"{}", b'{"id":1}')}
    assert {payload.event.created_at for payload in found} == {database.clock.now()}
    assert len({payload.payload_id for payload in found}) == 2


def test_lanes_are_told_apart_and_what_is_not_there_is_missing(backlog: Backlog, database: Database) -> None:
    deaf = backlog.add_webhook(events=[])
    other = make_backlog(database, "southwind")
    backlog.record("tag.created")
    other.record("user.created", "user.updated")

    found = read(span(backlog, 1, 9), span(other, 2, 9), span(deaf, 1, 9), database=database)

    assert {key: [payload.event.type for payload in payloads] for key, payloads in found.items()} == {
        (backlog.account_id, backlog.webhook_id): ["tag.created"],
        (other.account_id, other.webhook_id): ["user.updated"],
    }


def test_attempts_of_an_earlier_pass_are_counted_for_what_is_replayed(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    for status in (500, 500, 200, 200, 500):
        backlog.attempt(status)
    backlog.control(one_offs.redeliver, "a payload id", 2)
    backlog.send_one_offs()

    [found] = read(span(backlog, 1, 3, replayed_through=2), database=database).values()

    assert [payload.attempts_before for payload in found] == [3, 2, 0]


def test_any_number_of_lanes_is_read_in_as_many_statements(backlog: Backlog, database: Database) -> None:
    lanes = [backlog, *(backlog.add_webhook() for _ in range(9))]
    backlog.record("tag.created", "tag.updated")

    with capture_statements(database) as for_one:
        read(span(backlog, 1, 2), database=database)
    with capture_statements(database) as for_ten:
        read(*(span(lane, 1, 2) for lane in lanes), database=database)

    assert len(for_one) == len(for_ten) == 2, str(for_ten)


def test_an_event_that_many_hear_is_read_once(backlog: Backlog, database: Database) -> None:
    other = backlog.add_webhook()
    backlog.record("tag.created")
    cache = EventCache()
    [[first]] = read(span(backlog, 1, 1), database=database, cache=cache).values()

    with capture_statements(database) as statements:
        [[second]] = read(span(other, 1, 1), database=database, cache=cache).values()

    assert len(statements) == 1
    assert second.event is first.event


def test_only_so_much_is_kept_and_the_oldest_goes_first(
    backlog: Backlog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog.record(*["tag.created"] * 5)
    one_event = len(b"{}") + len(b'{"id":1}')
    monkeypatch.setattr(readahead, "CACHE_BYTES", 3 * one_event)
    cache = EventCache()
    for position in range(1, 6):
        read(span(backlog, position, position), database=database, cache=cache)

    # From the newest on: what has to be read takes the place of the oldest that is left.
    assert [is_kept(backlog, cache, position) for position in (5, 4, 3, 2, 1)] == [True, True, True, False, False]


def is_kept(backlog: Backlog, cache: EventCache, position: int) -> bool:
    with capture_statements(backlog.database) as statements:
        backlog.database.read_now(read_position, cache, (backlog.account_id, position))
    return not statements


def read_position(tx: Transaction, cache: EventCache, key: tuple[int, int]) -> None:
    cache.read(tx, {key})
