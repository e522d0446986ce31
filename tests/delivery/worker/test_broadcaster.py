"""The broadcaster, with a scripted network: timing, order, failures and shutdown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psycopg
import pytest

from hourhook.crypto import Keyring
from hourhook.delivery import signing
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import broadcaster
from hourhook.delivery.worker.broadcaster import Broadcaster
from hourhook.store.database import Database
from tests.conftest import Logged
from tests.support.broadcast_audiences import OTHER_TIMER, TIMER, URI, Audience, make_audience, read_pending
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.scripted_transport import PATIENCE_SECONDS, FakeTransport, SentRequest, eventually
from tests.support.signatures import is_signed
from tests.support.statements import Statements, capture_statements
from tests.support.webhook_receiver import Delivery

pytestmark = pytest.mark.anyio

OTHER_URI = "http://127.0.0.1:10/broadcasts"
SWITCH = ((TIMER, "timer.paused"), (OTHER_TIMER, "timer.running"))


@pytest.fixture
def audience(database: Database) -> Audience:
    return make_audience(database)


@dataclass
class RunningBroadcaster:
    """A running broadcaster and what it reports: receiver, event and status."""

    broadcaster: Broadcaster
    task: asyncio.Task[None]
    observed: list[tuple[int, str, int | None]] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)

    def advance_time(self, seconds: float) -> None:
        """Advance the clock and wake the broadcaster."""
        self.clock.advance(seconds)
        self.broadcaster.wake()

    async def stop(self) -> None:
        """Stop the broadcaster gracefully."""
        self.broadcaster.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.task


class RecordingObserver(list[tuple[int, str, int | None]]):
    """An observer that records what it is given."""

    def broadcast_finished(self, key: tuple[int, int], last_event: str, outcome: Outcome, /) -> None:
        self.append((key[1], last_event, outcome.status))


@asynccontextmanager
async def run_broadcaster(
    database: Database, clock: FakeClock, network: FakeTransport
) -> AsyncIterator[RunningBroadcaster]:
    """Run a broadcaster; it is killed at the end unless it was stopped."""
    observer = RecordingObserver()
    working = Broadcaster(database, network, DEPENDENCIES.keyring, interval_seconds=5, observer=observer)
    running = RunningBroadcaster(working, asyncio.create_task(working.run()), observer, clock)
    try:
        yield running
    finally:
        if not running.task.done():
            running.task.cancel()
            with suppress(asyncio.CancelledError):
                await running.task


def events(sent: list[SentRequest]) -> list[str]:
    return [sending.payload["last_event"] for sending in sent]


async def all_finished(running: RunningBroadcaster, count: int) -> None:
    """Wait until this many broadcasts have finished."""
    await eventually(running.broadcaster._database, lambda _: len(running.observed), count)


async def test_broadcasts_are_sent_one_interval_after_the_first_change(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    audience.add_receiver()
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes((TIMER, "timer.running"))
        running.advance_time(4.9)
        audience.record_changes((TIMER, "timer.paused"))
        await eventually(database, lambda tx: len(read_pending(tx)), 1)
        assert network.is_quiet()
        running.advance_time(0.1)

        assert events([await network.next()]) == ["timer.paused"]
        assert audience.pending() == []


async def test_a_receiver_gets_its_broadcasts_one_after_the_other(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    audience.add_receiver()
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes(*SWITCH)
        running.advance_time(5)
        first = await network.next()
        assert first.payload["last_event"] == "timer.paused"
        await settled(database)
        assert network.is_quiet()
        first.respond(500)

        second = await network.next()
        assert second.payload["last_event"] == "timer.running"
        assert first.headers["webhook-id"] != second.headers["webhook-id"]


async def test_a_hanging_receiver_delays_only_its_own_broadcasts(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    audience.add_receiver(URI)
    audience.add_receiver(OTHER_URI)
    network.responses = {OTHER_URI: 200}
    async with run_broadcaster(database, clock, network) as running:
        hanging: SentRequest | None = None
        for event in ("timer.running", "timer.paused", "timer.stopped"):
            audience.record_changes((TIMER, event))
            running.advance_time(5)
            for sending in await network.take(1 if hanging else 2):
                assert sending.payload["last_event"] == event
                if sending.uri == URI:
                    hanging = sending
        assert hanging is not None
        hanging.respond()

        late = await network.next()
        assert (late.uri, late.payload["last_event"]) == (URI, "timer.stopped")
        assert network.is_quiet()


@pytest.mark.parametrize("status", [500, 302, 410, None])
async def test_a_failed_broadcast_is_observed_and_not_retried(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock, status: int | None
) -> None:
    id = audience.add_receiver()
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes((TIMER, "timer.running"))
        running.advance_time(5)
        (await network.next()).respond(status)
        await all_finished(running, 1)
        for _ in range(3):
            running.advance_time(5)
        audience.record_changes((TIMER, "timer.paused"))
        running.advance_time(5)
        (await network.next()).respond()
        await all_finished(running, 2)

        assert running.observed == [(id, "timer.running", status), (id, "timer.paused", 200)]
        assert len(network.sent) == 2


async def test_broadcasts_pending_at_the_start_are_sent(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    clock.advance(3600)
    async with run_broadcaster(database, clock, network):
        assert events([await network.next()]) == ["timer.running"]


async def test_a_crash_loses_broadcasts_in_flight_and_keeps_pending_ones(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    audience.add_receiver()
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes((TIMER, "timer.running"))
        running.advance_time(5)
        await network.next()
        audience.record_changes((OTHER_TIMER, "timer.running"))
    clock.advance(5)
    async with run_broadcaster(database, clock, network):
        sending = await network.next()

    assert sending.payload["subject"]["url"] == OTHER_TIMER
    assert len(network.sent) == 2


async def test_two_broadcasters_send_nothing_twice_or_out_of_order(
    audience: Audience, database: Database, other_database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    ids = [audience.add_receiver() for _ in range(100)]
    network.responses = {URI: 200}
    async with (
        run_broadcaster(database, clock, network) as one,
        run_broadcaster(other_database, clock, network) as other,
    ):
        for count in range(1, 4):
            audience.record_changes(*SWITCH)
            clock.advance(5)
            one.broadcaster.wake()
            other.broadcaster.wake()
            await eventually(database, lambda _: len(one.observed) + len(other.observed), count * 200)
            for observed in (one.observed, other.observed):
                for id in {receiver for receiver, _, _ in observed}:
                    mine = [event for receiver, event, _ in observed if receiver == id]
                    assert mine == ["timer.paused", "timer.running"] * (len(mine) // 2)
        assert sorted(receiver for receiver, _, _ in one.observed + other.observed) == sorted(ids * 6)


async def test_more_receivers_than_a_batch_are_all_served(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    ids = {audience.add_receiver(URI if number % 2 else OTHER_URI) for number in range(200)}
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes((TIMER, "timer.running"))
        running.advance_time(5)
        sent = await network.take(200)

    assert {sending.payload["broadcast_receiver"]["id"] for sending in sent} == ids


async def test_a_hanging_destination_does_not_take_all_slots(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    for _ in range(300):
        audience.add_receiver(URI)
    audience.add_receiver(OTHER_URI)
    network.responses = {OTHER_URI: 200}
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes((TIMER, "timer.running"))
        running.advance_time(5)
        while (await network.next()).uri != OTHER_URI:
            pass
        await all_finished(running, 1)

    assert len(network.sent) < 256


async def test_an_idle_broadcaster_queries_once_per_interval(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    audience.add_receiver()
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes((TIMER, "timer.running"))
        running.advance_time(5)
        (await network.next()).respond()
        await all_finished(running, 1)
        # In the first interval it may query once more for changes made while it sent.
        for is_counted in (False, True, True, True):
            with capture_statements(database) as statements:
                running.advance_time(5)
                looked = (clock.now() + 5_000_000, True)
                await eventually(database, lambda _: (running.broadcaster._next_look_at, bool(own(statements))), looked)
                await settled(database)
            with capture_statements(database) as no_statements:
                for _ in range(40):
                    running.advance_time(0.1)
                    await asyncio.sleep(0)

            if is_counted:
                assert len(own(statements)) == 1, str(statements)
                assert no_statements == []


async def settled(database: Database) -> None:
    """Wait long enough for a few looks; if it is not enough, the test sees less, but does not fail."""
    for _ in range(20):
        await database.read(read_pending)


def own(statements: Statements) -> list[str]:
    """Return the statements that are not of ``settled``."""
    return [statement for statement in statements if "ORDER BY broadcasts.broadcast_receiver_id" not in statement]


async def test_a_clock_set_back_does_not_delay_broadcasts(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    audience.add_receiver()
    async with run_broadcaster(database, clock, network) as running:
        running.advance_time(3600)
        await eventually(database, lambda _: running.broadcaster._next_look_at, clock.now() + 5_000_000)
        clock.advance(-3600)
        audience.record_changes((TIMER, "timer.running"))
        running.advance_time(5)

        assert events([await network.next()]) == ["timer.running"]


async def test_claimed_broadcasts_use_the_receivers_current_settings(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    id = audience.add_receiver()
    secret = signing.new_secret()
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes(*SWITCH)
        running.advance_time(5)
        first = await network.next()
        audience.update_receiver(id, name="Another", payload_uri=OTHER_URI, secret=DEPENDENCIES.keyring.encrypt(secret))
        first.respond()
        second = await network.next()

    assert (first.uri, second.uri) == (URI, OTHER_URI)
    assert [each.payload["broadcast_receiver"]["name"] for each in (first, second)] == ["Receiver", "Another"]
    assert [is_signed(as_received(each), secret) for each in (first, second)] == [False, True]


def as_received(sending: SentRequest) -> Delivery:
    return Delivery({name.lower(): value for name, value in sending.headers.items()}, sending.body)


async def test_a_receiver_disabled_meanwhile_gets_no_more_broadcasts(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    id, other = audience.add_receiver(), audience.add_receiver()
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes(*SWITCH)
        running.advance_time(5)
        first = await network.take(2)
        audience.update_receiver(id, enabled=False)
        for sending in first:
            sending.respond()
        second = await network.next()
        second.respond()
        await all_finished(running, 3)
        assert network.is_quiet()

    assert second.payload["broadcast_receiver"]["id"] == other


async def test_a_stopped_broadcaster_sends_claimed_broadcasts_only(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    id = audience.add_receiver()
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes(*SWITCH)
        running.advance_time(5)
        first = await network.next()
        running.broadcaster.stop()
        audience.record_changes((TIMER, "timer.stopped"))
        running.advance_time(5)
        first.respond()
        second = await network.next()
        second.respond()
        await running.stop()

    assert running.observed == [(id, "timer.paused", 200), (id, "timer.running", 200)]
    assert audience.pending() == [(id, TIMER, "timer.stopped")]


async def test_a_hanging_receiver_does_not_block_shutdown(
    audience: Audience,
    database: Database,
    network: FakeTransport,
    clock: FakeClock,
    logged: Logged,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(broadcaster, "DRAIN_SECONDS", 0.05)
    id = audience.add_receiver()
    async with run_broadcaster(database, clock, network) as running:
        audience.record_changes(*SWITCH)
        running.advance_time(5)
        await network.next()
        await running.stop()

    assert [(line["event"], line["broadcast_receiver"]) for line in logged] == [("broadcasts dropped", id)]
    assert len(network.sent) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_database_outage_loses_no_pending_broadcast(
    audience: Audience, database: Database, database_url: str, network: FakeTransport, clock: FakeClock, logged: Logged
) -> None:
    audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    name = urlsplit(database_url).path[1:]
    with psycopg.connect(database_url.replace(f"/{name}", "/postgres"), autocommit=True) as operator:
        async with run_broadcaster(database, clock, network) as running:
            await settled(database)
            operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            try:
                operator.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
                running.advance_time(5)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while not any(line["event"] == "broadcasts postponed" for line in logged):
                        await asyncio.to_thread(operator.execute, "SELECT 1")
            finally:
                operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

            assert events([await network.next()]) == ["timer.running"]


async def test_an_idle_broadcaster_stops_immediately(
    database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with run_broadcaster(database, clock, network) as running:
        await running.stop()


async def test_an_undecryptable_secret_is_logged_and_delays_no_others(
    audience: Audience, database: Database, network: FakeTransport, clock: FakeClock, logged: Logged
) -> None:
    locked, other = audience.add_receiver(), audience.add_receiver()
    audience.update_receiver(locked, secret=Keyring("another key of the tests").encrypt(signing.new_secret()))
    async with run_broadcaster(database, clock, network) as running:
        for event in ("timer.running", "timer.paused"):
            audience.record_changes((TIMER, event))
            running.advance_time(5)
            sending = await network.next()
            sending.respond()
            assert (sending.payload["broadcast_receiver"]["id"], sending.payload["last_event"]) == (other, event)
        await running.stop()

    said = [line for line in logged if line["event"] == "broadcast not signed"]
    assert [line["broadcast_receiver"] for line in said] == [locked, locked]
    assert "HOURHOOK_SECRET_KEY" in said[0]["error"]
