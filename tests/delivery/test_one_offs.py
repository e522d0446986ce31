"""One-off deliveries: pings and redeliveries."""

import pytest

from hourhook.clock import DAY
from hourhook.delivery import one_offs
from hourhook.delivery.history.contents import read_contents
from hourhook.delivery.history.pages import PayloadFilter, read_page
from hourhook.delivery.retention import delete_old_events, delete_old_one_offs
from hourhook.delivery.worker import one_off_deliveries
from hourhook.store.database import Database
from tests.support.backlogs import Backlog, make_backlog
from tests.support.clocks import FakeClock


@pytest.fixture
def backlog(database: Database) -> Backlog:
    """An account with a webhook that subscribes to all events."""
    return make_backlog(database)


def lines_count(backlog: Backlog) -> int:
    key = (backlog.account_id, backlog.webhook_id)
    return backlog.database.read_now(read_page, *key, PayloadFilter(), offset=0, limit=10)[1]


def test_a_queued_redelivery_is_not_queued_twice(backlog: Backlog) -> None:
    ping = backlog.database.write_now(backlog.account_id, one_offs.ping, backlog.webhook_id)

    for _ in range(2):
        backlog.database.write_now(backlog.account_id, one_offs.redeliver, backlog.webhook_id, ping, None)

    assert [one_off.payload_id for one_off in backlog.send_one_offs()] == [ping]


def test_a_redelivered_ping_has_the_same_body_and_the_next_number(backlog: Backlog, clock: FakeClock) -> None:
    ping = backlog.database.write_now(backlog.account_id, one_offs.ping, backlog.webhook_id)
    [first] = backlog.send_one_offs(500)
    clock.advance(60)
    backlog.database.write_now(backlog.account_id, one_offs.redeliver, backlog.webhook_id, ping, None)
    [second] = backlog.send_one_offs(200)

    assert (first.number, second.number) == (1, 2)
    assert second.created_at == first.created_at
    contents = backlog.database.read_now(read_contents, backlog.account_id, backlog.webhook_id, ping)
    assert contents is not None
    assert [(attempt.number, attempt.status) for attempt in contents.attempts] == [(1, 500), (2, 200)]


@pytest.mark.parametrize("is_leased", [False, True])
def test_a_one_off_delivery_is_deleted_with_its_payload(backlog: Backlog, clock: FakeClock, is_leased: bool) -> None:
    backlog.record("tag.created")
    backlog.attempt()
    key = (backlog.account_id, backlog.webhook_id)
    [line], _ = backlog.database.read_now(read_page, *key, PayloadFilter(), offset=0, limit=10)
    clock.advance(31 * 86_400)
    backlog.database.write_now(backlog.account_id, one_offs.redeliver, backlog.webhook_id, line.payload_id, 1)
    if is_leased:
        now = clock.now()
        backlog.database.run_now(
            one_off_deliveries.lease_one_offs,
            worker=1,
            token=9,
            now=now,
            expires_at=now + DAY,
            ordinary=5,
            failing=5,
            saturated=[],
        )
    backlog.database.write_now(backlog.account_id, delete_old_events, clock.now() - 30 * DAY)
    assert lines_count(backlog) == 0

    assert backlog.database.run_now(delete_old_one_offs, clock.now() - 30 * DAY) == 1
    assert backlog.send_one_offs() == []
