"""Pending broadcasts: one for each receiver and changed object, claimed once."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from hourhook.clock import DAY, SECOND
from hourhook.delivery import broadcasts
from hourhook.delivery.broadcasts import Broadcast, ClaimedBroadcasts
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.broadcast_audiences import OTHER_TIMER, TIMER, Audience, make_audience
from tests.support.clocks import FakeClock
from tests.support.query_plans import plans_of
from tests.support.statements import capture_statements
from tests.support.threads import run_in_thread

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
OTHER_URI = "http://127.0.0.1:10/broadcasts"


@pytest.fixture
def audience(database: Database) -> Audience:
    return make_audience(database)


def broadcasts_by_receiver(taken: list[ClaimedBroadcasts]) -> dict[int, list[tuple[str, str]]]:
    """Return the claimed broadcasts of each receiver."""
    return {one.key[1]: [(each.url, each.last_event) for each in one.broadcasts] for one in taken}


def test_a_change_is_queued_for_each_enabled_subscribed_receiver(audience: Audience, database: Database) -> None:
    one, everything = audience.add_receiver(), audience.add_receiver(subjects=["*", "timer"])
    audience.update_receiver(audience.add_receiver(), enabled=False)
    audience.add_receiver(subjects=[])
    audience.add_receiver(subjects=["lamp"])
    make_audience(database, "southwind").add_receiver()

    audience.record_changes((TIMER, "timer.running"))

    assert audience.pending() == [(one, TIMER, "timer.running"), (everything, TIMER, "timer.running")]


def test_a_change_is_queued_for_its_subject_and_the_wildcard(audience: Audience) -> None:
    audience.add_receiver()
    listening = [audience.add_receiver(subjects=[subject]) for subject in ("lamp", "*")]

    audience.record_changes(("http://lamp", "lamp.lit"), subject="lamp")

    taken = audience.claim()
    assert [one.key[1] for one in taken] == listening
    assert {tuple(one.broadcasts) for one in taken} == {(Broadcast("lamp", "http://lamp", "lamp.lit"),)}


def test_a_rolled_back_change_queues_no_broadcast(audience: Audience) -> None:
    audience.add_receiver()

    def change_and_fail(tx: Transaction) -> None:
        broadcasts.enqueue(tx, audience.user_id, "timer", TIMER, "timer.running")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        audience.write(change_and_fail)
    assert audience.pending() == []


def test_changes_of_an_object_are_merged_in_the_order_of_the_latest(audience: Audience, clock: FakeClock) -> None:
    id = audience.add_receiver()
    started_at = clock.now()
    audience.record_changes((TIMER, "timer.pending"), (OTHER_TIMER, "timer.running"), (TIMER, "timer.running"))
    assert audience.pending() == [(id, OTHER_TIMER, "timer.running"), (id, TIMER, "timer.running")]
    clock.advance(3)
    audience.record_changes((OTHER_TIMER, "timer.stopped"))

    assert audience.pending() == [(id, TIMER, "timer.running"), (id, OTHER_TIMER, "timer.stopped")]
    assert audience.database.read_now(broadcasts.longest_wait, [], []) == 3 * SECOND
    assert audience.claim(started_at - 1) == []
    assert broadcasts_by_receiver(audience.claim(started_at)) == {
        id: [(TIMER, "timer.running"), (OTHER_TIMER, "timer.stopped")]
    }


def test_claimed_broadcasts_are_deleted_and_later_changes_wait_anew(audience: Audience, clock: FakeClock) -> None:
    id = audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    clock.advance(5)
    assert broadcasts_by_receiver(audience.claim()) == {id: [(TIMER, "timer.running")]}
    assert audience.claim() == []
    assert audience.pending() == []
    audience.record_changes((TIMER, "timer.paused"))

    assert audience.database.read_now(broadcasts.longest_wait, [], []) == 0
    assert audience.claim(clock.now() - 1) == []


def test_a_receivers_broadcasts_are_claimed_together_once_one_is_due(audience: Audience, clock: FakeClock) -> None:
    one, other = audience.add_receiver(), audience.add_receiver()
    started_at = clock.now()
    audience.record_changes((TIMER, "timer.running"))
    assert set(broadcasts_by_receiver(audience.claim(busy=[other]))) == {one}
    clock.advance(3)
    audience.record_changes((OTHER_TIMER, "timer.running"))

    assert broadcasts_by_receiver(audience.claim(started_at)) == {
        other: [(TIMER, "timer.running"), (OTHER_TIMER, "timer.running")]
    }
    assert audience.pending() == [(one, OTHER_TIMER, "timer.running")]


def test_a_broadcast_that_a_clock_ahead_added_is_due_at_once(audience: Audience, clock: FakeClock) -> None:
    id = audience.add_receiver()
    clock.advance(DAY / SECOND)
    audience.record_changes((TIMER, "timer.running"))
    clock.advance(-DAY / SECOND)

    assert audience.database.read_now(broadcasts.longest_wait, [], []) == broadcasts.FOREVER
    assert broadcasts_by_receiver(audience.claim(clock.now() - 5 * SECOND)) == {id: [(TIMER, "timer.running")]}


def test_busy_receivers_and_saturated_destinations_are_skipped(audience: Audience) -> None:
    busy, saturated, free = audience.add_receiver(), audience.add_receiver(OTHER_URI), audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    full = ["http://127.0.0.1:10"]

    assert set(broadcasts_by_receiver(audience.claim(busy=[busy], saturated=full))) == {free}
    assert audience.database.read_now(broadcasts.longest_wait, [busy], full) is None
    assert set(broadcasts_by_receiver(audience.claim())) == {busy, saturated}


def test_at_most_limit_receivers_are_claimed_longest_waiting_first(audience: Audience, clock: FakeClock) -> None:
    first = audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    clock.advance(1)
    others = [audience.add_receiver() for _ in range(3)]
    audience.record_changes((OTHER_TIMER, "timer.running"))

    assert set(broadcasts_by_receiver(audience.claim(limit=2))) == {first, others[0]}
    assert set(broadcasts_by_receiver(audience.claim(limit=2))) == set(others[1:])


def test_claimed_broadcasts_have_the_current_target(audience: Audience, database: Database) -> None:
    id = audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    audience.update_receiver(id, name="Another", payload_uri=OTHER_URI)

    [taken] = audience.claim()

    assert (taken.key, taken.target.name, taken.target.payload_uri) == ((audience.account_id, id), "Another", OTHER_URI)
    audience.update_receiver(id, name="A third")
    found = database.read_now(broadcasts.read_target, taken.key)
    assert found is not None
    assert (found.name, found.payload_uri, found.secret) == ("A third", OTHER_URI, taken.target.secret)
    audience.update_receiver(id, enabled=False)
    assert database.read_now(broadcasts.read_target, taken.key) is None


def test_pending_broadcasts_can_be_discarded_by_receiver_or_user(audience: Audience, database: Database) -> None:
    one, other = audience.add_receiver(), audience.add_receiver()
    other_audience = make_audience(database, "southwind")
    other_receiver = other_audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"), (OTHER_TIMER, "timer.paused"))
    other_audience.record_changes((TIMER, "timer.running"))

    audience.write(broadcasts.discard, one)
    assert {receiver for receiver, _, _ in audience.pending()} == {other, other_receiver}
    audience.write(broadcasts.discard_for_user, audience.user_id)
    assert {receiver for receiver, _, _ in audience.pending()} == {other_receiver}


def test_queueing_broadcasts_without_receivers_takes_one_statement(audience: Audience, database: Database) -> None:
    with capture_statements(database) as statements:
        audience.record_changes((TIMER, "timer.running"), (OTHER_TIMER, "timer.paused"))

    assert sum("broadcasts" in statement for statement in statements) == 1
    assert len(statements) == 2, "the lock of the account, and this one"


def test_no_broadcast_query_scans_a_whole_table(audience: Audience, database: Database) -> None:
    audience.add_receiver()
    with capture_statements(database) as statements:
        audience.record_changes((TIMER, "timer.running"))
        database.read_now(broadcasts.longest_wait, [], [])
        audience.claim()
        audience.write(broadcasts.discard, 1)
        database.read_now(broadcasts.read_target, (1, 1))
    insert = next(statement for statement in statements if statement.lstrip().startswith("INSERT"))
    select = insert[insert.index("SELECT") : insert.index("ON CONFLICT")]

    plans = plans_of(database, [*statements, select])

    assert len(plans) >= 6
    tables = ("broadcasts", "broadcast_receivers", "broadcast_subjects", "b", "r", "s")
    for statement, plan in plans.items():
        for line in plan.splitlines():
            whole = re.match(r"[ >-]*(?:SCAN|Seq Scan on) (\w+)", line)
            assert whole is None or whole[1] not in tables or "INDEX" in line, f"{statement}\n{plan}"


def test_two_processes_claim_each_receiver_once_and_whole(
    audience: Audience, database: Database, other_database: Database
) -> None:
    ids = [audience.add_receiver() for _ in range(40)]
    expected = [(TIMER, "timer.paused"), (OTHER_TIMER, "timer.running")]
    for round_ in range(5):
        audience.record_changes(*expected)
        barrier = threading.Barrier(2)

        def claim_all(database: Database, barrier: threading.Barrier = barrier) -> list[ClaimedBroadcasts]:
            taken: list[ClaimedBroadcasts] = []
            barrier.wait()
            while more := Audience(database, audience.account_id, audience.user_id).claim(limit=3):
                taken += more
            return taken

        with ThreadPoolExecutor(2) as threads:
            found = [*threads.map(claim_all, (database, other_database))]
        found.append(audience.claim())

        given = [one.key[1] for taken in found for one in taken]
        assert sorted(given) == ids, round_
        assert all(each == expected for taken in found for each in broadcasts_by_receiver(taken).values())


@on_postgresql
def test_rows_locked_by_another_process_are_skipped(audience: Audience, database: Database) -> None:
    changed, edited, free = audience.add_receiver(), audience.add_receiver(), audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))

    def claim_meanwhile(tx: Transaction) -> list[ClaimedBroadcasts]:
        for lock in _LOCKS:
            tx.one(lock, changed=changed, edited=edited)
        taken: list[ClaimedBroadcasts] = run_in_thread(audience.claim)
        return taken

    assert set(broadcasts_by_receiver(database.run_now(claim_meanwhile))) == {free}
    assert set(broadcasts_by_receiver(audience.claim())) == {changed, edited}


_LOCKS = [
    Statement(text("SELECT url FROM broadcasts WHERE broadcast_receiver_id = :changed FOR UPDATE")),
    Statement(text("SELECT id FROM broadcast_receivers WHERE id = :edited FOR NO KEY UPDATE")),
]


@on_postgresql
def test_a_change_during_a_claim_is_sent_the_next_time(
    audience: Audience, database: Database, clock: FakeClock
) -> None:
    id = audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    is_claimed = threading.Event()
    threads = ThreadPoolExecutor(1)

    def claim_slowly(tx: Transaction) -> list[ClaimedBroadcasts]:
        taken = broadcasts.claim(tx, waited=0, limit=1, busy=[], saturated=[])
        is_claimed.set()
        # Until the writer waits for this transaction.
        while not tx.value(_WAITS):
            pass
        return taken

    taking = threads.submit(database.run_now, claim_slowly)
    assert is_claimed.wait(10)
    audience.record_changes((TIMER, "timer.paused"))
    assert broadcasts_by_receiver(taking.result(10)) == {id: [(TIMER, "timer.running")]}
    threads.shutdown()

    assert broadcasts_by_receiver(audience.claim()) == {id: [(TIMER, "timer.paused")]}


_WAITS = Statement(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
