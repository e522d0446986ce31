"""The worker, on a network in the test's hand or before real receivers."""

import asyncio
import threading
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import bindparam, text, update

from hourhook.crypto import Keyring
from hourhook.delivery import lane_control, one_offs, signing
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.delivery.worker import leases, slots, worker
from hourhook.errors import OperatorError
from hourhook.store.database import Database
from hourhook.store.schema import lanes
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

OTHER_URI = "http://127.0.0.1:10/hook"
HANGING = 50


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


@pytest.fixture
async def network(database: Database) -> FakeTransport:
    return FakeTransport(database)


def sequences(sent: list[SentRequest]) -> list[int | None]:
    return [sending.sequence for sending in sent]


async def settled(backlog: Backlog, head_sequence: int) -> None:
    """Wait until the head is this one, and what was tried before it is settled."""
    await eventually(backlog.database, lambda tx: read_lane(tx, backlog).head_sequence, head_sequence)


async def failed(backlog: Backlog, attempts_count: int) -> None:
    """Wait until so many attempts of the head have failed."""
    await eventually(backlog.database, lambda tx: read_lane(tx, backlog).attempts_count, attempts_count)


async def test_a_healthy_receiver_gets_everything_while_fifty_others_hang(
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


async def test_a_receiver_that_is_down_holds_its_own_lane_only_and_catches_up_in_order(
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


async def test_a_lane_has_one_payload_on_the_wire_and_the_next_goes_out_once_that_is_settled(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
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


async def test_events_that_happen_while_a_payload_is_on_the_wire_follow_it(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        first = await network.next()
        backlog.record("tag.updated")
        assert network.is_quiet()
        first.respond()

        assert (await network.next()).payload["type"] == "tag.updated"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_lane_that_was_locked_as_its_result_came_goes_on_without_anybody_telling(
    backlog: Backlog, database: Database, network: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 3600)
    is_free = threading.Event()
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        first = await network.next()
        holding_it = asyncio.create_task(database.write(backlog.account_id, _hold_lane, backlog.webhook_id, is_free))
        await eventually(database, _is_lane_locked, True)
        first.respond()
        await eventually(database, lambda _: len(network.observed), 1)
        # Long enough for a turn, mostly; where it is not, there is less to see, and nothing goes wrong.
        for _ in range(10):
            await database.read(_is_lane_locked)
        is_free.set()
        await holding_it

        assert (await network.next()).sequence == 2


async def test_no_transaction_is_open_while_a_request_is_on_the_wire(
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


async def test_results_that_come_together_are_settled_together(
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


async def test_a_failure_is_tried_again_when_the_schedule_says_with_the_same_id_and_bytes(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network) as at_work:
        backlog.record("tag.created")
        sent = []
        for attempt, delay in ((1, 10), (2, 20), (3, 40)):
            sent.append(await network.next())
            sent[-1].respond(None if attempt == 2 else 500)
            await failed(backlog, attempt)
            waits = (lane_of(backlog).due_at - clock.now()) / 1_000_000
            assert 0.9 * delay <= waits <= 1.1 * delay
            clock.advance(0.9 * delay - 1)
            # What is asked for after the lanes are looked at goes out after whatever was due.
            await pinged(backlog, network)
            clock.advance(0.2 * delay + 1)
            at_work.worker.wake()
        sent.append(await network.next())

    assert [sending.attempt for sending in sent] == [1, 2, 3, 4]
    assert len({(sending.payload_id, sending.body) for sending in sent}) == 1
    assert attempts_of(backlog) == [(1, 1, 500), (1, 2, None), (1, 3, 500)]


async def pinged(backlog: Backlog, network: FakeTransport) -> None:
    """Have a ping sent, before which whatever is due would be sent."""
    backlog.control(one_offs.ping)
    ping = await network.next()
    assert ping.payload["type"] == "webhook.ping"
    ping.respond()


async def test_a_retry_that_is_due_needs_no_hint(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        (await network.next()).respond(500)
        await failed(backlog, 1)
        clock.advance(11)

        assert (await network.next()).attempt == 2


async def test_a_hint_that_is_lost_loses_no_event(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network):
        await pinged(backlog, network)
        database.wake = deaf
        backlog.record("tag.created")
        clock.advance(1)

        assert (await network.next()).sequence == 1


def deaf() -> None:
    """Nobody hears it."""


async def test_after_the_window_a_lane_stalls_and_hears_nothing_until_it_is_enabled(
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
    """Have attempts fail until the window ends; returns how many."""
    backlog.record("tag.created")
    attempt = 0
    while not lane_of(backlog).stalled:
        attempt += 1
        (await network.next()).respond(500)
        await failed(backlog, attempt)
        clock.advance(45)
        backlog.database.wake()
    assert attempt in (4, 5)
    return attempt


async def test_a_retry_by_hand_that_fails_leaves_a_lane_stalled_and_one_that_succeeds_sets_it_going(
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


async def test_a_receiver_that_is_gone_disables_its_lane_and_what_waits_goes_on_waiting(
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


async def test_a_result_of_a_lane_that_was_steered_meanwhile_moves_nothing(
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
        # What was sent as the second attempt was never written down, so it is the first that was.
        assert second_again.attempt == 1


async def test_a_disabled_lane_sends_no_more_though_it_was_being_worked(
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


async def test_a_new_address_is_sent_to_from_the_next_attempt_on(
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


async def test_a_new_name_and_a_new_secret_hold_from_the_next_attempt_on_also_for_what_was_read_ahead(
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


async def test_a_webhook_that_is_deleted_while_its_payload_is_on_the_wire_hears_nothing_more(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    doomed = backlog.add_webhook(OTHER_URI)
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        for sending in await network.take(2):
            if sending.uri == OTHER_URI:
                doomed.write(delete, doomed.webhook_id)
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


async def test_after_a_crash_what_was_on_the_wire_is_sent_again_with_the_same_id_and_bytes_and_nothing_else_is(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network) as at_work:
        backlog.record("tag.created", "tag.updated", "tag.deleted")
        (await network.next()).respond()
        lost = await network.next()
        await at_work.crash()
    async with running_worker(database, network, network):
        again = await network.next()
        again.respond()
        last = await network.next()

    assert (again.sequence, again.attempt) == (2, 1)
    assert (again.payload_id, again.body) == (lost.payload_id, lost.body)
    assert last.sequence == 3


async def test_a_worker_that_is_stopped_settles_what_is_on_the_wire_and_gives_its_lanes_back(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network) as at_work:
        backlog.record("tag.created", "tag.updated")
        sending = await network.next()
        at_work.worker.stop()
        backlog.control(one_offs.ping)
        sending.respond()
        await at_work.task

    assert network.is_quiet()
    assert lane_of(backlog).head_sequence == 2
    assert attempts_of(backlog) == [(1, 1, 200)]
    assert database.read_now(leases.lease_holders) == set()
    assert database.read_now(leases.is_any_due, database.clock.now())


async def test_a_worker_puts_off_the_end_of_its_leases_as_long_as_it_works(
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


async def test_a_ping_goes_out_whatever_the_state_of_the_lane_and_holds_nothing_up(
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


async def test_errands_outlive_a_crash(backlog: Backlog, database: Database, network: FakeTransport) -> None:
    async with running_worker(database, network, network) as at_work:
        backlog.control(one_offs.ping)
        lost = await network.next()
        await at_work.crash()
    async with running_worker(database, network, network):
        again = await network.next()
        again.respond(500)
        # One attempt each: what comes after it is another ping.
        backlog.control(one_offs.ping)
        other = await network.next()

    assert (again.payload_id, again.body) == (lost.payload_id, lost.body)
    assert other.payload_id != lost.payload_id


async def test_a_payload_that_is_sent_once_more_counts_its_attempts_on_and_leaves_the_lane_alone(
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


async def test_many_lanes_that_hang_at_one_destination_leave_seats_for_others(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    for _ in range(299):
        backlog.add_webhook(URI, ["tag.created"])
    other = make_backlog(database, "southwind")
    other.set_uri(OTHER_URI)
    network.responses = {OTHER_URI: 200}
    async with running_worker(database, network, network):
        backlog.record("tag.created")
        # A batch at a time.
        for _ in range(2):
            await network.take(96)
            backlog.database.wake()
        clock.advance(0.5)
        other.record("tag.created", "tag.updated")
        await settled(other, 3)

    assert sum(sending.uri == URI for sending in network.sent) < 256


async def test_lanes_that_failed_before_take_no_seat_of_those_that_succeed(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    other = beside_many_that_hang(backlog, database, network)
    database.run_now(lambda tx: tx.execute(_HAVE_FAILED, account=backlog.account_id))
    async with running_worker(database, network, network):
        await take_all_seats(database, network)
        # Time stands still, so no seat is given up for being slow.
        other.record("tag.created")
        await settled(other, 2)


async def test_sends_that_take_their_time_make_room_for_others(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    other = beside_many_that_hang(backlog, database, network)
    async with running_worker(database, network, network):
        await take_all_seats(database, network)
        clock.advance(2)
        other.record("tag.created")
        await settled(other, 2)


def beside_many_that_hang(backlog: Backlog, database: Database, network: FakeTransport) -> Backlog:
    """A lane whose receiver answers, beside 300 with something for receivers that do not."""
    for number in range(299):
        # Several destinations, since none may take all seats anyhow.
        backlog.add_webhook(f"http://127.0.0.{1 + number % 3}:9/hook", ["tag.created"])
    backlog.record("tag.created")
    other = make_backlog(database, "southwind")
    other.set_uri(OTHER_URI)
    network.responses = {OTHER_URI: 200}
    return other


async def take_all_seats(database: Database, network: FakeTransport) -> None:
    """Have as many sends hang as there are seats of one kind, a batch at a time."""
    for count in (96, 96, 64):
        await network.take(count)
        database.wake()


async def test_lanes_beyond_the_first_batch_get_their_turn(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    for _ in range(119):
        backlog.add_webhook(URI)
    network.responses = {URI: 200}
    async with running_worker(database, network, network):
        backlog.record("tag.created", "tag.updated")
        sent = await network.take(240)

    assert len({sending.payload_id for sending in sent}) == 240


async def test_a_long_backlog_makes_room_for_lanes_that_wait_for_a_seat(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    network.responses = {URI: 200}
    for _ in range(119):
        backlog.add_webhook(URI, ["user.created"])
    async with running_worker(database, network, network):
        backlog.record(*["tag.created"] * 200, "user.created")
        await eventually(database, lambda tx: read_lane(tx, backlog).head_sequence, 202)
        await eventually(database, lambda tx: leases.is_any_due(tx, database.clock.now()), False)

    assert sequences([sending for sending in network.sent if sending.payload["type"] == "tag.created"]) == [
        *range(1, 201)
    ]
    assert len(network.sent) == 320


async def test_a_lane_with_much_to_send_gives_its_seat_up_now_and_then(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "SLOTS_PER_DESTINATION", 1)
    monkeypatch.setattr(worker, "LEASE_BATCH", 1)
    monkeypatch.setattr(worker, "MAX_CONSECUTIVE_SENDS", 4)
    patient = backlog.add_webhook(URI, ["user.created"])
    backlog.record(*["tag.created"] * 20)
    clock.advance(0.01)
    backlog.record("user.created")
    async with running_worker(database, network, network):
        first = await network.next()
        clock.advance(0.01)
        network.responses = {URI: 200}
        first.respond()
        await settled(backlog, 22)
        await settled(patient, 2)

    heard = [sending.payload["webhook"]["id"] for sending in network.sent]
    assert heard.index(patient.webhook_id) == 4


async def test_whoever_keeps_figures_is_told_of_every_attempt(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network) as at_work:
        backlog.record("tag.created")
        first = await network.next()
        first.respond(500)
        await failed(backlog, 1)
        clock.advance(11)
        at_work.worker.wake()
        (await network.next()).respond()
        await settled(backlog, 2)
        backlog.control(one_offs.ping)
        ping = await network.next()
        ping.respond(None)
        await eventually(database, lambda _: len(network.observed), 3)

    assert network.observed == [(first.payload_id, 1, 500), (first.payload_id, 2, 200), (ping.payload_id, 1, None)]


async def test_with_another_key_than_the_secrets_were_made_with_a_worker_ends_and_says_what_to_do(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network, Keyring("another key of the tests")) as at_work:
        backlog.record("tag.created")
        problem = pytest.RaisesExc(OperatorError, match="HOURHOOK_SECRET_KEY")
        with pytest.RaisesGroup(problem, allow_unwrapped=True):
            await at_work.task

    assert network.sent == []
    assert lane_of(backlog).head_sequence == 1


def _hold_lane(tx: Transaction, webhook_id: int, is_free: threading.Event) -> None:
    tx.one(Statement(text("SELECT 1 AS one FROM lanes WHERE webhook_id = :id FOR NO KEY UPDATE")), id=webhook_id)
    is_free.wait(timeout=20)


def _is_lane_locked(tx: Transaction) -> bool:
    return bool(tx.value(_LANE_LOCKS))


_LANE_LOCKS = Statement(
    text("SELECT count(*) FROM pg_locks WHERE mode = 'RowShareLock' AND relation = CAST('lanes' AS regclass)")
)
_HAVE_FAILED = Statement(update(lanes).where(lanes.c.account_id == bindparam("account")).values(last_succeeded=False))
