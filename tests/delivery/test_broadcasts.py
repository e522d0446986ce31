"""What receivers are still to be told: kept with the change, once for each thing, and given out once."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from hourhook.delivery import broadcasts
from hourhook.delivery.broadcasts import Broadcast, ClaimedBroadcasts
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import open_database
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


@pytest.fixture
def other_database(database_url: str, clock: FakeClock) -> Iterator[Database]:
    """The database, as another process has opened it."""
    opened = open_database(database_url, clock)
    yield opened
    opened.close()


def told(taken: list[ClaimedBroadcasts]) -> dict[int, list[tuple[str, str]]]:
    """What is told to each receiver."""
    return {one.key[1]: [(each.url, each.last_event) for each in one.broadcasts] for one in taken}


def test_each_enabled_receiver_that_listens_is_to_be_told(audience: Audience, database: Database) -> None:
    one, everything = audience.add_receiver(), audience.add_receiver(subjects=["*", "timer"])
    audience.update_receiver(audience.add_receiver(), enabled=False)
    audience.add_receiver(subjects=[])
    audience.add_receiver(subjects=["lamp"])
    make_audience(database, "southwind").add_receiver()

    audience.record_changes((TIMER, "timer.running"))

    assert audience.pending() == [(one, TIMER, "timer.running"), (everything, TIMER, "timer.running")]


def test_another_subject_is_for_those_that_listen_to_it_or_to_all(audience: Audience) -> None:
    audience.add_receiver()
    listening = [audience.add_receiver(subjects=[subject]) for subject in ("lamp", "*")]

    audience.record_changes(("http://lamp", "lamp.lit"), subject="lamp")

    taken = audience.claim()
    assert [one.key[1] for one in taken] == listening
    assert {tuple(one.broadcasts) for one in taken} == {(Broadcast("lamp", "http://lamp", "lamp.lit"),)}


def test_nothing_is_kept_of_a_change_that_fails(audience: Audience) -> None:
    audience.add_receiver()

    def change_and_fail(tx: Transaction) -> None:
        broadcasts.enqueue(tx, audience.user_id, "timer", TIMER, "timer.running")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        audience.write(change_and_fail)
    assert audience.pending() == []


def test_the_newest_change_counts_and_comes_in_its_turn_and_the_wait_begins_with_the_first(
    audience: Audience, clock: FakeClock
) -> None:
    id = audience.add_receiver()
    began = clock.now()
    audience.record_changes((TIMER, "timer.pending"), (OTHER_TIMER, "timer.running"), (TIMER, "timer.running"))
    assert audience.pending() == [(id, OTHER_TIMER, "timer.running"), (id, TIMER, "timer.running")]
    clock.advance(3)
    audience.record_changes((OTHER_TIMER, "timer.stopped"))

    assert audience.pending() == [(id, TIMER, "timer.running"), (id, OTHER_TIMER, "timer.stopped")]
    assert audience.database.read_now(broadcasts.waiting_since, [], []) == began
    assert audience.claim(began - 1) == []
    assert told(audience.claim(began)) == {id: [(TIMER, "timer.running"), (OTHER_TIMER, "timer.stopped")]}


def test_what_is_taken_is_gone_and_what_changes_then_waits_anew(audience: Audience, clock: FakeClock) -> None:
    id = audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    clock.advance(5)
    assert told(audience.claim()) == {id: [(TIMER, "timer.running")]}
    assert audience.claim() == []
    assert audience.pending() == []
    audience.record_changes((TIMER, "timer.paused"))

    assert audience.database.read_now(broadcasts.waiting_since, [], []) == clock.now()
    assert audience.claim(clock.now() - 1) == []


def test_a_receiver_is_taken_whole_as_soon_as_one_thing_has_waited_long_enough(
    audience: Audience, clock: FakeClock
) -> None:
    one, other = audience.add_receiver(), audience.add_receiver()
    began = clock.now()
    audience.record_changes((TIMER, "timer.running"))
    assert set(told(audience.claim(busy=[other]))) == {one}
    clock.advance(3)
    audience.record_changes((OTHER_TIMER, "timer.running"))

    assert told(audience.claim(began)) == {other: [(TIMER, "timer.running"), (OTHER_TIMER, "timer.running")]}
    assert audience.pending() == [(one, OTHER_TIMER, "timer.running")]


def test_those_that_are_busy_or_at_a_saturated_destination_are_left_for_later(audience: Audience) -> None:
    busy, saturated, free = audience.add_receiver(), audience.add_receiver(OTHER_URI), audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    full = ["http://127.0.0.1:10"]

    assert set(told(audience.claim(busy=[busy], saturated=full))) == {free}
    assert audience.database.read_now(broadcasts.waiting_since, [busy], full) is None
    assert set(told(audience.claim())) == {busy, saturated}


def test_no_more_receivers_are_taken_than_there_is_room_for_the_longest_waiting_first(
    audience: Audience, clock: FakeClock
) -> None:
    first = audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    clock.advance(1)
    others = [audience.add_receiver() for _ in range(3)]
    audience.record_changes((OTHER_TIMER, "timer.running"))

    assert set(told(audience.claim(limit=2))) == {first, others[0]}
    assert set(told(audience.claim(limit=2))) == set(others[1:])


def test_a_taken_one_says_where_its_receiver_is(audience: Audience, database: Database) -> None:
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


def test_what_is_to_be_told_can_be_forgotten_for_one_receiver_or_for_all_of_a_user(
    audience: Audience, database: Database
) -> None:
    one, other = audience.add_receiver(), audience.add_receiver()
    stranger = make_audience(database, "southwind")
    theirs = stranger.add_receiver()
    audience.record_changes((TIMER, "timer.running"), (OTHER_TIMER, "timer.paused"))
    stranger.record_changes((TIMER, "timer.running"))

    audience.write(broadcasts.discard, one)
    assert {receiver for receiver, _, _ in audience.pending()} == {other, theirs}
    audience.write(broadcasts.discard_for_user, audience.user_id)
    assert {receiver for receiver, _, _ in audience.pending()} == {theirs}


def test_without_a_receiver_a_change_costs_one_statement_however_much_has_changed(
    audience: Audience, database: Database
) -> None:
    with capture_statements(database) as statements:
        audience.record_changes((TIMER, "timer.running"), (OTHER_TIMER, "timer.paused"))

    assert sum("broadcasts" in statement for statement in statements) == 1
    assert len(statements) == 2, "the lock of the account, and this one"


def test_no_question_about_broadcasts_reads_a_whole_table(audience: Audience, database: Database) -> None:
    audience.add_receiver()
    with capture_statements(database) as statements:
        audience.record_changes((TIMER, "timer.running"))
        database.read_now(broadcasts.waiting_since, [], [])
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


def test_two_processes_give_nothing_out_twice_and_no_receiver_in_parts(
    audience: Audience, database: Database, other_database: Database
) -> None:
    ids = [audience.add_receiver() for _ in range(40)]
    expected = [(TIMER, "timer.paused"), (OTHER_TIMER, "timer.running")]
    for round_ in range(5):
        audience.record_changes(*expected)
        barrier = threading.Barrier(2)

        def take_all(database: Database, barrier: threading.Barrier = barrier) -> list[ClaimedBroadcasts]:
            taken: list[ClaimedBroadcasts] = []
            barrier.wait()
            while more := Audience(database, audience.account_id, audience.user_id).claim(limit=3):
                taken += more
            return taken

        with ThreadPoolExecutor(2) as threads:
            found = [*threads.map(take_all, (database, other_database))]
        found.append(audience.claim())

        given = [one.key[1] for taken in found for one in taken]
        assert sorted(given) == ids, round_
        assert all(each == expected for taken in found for each in told(taken).values())


@on_postgresql
def test_what_somebody_else_has_in_hand_is_left_and_not_waited_for(audience: Audience, database: Database) -> None:
    changed, edited, free = audience.add_receiver(), audience.add_receiver(), audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))

    def take_meanwhile(tx: Transaction) -> list[ClaimedBroadcasts]:
        for lock in _LOCKS:
            tx.one(lock, changed=changed, edited=edited)
        taken: list[ClaimedBroadcasts] = run_in_thread(audience.claim)
        return taken

    assert set(told(database.run_now(take_meanwhile))) == {free}
    assert set(told(audience.claim())) == {changed, edited}


_LOCKS = [
    Statement(text("SELECT url FROM broadcasts WHERE broadcast_receiver_id = :changed FOR UPDATE")),
    Statement(text("SELECT id FROM broadcast_receivers WHERE id = :edited FOR NO KEY UPDATE")),
]


@on_postgresql
def test_a_change_while_the_same_thing_is_being_taken_is_told_the_next_time(
    audience: Audience, database: Database, clock: FakeClock
) -> None:
    id = audience.add_receiver()
    audience.record_changes((TIMER, "timer.running"))
    is_taken = threading.Event()
    threads = ThreadPoolExecutor(1)

    def take_slowly(tx: Transaction) -> list[ClaimedBroadcasts]:
        taken = broadcasts.claim(tx, waiting_since=clock.now(), limit=1, busy=[], saturated=[])
        is_taken.set()
        # Until the writer waits for this transaction.
        while not tx.value(_WAITS):
            pass
        return taken

    taking = threads.submit(database.run_now, take_slowly)
    assert is_taken.wait(10)
    audience.record_changes((TIMER, "timer.paused"))
    assert told(taking.result(10)) == {id: [(TIMER, "timer.running")]}
    threads.shutdown()

    assert told(audience.claim()) == {id: [(TIMER, "timer.paused")]}


_WAITS = Statement(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
