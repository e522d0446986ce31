"""The rate of a webhook: its requests keep their distance, and a lane that waits holds no slot."""

import pytest
from sqlalchemy import bindparam, update

from hourhook.clock import SECOND
from hourhook.delivery import lane_control
from hourhook.delivery.worker.slots import SlotLimits, WorkerLimits
from hourhook.store.database import Database
from hourhook.store.schema import webhooks
from hourhook.store.statements import Statement
from tests.support.backlogs import URI, Backlog, make_backlog, read_lane
from tests.support.clocks import FakeClock
from tests.support.scripted_transport import FakeTransport, eventually, running_worker

pytestmark = pytest.mark.anyio

SET_RATE = Statement(update(webhooks).where(webhooks.c.id == bindparam("id")).values(max_per_second=bindparam("rate")))
ONE_SLOT = WorkerLimits(lanes=SlotLimits(ordinary=1, slow=1, failing=1, per_destination=1))


@pytest.fixture
def backlog(database: Database) -> Backlog:
    """A webhook with at most one request in two seconds."""
    backlog = make_backlog(database)
    backlog.write(lambda tx: tx.execute(SET_RATE, id=backlog.webhook_id, rate=50))
    return backlog


async def released(backlog: Backlog, head_sequence: int) -> None:
    """Wait until a payload is the head, and the lane is not leased."""
    await eventually(
        backlog.database,
        lambda tx: (read_lane(tx, backlog).head_sequence, read_lane(tx, backlog).lease_token),
        (head_sequence, None),
    )


async def test_requests_keep_their_distance_over_restarts_and_idle_times(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    started_at = clock.now()
    network.responses = {URI: 204}
    backlog.record(*["tag.created"] * 2)
    async with running_worker(database, network, network) as running:
        await released(backlog, 2)
        assert len(network.sent) == 1
        await running.stop()
    async with running_worker(database, network, network):
        clock.advance(1.5)
        database.wake()
        await eventually(database, lambda tx: read_lane(tx, backlog).due_at, started_at + 2 * SECOND - 3000)
        assert len(network.sent) == 1
        clock.advance(0.5)
        await released(backlog, 3)
        # Idle now: an event, a retry or a replay within the distance waits for it, too.
        clock.advance(1)
        backlog.record("tag.updated")
        backlog.control(lane_control.replay, 2)
        backlog.control(lane_control.retry, 2)
        await eventually(database, lambda tx: read_lane(tx, backlog).due_at, started_at + 4 * SECOND - 3000)
        assert len(network.sent) == 2


@pytest.mark.parametrize("action", ["replay", "disable and enable", "retarget"])
async def test_a_request_in_flight_whose_lane_is_moved_counts_for_the_rate(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock, action: str
) -> None:
    backlog.record(*["tag.created"] * 2)
    async with running_worker(database, network, network):
        (await network.next()).respond()
        await released(backlog, 2)
        clock.advance(2)
        database.wake()
        await network.next()
        clock.advance(1)
        match action:
            case "replay":
                backlog.control(lane_control.replay, 1)
            case "retarget":
                backlog.control(lane_control.retarget, "http://127.0.0.1:10/hook")
            case _:
                backlog.control(lane_control.disable, "by_user")
                backlog.control(lane_control.enable)
        lane = database.read_now(read_lane, backlog)

        assert (lane.lease_token, lane.due_at) == (None, clock.now() + 2 * SECOND)


async def test_a_waiting_lane_leaves_its_slot_to_others(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    network.responses = {URI: 204}
    other = backlog.add_webhook(events=["tag.created"])
    backlog.record(*["tag.created"] * 5)
    async with running_worker(database, network, network, limits=ONE_SLOT):
        await released(backlog, 2)
        await released(other, 6)

    assert len(network.sent) == 6


async def test_a_failure_waits_for_its_retry_and_for_the_rate(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    network.responses = {URI: 500}
    backlog.record("tag.created")
    async with running_worker(database, network, network):
        await eventually(database, lambda tx: read_lane(tx, backlog).attempts_count, 1)
        backlog.control(lane_control.retry, 1)
        lane = database.read_now(read_lane, backlog)

    assert lane.due_at == lane.paced_until > clock.now()


async def test_a_rate_set_by_a_clock_that_was_ahead_does_not_count(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    network.responses = {URI: 204}
    backlog.record("tag.created")
    async with running_worker(database, network, network):
        await released(backlog, 2)
        clock.advance(-3600)
        backlog.record("tag.created")
        await released(backlog, 3)
