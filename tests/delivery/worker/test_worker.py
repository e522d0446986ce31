"""The worker, with a scripted network or real receivers."""

import asyncio
import threading
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from sqlalchemy import bindparam, select, text, update

from hourhook.clock import DAY, SECOND
from hourhook.crypto import Keyring
from hourhook.delivery import lane_control, one_offs, signing
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.delivery.worker import cycles, leases, worker
from hourhook.delivery.worker.slots import LANE_SLOTS, ONE_OFF_SLOTS, SlotLimits, WorkerLimits
from hourhook.store.database import Database
from hourhook.store.schema import attempts, lanes, webhooks
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.backlogs import URI, Backlog, attempts_of, lane_of, make_backlog, read_lane
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.receivers import never_responding, responding, running_receiver
from tests.support.scripted_transport import FakeTransport, SentRequest, eventually, running_worker
from tests.support.signatures import is_signed
from tests.support.statements import capture_statements
from tests.support.webhook_receiver import Delivery

pytestmark = pytest.mark.anyio

SET_SECRET = Statement(update(webhooks).where(webhooks.c.id == bindparam("id")).values(secret=bindparam("secret")))
ERROR = Statement(select(attempts.c.error).where(attempts.c.error.is_not(None)))
OTHER_URI = "http://127.0.0.1:10/hook"
HANGING = 50
# Few slots, so that tests fill them with few lanes.
FEW = WorkerLimits(lanes=SlotLimits(ordinary=24, slow=72, failing=24, per_destination=15))


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def sequences(sent: list[SentRequest]) -> list[int | None]:
    return [sending.sequence for sending in sent]


async def settled(backlog: Backlog, head_sequence: int) -> None:
    """Wait until ``head_sequence`` is the head, and earlier results are settled."""
    await eventually(backlog.database, lambda tx: read_lane(tx, backlog).head_sequence, head_sequence)


async def failed(backlog: Backlog, attempts_count: int) -> None:
    """Wait until this many attempts of the head have failed."""
    await eventually(backlog.database, lambda tx: read_lane(tx, backlog).attempts_count, attempts_count)


async def test_fifty_hanging_receivers_do_not_delay_a_healthy_one(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    transport = HttpTransport(database.clock, AddressGuard(allow_loopback=True), timeout_seconds=600)
    async with AsyncExitStack() as stack:
        hanging = [await stack.enter_async_context(running_receiver(never_responding())) for _ in range(HANGING)]
        healthy = await stack.enter_async_context(running_receiver(responding()))
        for receiver in hanging:
            backlog.add_webhook(receiver.uri(), ["tag.created"])
        mine = backlog.add_webhook(healthy.uri(), ["tag.created", "tag.updated"])
        await stack.enter_async_context(running_worker(database, transport, network))

        backlog.record("tag.created")
        await eventually(database, lambda _: all(receiver.requests for receiver in hanging), True)
        for _ in range(20):
            backlog.record("tag.updated", "tag.created")
        await settled(mine, 42)

        arrived = [int(request.headers["x-hourhook-sequence"]) for request in healthy.requests]
        assert arrived == [*range(1, 42)]
        assert all(len(receiver.requests) == len(receiver.open_connections) == 1 for receiver in hanging)


async def test_a_failing_receiver_delays_only_its_lane_and_catches_up(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    network.responses = {URI: 503, OTHER_URI: 200}
    other = backlog.add_webhook(OTHER_URI)
    async with running_worker(database, network, network):
        for attempt in range(1, 4):
            backlog.record("tag.created", "tag.updated")
            await settled(other, attempt * 2 + 1)
            await failed(backlog, attempt)
            clock.advance(50)
        network.responses[URI] = 200
        backlog.record("tag.deleted")
        await settled(backlog, 8)
        await settled(other, 8)

    down = [sending for sending in network.sent if sending.uri == URI]
    assert sequences(down) == [1, 1, 1, 1, 2, 3, 4, 5, 6, 7]
    assert sequences([sending for sending in network.sent if sending.uri == OTHER_URI]) == [1, 2, 3, 4, 5, 6, 7]


async def test_stored_attempts_are_told_after_the_commit(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    network.responses = {URI: 503}
    # Pages that are open ask for the lane then.
    seen: list[tuple[int, int]] = []
    database.after_attempts.append(lambda account_id: seen.append((account_id, lane_of(backlog).attempts_count)))
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        await failed(backlog, 1)
        await eventually(database, lambda _: seen, [(backlog.account_id, 1)])


async def test_a_lane_sends_one_payload_at_a_time(backlog: Backlog, database: Database, network: FakeTransport) -> None:
    async with running_worker(database, network, network):
        backlog.record(*["tag.created"] * 40)
        for sequence in range(1, 41):
            sending = await network.next()
            assert (sending.sequence, sending.attempt) == (sequence, 1)
            assert network.is_quiet()
            assert lane_of(backlog).head_sequence == sequence
            assert len(attempts_of(backlog)) == sequence - 1
            sending.respond()
        await settled(backlog, 41)

    assert lane_of(backlog).due_at is lane_of(backlog).lease_token is None


async def test_events_during_a_send_follow_it(backlog: Backlog, database: Database, network: FakeTransport) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        first = await network.next()
        backlog.record("tag.updated")
        assert network.is_quiet()
        first.respond()

        assert (await network.next()).payload["type"] == "tag.updated"


@pytest.mark.parametrize("days", [3, -3])
async def test_a_clock_that_jumps_neither_stalls_nor_delays_a_failing_lane(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock, days: int
) -> None:
    network.responses = {URI: 503}
    async with running_worker(database, network, network) as running:
        backlog.record("tag.created")
        await failed(backlog, 1)

        clock.advance(days * DAY / SECOND)
        await failed(backlog, 2)
        network.responses[URI] = 200
        clock.advance(50)
        running.worker.wake()
        await settled(backlog, 2)

    assert not lane_of(backlog).stalled


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_lane_locked_during_its_settlement_continues_by_itself(
    backlog: Backlog, database: Database, network: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 3600)
    is_free = threading.Event()
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        first = await network.next()
        lock_task = asyncio.create_task(database.write(backlog.account_id, _hold_lane, backlog.webhook_id, is_free))
        await eventually(database, _is_lane_locked, True)
        first.respond()
        await eventually(database, lambda _: len(network.observed), 1)
        # Usually long enough for a cycle; if it is not, the test sees less, but does not fail.
        for _ in range(10):
            await database.read(_is_lane_locked)
        is_free.set()
        await lock_task

        assert (await network.next()).sequence == 2


async def test_no_transaction_is_open_during_a_send(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        await network.next()
        if database.dialect == "sqlite":
            backlog.record("tag.created")
        else:
            await eventually(database, transactions_of_others, 0)


def transactions_of_others(tx: Transaction) -> int:
    found: int = tx.value(
        Statement(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state LIKE '%in transaction%'"
            )
        )
    )
    return found


async def test_concurrent_results_are_settled_together(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    lanes = [backlog, *(backlog.add_webhook(OTHER_URI) for _ in range(9))]
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        first = await network.take(10)
        with capture_statements(database) as statements:
            for sending in first:
                sending.respond()
            assert {sending.sequence for sending in await network.take(10)} == {2}

    assert sum("INSERT INTO attempts" in statement for statement in statements) <= 2
    assert {lane_of(lane).head_sequence for lane in lanes} == {2}


async def test_a_failure_is_retried_on_schedule_with_the_same_id_and_body(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network) as running:
        backlog.record("tag.created")
        sent = []
        for attempt, delay in ((1, 10), (2, 20), (3, 40)):
            sent.append(await network.next())
            sent[-1].respond(None if attempt == 2 else 500)
            await failed(backlog, attempt)
            waits = (lane_of(backlog).due_at - clock.now()) / 1_000_000
            assert 0.9 * delay <= waits <= 1.1 * delay
            clock.advance(0.9 * delay - 1)
            # One-off deliveries are leased after the lanes, so a due lane would send first.
            await pinged(backlog, network)
            clock.advance(0.2 * delay + 1)
            running.worker.wake()
        sent.append(await network.next())

    assert [sending.attempt for sending in sent] == [1, 2, 3, 4]
    assert len({(sending.payload_id, sending.body) for sending in sent}) == 1
    assert attempts_of(backlog) == [(1, 1, 500), (1, 2, None), (1, 3, 500)]


async def pinged(backlog: Backlog, network: FakeTransport) -> None:
    """Send a ping; anything due would be sent before it."""
    backlog.control(one_offs.ping)
    ping = await network.next()
    assert ping.payload["type"] == "webhook.ping"
    ping.respond()


async def test_a_due_retry_needs_no_wake_up(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        (await network.next()).respond(500)
        await failed(backlog, 1)
        clock.advance(11)

        assert (await network.next()).attempt == 2


async def test_a_lost_wake_up_loses_no_event(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network):
        await pinged(backlog, network)
        database.wake = ignore
        backlog.record("tag.created")
        clock.advance(1)

        assert (await network.next()).sequence == 1


def ignore() -> None:
    """Lose a wake-up."""


async def test_a_lane_stalls_after_the_window_until_it_is_enabled(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network):
        await stall(backlog, network, clock)
        backlog.record("tag.updated")
        clock.advance(1000)
        await pinged(backlog, network)
        assert lane_of(backlog).last_sequence == 2

        backlog.control(lane_control.enable)
        again = await network.next()
        assert again.sequence == 1
        again.respond(500)
        await failed(backlog, again.attempt)

    assert not lane_of(backlog).stalled
    assert lane_of(backlog).due_at > clock.now()


async def stall(backlog: Backlog, network: FakeTransport, clock: FakeClock) -> int:
    """Fail attempts until the window ends; return how many."""
    backlog.record("tag.created")
    attempt = 0
    while not lane_of(backlog).stalled:
        attempt += 1
        (await network.next()).respond(500)
        await failed(backlog, attempt)
        clock.advance(45)
        backlog.database.wake()
    assert attempt in (5, 6)
    return attempt


async def test_a_manual_retry_resumes_a_stalled_lane_only_on_success(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network):
        count = await stall(backlog, network, clock)
        backlog.record("tag.updated")
        for more, status in ((1, 500), (2, 200)):
            assert backlog.control(lane_control.retry, 1) == "now"
            sending = await network.next()
            assert (sending.sequence, sending.attempt) == (1, count + more)
            sending.respond(status)
            if status == 500:
                await failed(backlog, count + more)
                assert (lane_of(backlog).stalled, lane_of(backlog).due_at) == (True, None)

        following = await network.next()
        assert (following.sequence, following.attempt) == (2, 1)
        assert not lane_of(backlog).stalled


async def test_410_disables_the_lane_and_keeps_its_payloads(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        (await network.next()).respond(410)
        await eventually(database, lambda tx: read_lane(tx, backlog).enabled, False)
        lane = lane_of(backlog)
        assert (lane.disabled_reason, lane.head_sequence, lane.last_sequence) == ("gone", 1, 2)

        backlog.control(lane_control.enable)
        again = await network.next()
        assert (again.sequence, again.attempt) == (1, 2)


async def test_a_result_of_a_lane_moved_meanwhile_changes_nothing(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated", "tag.deleted")
        (await network.next()).respond()
        second = await network.next()
        backlog.control(lane_control.replay, 1)
        first_again = await network.next()
        assert (first_again.sequence, first_again.attempt) == (1, 2)
        second.respond()
        await pinged(backlog, network)
        assert lane_of(backlog).head_sequence == 1
        first_again.respond()

        second_again = await network.next()
        assert (second_again.sequence, second_again.payload_id) == (2, second.payload_id)
        # The result of the earlier send was discarded, so this is the first attempt.
        assert second_again.attempt == 1


async def test_a_lane_disabled_during_a_send_sends_no_more(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        first = await network.next()
        backlog.control(lane_control.disable, "by_user")
        first.respond()
        await pinged(backlog, network)
        await pinged(backlog, network)

    assert lane_of(backlog).head_sequence == 1
    assert attempts_of(backlog) == []


async def test_a_new_uri_is_used_from_the_next_attempt_on(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        old = await network.next()
        backlog.set_uri(OTHER_URI)
        new = await network.next()
        old.respond(410)
        await pinged(backlog, network)
        assert lane_of(backlog).enabled

    assert (old.uri, new.uri) == (URI, OTHER_URI)
    assert old.payload_id == new.payload_id


async def test_a_new_name_and_secret_apply_to_prefetched_payloads(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    secret = signing.new_secret()
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        first = await network.next()
        backlog.write(rename, backlog.webhook_id, "Another", DEPENDENCIES.keyring.encrypt(secret))
        first.respond()
        second = await network.next()

    assert [sending.payload["webhook"]["name"] for sending in (first, second)] == ["Webhook", "Another"]
    assert [is_signed(as_received(sending), secret) for sending in (first, second)] == [False, True]


def rename(tx: Transaction, webhook_id: int, name: str, secret: bytes) -> None:
    change = Statement(text("UPDATE webhooks SET name = :name, secret = :secret WHERE id = :id"))
    tx.execute(change, name=name, secret=secret, id=webhook_id)
    lane_control.reload_target(tx, webhook_id)


def as_received(sending: SentRequest) -> Delivery:
    return Delivery({name.lower(): value for name, value in sending.headers.items()}, sending.body)


async def test_a_webhook_deleted_during_a_send_gets_no_more_payloads(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    deleted = backlog.add_webhook(OTHER_URI)
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        for sending in await network.take(2):
            if sending.uri == OTHER_URI:
                deleted.write(delete, deleted.webhook_id)
            sending.respond()
        following = await network.next()
        following.respond()
        await settled(backlog, 3)
        assert network.is_quiet()

    assert following.uri == URI


def delete(tx: Transaction, webhook_id: int) -> None:
    for table, column in (("subscriptions", "webhook_id"), ("webhooks", "id")):
        tx.execute(Statement(text(f"DELETE FROM {table} WHERE {column} = :id")), id=webhook_id)
    lane_control.delete_lane(tx, webhook_id)


async def test_after_a_crash_only_payloads_in_flight_are_sent_again(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network) as running:
        backlog.record("tag.created", "tag.updated", "tag.deleted")
        (await network.next()).respond()
        lost = await network.next()
        await running.crash()
    async with running_worker(database, network, network):
        again = await network.next()
        again.respond()
        last = await network.next()

    assert (again.sequence, again.attempt) == (2, 1)
    assert (again.payload_id, again.body) == (lost.payload_id, lost.body)
    assert last.sequence == 3


async def test_a_stopped_worker_settles_its_sends_and_releases_its_lanes(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network) as running:
        backlog.record("tag.created", "tag.updated")
        sending = await network.next()
        running.worker.stop()
        backlog.control(one_offs.ping)
        sending.respond()
        await running.task

    assert network.is_quiet()
    assert lane_of(backlog).head_sequence == 2
    assert attempts_of(backlog) == [(1, 1, 200)]
    assert database.read_now(leases.lease_holders) == set()
    assert database.read_now(leases.check_due, SECOND).is_any_due


async def test_a_running_worker_renews_its_leases(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        sending = await network.next()
        assert lane_of(backlog).lease_expires_at == clock.now() + 60_000_000
        clock.advance(100)
        await eventually(database, lambda tx: read_lane(tx, backlog).lease_expires_at, clock.now() + 60_000_000)
        sending.respond()
        await settled(backlog, 2)


async def test_a_ping_is_sent_in_any_lane_state_and_delays_nothing(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    backlog.control(lane_control.disable, "by_user")
    async with running_worker(database, network, network):
        backlog.control(one_offs.ping)
        ping = await network.next()
        assert "X-Hourhook-Sequence" not in ping.headers
        backlog.control(lane_control.enable)
        backlog.record("tag.created")

        assert (await network.next()).sequence == 1


async def test_one_offs_survive_a_crash(backlog: Backlog, database: Database, network: FakeTransport) -> None:
    async with running_worker(database, network, network) as running:
        backlog.control(one_offs.ping)
        lost = await network.next()
        await running.crash()
    async with running_worker(database, network, network):
        again = await network.next()
        again.respond(500)
        # One attempt only: the next request is another ping.
        backlog.control(one_offs.ping)
        other = await network.next()

    assert (again.payload_id, again.body) == (lost.payload_id, lost.body)
    assert other.payload_id != lost.payload_id


async def test_a_redelivery_continues_numbers_and_does_not_affect_its_lane(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        first = await network.next()
        first.respond()
        await settled(backlog, 2)
        backlog.control(one_offs.redeliver, first.payload_id, 1)
        again = await network.next()
        backlog.record("tag.updated")
        second = await network.next()
        again.respond(410)
        second.respond()
        await settled(backlog, 3)

    assert (again.sequence, again.attempt, again.body) == (1, 2, first.body)
    assert second.sequence == 2
    assert lane_of(backlog).enabled


async def test_a_hanging_destination_leaves_slots_for_others(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    for _ in range(29):
        backlog.add_webhook(URI, ["tag.created"])
    other = make_backlog(database, "southwind")
    other.set_uri(OTHER_URI)
    network.responses = {OTHER_URI: 200}
    async with running_worker(database, network, network, limits=FEW):
        backlog.record("tag.created")
        await network.take(FEW.lanes.per_destination)
        other.record("tag.created", "tag.updated")
        await settled(other, 3)

    assert sum(sending.uri == URI for sending in network.sent) == FEW.lanes.per_destination


async def test_failing_lanes_take_no_slots_of_succeeding_ones(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    other = add_hanging_lanes(backlog, database, network)
    database.run_now(lambda tx: tx.execute(_HAVE_FAILED, account=backlog.account_id))
    async with running_worker(database, network, network, limits=FEW):
        await network.take(FEW.lanes.failing)
        # The clock is stopped, so no slot becomes slow.
        other.record("tag.created")
        await settled(other, 2)


async def test_slow_sends_free_ordinary_slots(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    other = add_hanging_lanes(backlog, database, network)
    async with running_worker(database, network, network, limits=FEW):
        await network.take(FEW.lanes.ordinary)
        clock.advance(2)
        other.record("tag.created")
        await settled(other, 2)


def add_hanging_lanes(backlog: Backlog, database: Database, network: FakeTransport) -> Backlog:
    """Add 30 lanes whose receivers hang, and return one whose receiver responds."""
    for number in range(29):
        # Several destinations, because one cannot take all slots.
        backlog.add_webhook(f"http://127.0.0.{1 + number % 3}:9/hook", ["tag.created"])
    backlog.record("tag.created")
    other = make_backlog(database, "southwind")
    other.set_uri(OTHER_URI)
    network.responses = {OTHER_URI: 200}
    return other


async def test_lanes_beyond_the_first_batch_are_served(
    backlog: Backlog, database: Database, network: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cycles, "LEASE_BATCH", 8)
    for _ in range(39):
        backlog.add_webhook(URI)
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        # No send ends, no lane is released, and no poll is due.
        first = await network.take(40)
        network.responses = {URI: 200}
        for sending in first:
            sending.respond()
        second = await network.take(40)

    assert len({sending.payload_id for sending in (*first, *second)}) == 80


async def test_a_lane_with_a_long_backlog_does_not_starve_others(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    network.responses = {URI: 200}
    for _ in range(119):
        backlog.add_webhook(URI, ["user.created"])
    async with running_worker(database, network, network):
        backlog.record(*["tag.created"] * 200, "user.created")
        await eventually(database, lambda tx: read_lane(tx, backlog).head_sequence, 202)
        await eventually(database, lambda tx: leases.check_due(tx, SECOND).is_any_due, False)

    assert sequences([sending for sending in network.sent if sending.payload["type"] == "tag.created"]) == [
        *range(1, 201)
    ]
    assert len(network.sent) == 320


async def test_a_lane_yields_its_slot_after_consecutive_sends(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_per_destination = WorkerLimits(lanes=replace(LANE_SLOTS, per_destination=1))
    monkeypatch.setattr(cycles, "LEASE_BATCH", 1)
    monkeypatch.setattr(worker, "MAX_CONSECUTIVE_SENDS", 4)
    waiting = backlog.add_webhook(URI, ["user.created"])
    backlog.record(*["tag.created"] * 20)
    clock.advance(0.01)
    backlog.record("user.created")
    async with running_worker(database, network, network, limits=one_per_destination):
        first = await network.next()
        clock.advance(0.01)
        network.responses = {URI: 200}
        first.respond()
        await settled(backlog, 22)
        await settled(waiting, 2)

    recipients = [sending.payload["webhook"]["id"] for sending in network.sent]
    assert recipients.index(waiting.webhook_id) == 4


async def test_pings_of_a_hanging_receiver_delay_no_other_webhook_of_its_host(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    for _ in range(2 * ONE_OFF_SLOTS.total):
        backlog.control(one_offs.ping)
    neighbour = f"{URI}/neighbour"
    network.responses = {neighbour: 200}
    backlog.add_webhook(neighbour).control(one_offs.ping)

    async with running_worker(database, network, network):
        await eventually(database, lambda _: sorted(sent.uri for sent in network.sent), [URI, neighbour])


async def test_a_webhook_sends_its_one_offs_one_after_the_other(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    pings = [backlog.control(one_offs.ping) for _ in range(3)]

    async with running_worker(database, network, network):
        for payload_id in pings:
            sending = await network.next()
            assert sending.payload_id == payload_id
            assert network.is_quiet()
            sending.respond()


async def test_one_offs_of_one_destination_do_not_take_all_slots(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    network.responses = {OTHER_URI: 200}
    for _ in range(ONE_OFF_SLOTS.total):
        backlog.add_webhook(URI).control(one_offs.ping)
    backlog.add_webhook(OTHER_URI).control(one_offs.ping)

    async with running_worker(database, network, network):
        await eventually(database, lambda _: [sent.uri for sent in network.sent].count(OTHER_URI), 1)

    assert [sent.uri for sent in network.sent].count(URI) == ONE_OFF_SLOTS.per_destination


async def test_hanging_pings_of_many_destinations_leave_room_for_others(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    hanging = [backlog.add_webhook(f"http://127.0.0.1:{port}/") for port in range(20_000, 20_000 + 80)]
    healthy = backlog.add_webhook(OTHER_URI)
    network.responses = {OTHER_URI: 200}
    async with running_worker(database, network, network) as running:
        for one in hanging:
            one.control(one_offs.ping)
        await network.take(ONE_OFF_SLOTS.ordinary)
        assert network.is_quiet()
        # They become slow.
        clock.advance(2)
        running.worker.wake()
        await network.take(80 - ONE_OFF_SLOTS.ordinary)
        healthy.control(one_offs.ping)

        assert (await network.next()).uri == OTHER_URI


async def test_the_observer_is_notified_of_every_attempt(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network) as running:
        backlog.record("tag.created")
        first = await network.next()
        first.respond(500)
        await failed(backlog, 1)
        clock.advance(11)
        running.worker.wake()
        (await network.next()).respond()
        await settled(backlog, 2)
        backlog.control(one_offs.ping)
        ping = await network.next()
        ping.respond(None)
        await eventually(database, lambda _: len(network.observed), 3)

    assert network.observed == [(first.payload_id, 1, 500), (first.payload_id, 2, 200), (ping.payload_id, 1, None)]


async def test_a_webhook_whose_secret_cannot_be_read_stalls_alone(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    broken = make_backlog(database, "southwind")
    foreign = Keyring("another key of the tests").encrypt("secret")
    database.run_now(lambda tx: tx.execute(SET_SECRET, id=broken.webhook_id, secret=foreign))
    network.responses[URI] = 200
    async with running_worker(database, network, network):
        broken.record("tag.created")
        await eventually(database, lambda tx: read_lane(tx, broken).stalled, 1)
        backlog.record("tag.created")
        await settled(backlog, 2)

    assert sequences(network.sent) == [1]
    assert attempts_of(broken) == [(1, 1, None)]
    assert database.read_now(lambda tx: tx.value(ERROR)) == "secret"


def _hold_lane(tx: Transaction, webhook_id: int, is_free: threading.Event) -> None:
    tx.one(Statement(text("SELECT 1 AS one FROM lanes WHERE webhook_id = :id FOR NO KEY UPDATE")), id=webhook_id)
    is_free.wait(timeout=20)


def _is_lane_locked(tx: Transaction) -> bool:
    return bool(tx.value(_LANE_LOCKS))


_LANE_LOCKS = Statement(
    text("SELECT count(*) FROM pg_locks WHERE mode = 'RowShareLock' AND relation = CAST('lanes' AS regclass)")
)
_HAVE_FAILED = Statement(update(lanes).where(lanes.c.account_id == bindparam("account")).values(last_succeeded=False))
