"""One turn of a worker: settle, lease and read ahead, in one transaction."""

import pytest

from hourhook.clock import SECOND
from hourhook.delivery import lane_control, one_offs
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import leases
from hourhook.delivery.worker.cycles import READ_AHEAD, Room, Turn, Turned, take_turn
from hourhook.delivery.worker.lanes import Lane
from hourhook.delivery.worker.one_off_deliveries import ErrandResult
from hourhook.delivery.worker.readahead import EventCache
from hourhook.delivery.worker.settlements import Result
from hourhook.store.database import Database
from tests.support.backlogs import URI, Backlog, attempts_of, lane_of, make_backlog
from tests.support.statements import counted

MINE = 11
ROOM = Room(ordinary=100, failing=100, errands=100)
OTHER_URI = "http://127.0.0.1:10/hook"


class Taker:
    """Takes turns for a worker, and brings its lanes up to date after each."""

    def __init__(self, database: Database, worker: int = MINE) -> None:
        self.database = database
        self._worker = worker
        self._turns_count = 0
        self._cache = EventCache()

    def take(self, *results: Result, room: Room = ROOM, errand_results: tuple[ErrandResult, ...] = ()) -> Turned:
        now = self.database.clock.now()
        self._turns_count += 1
        token = self._worker * 1000 + self._turns_count
        turn = Turn(self._worker, token, now, now + 60 * SECOND, [*results], [*errand_results], room)
        turned = self.database.run_now(take_turn, turn, self._cache)
        for one in turned.settled:
            one.apply()
        kept = [one.result.lane for one in turned.settled if one.is_kept]
        for lane in (*kept, *turned.leased):
            lane.target = lane.target or turned.targets.get(lane.key)
            lane.waiting += turned.payloads.get(lane.key, ())
        return turned

    def result(self, lane: Lane, status: int = 200) -> Result:
        """What came of sending the head of a lane."""
        due_at = None if status < 300 else self.database.clock.now()
        number = lane.attempts_count + 1
        return Result(lane, lane.waiting[0], number, "Webhook", URI, self.outcome(status), due_at, keep=True)

    def outcome(self, status: int = 200) -> Outcome:
        return Outcome(status, None if status < 300 else "status", self.database.clock.now(), 3)


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


@pytest.fixture
def taker(database: Database) -> Taker:
    return Taker(database)


def waiting(lane: Lane) -> list[int]:
    return [payload.sequence for payload in lane.waiting]


def test_a_lane_comes_with_its_target_and_its_first_payloads(backlog: Backlog, taker: Taker) -> None:
    backlog.record("tag.created", "tag.updated")

    [lane] = taker.take().leased

    assert lane.target is not None
    assert (lane.target.name, lane.target.payload_uri) == ("Webhook", URI)
    assert waiting(lane) == [1, 2]


def test_so_many_payloads_are_read_ahead_and_the_next_when_they_are_used_up(backlog: Backlog, taker: Taker) -> None:
    backlog.record(*["tag.created"] * (READ_AHEAD + 2))
    [lane] = taker.take().leased
    assert waiting(lane) == [*range(1, READ_AHEAD + 1)]

    for sequence in range(1, READ_AHEAD):
        assert not taker.take(taker.result(lane)).payloads
        assert lane.head_sequence == lane.waiting[0].sequence == sequence + 1
    taker.take(taker.result(lane))

    assert waiting(lane) == [READ_AHEAD + 1, READ_AHEAD + 2]


def test_of_two_results_of_one_lane_the_first_is_settled_and_the_other_in_the_next_turn(
    backlog: Backlog, taker: Taker
) -> None:
    backlog.record("tag.created", "tag.updated")
    [old] = taker.take().leased
    backlog.steer(lane_control.retarget, URI)
    [new] = taker.take().leased
    results = taker.result(old), taker.result(new)

    first = taker.take(*results)
    assert (first.settled, first.lost, first.postponed) == ([], [old], [results[1]])
    second = taker.take(*first.postponed)

    assert [one.result for one in second.settled] == [results[1]]
    assert attempts_of(backlog) == [(1, 1, 200)]
    assert lane_of(backlog).head_sequence == 2


def test_a_lane_that_was_steered_is_lost_and_free_in_the_same_turn(backlog: Backlog, taker: Taker) -> None:
    backlog.record("tag.created", "tag.updated")
    [lane] = taker.take().leased
    backlog.steer(lane_control.retarget, OTHER_URI)

    turned = taker.take(taker.result(lane))

    assert turned.lost == [lane]
    assert [(one.key, one.head_sequence) for one in turned.leased] == [(lane.key, 1)]


def test_name_and_secret_are_read_again_once_they_have_changed(backlog: Backlog, taker: Taker) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    [lane] = taker.take().leased
    assert not taker.take(taker.result(lane)).targets
    backlog.steer(lane_control.refresh)

    assert [*taker.take(taker.result(lane)).targets] == [lane.key]


def test_lanes_that_fail_and_errands_have_room_of_their_own(backlog: Backlog, taker: Taker) -> None:
    failing = backlog.beside()
    backlog.record("tag.created")
    failing.attempt(500)
    backlog.steer(one_offs.ping)

    def kinds(room: Room) -> tuple[list[int], int]:
        turned = taker.take(room=room)
        taker.database.run_now(leases.void_all)
        return [lane.webhook_id for lane in turned.leased], len(turned.errands)

    assert kinds(Room()) == ([], 0)
    assert kinds(Room(ordinary=9)) == ([backlog.webhook_id], 0)
    assert kinds(Room(failing=9)) == ([failing.webhook_id], 0)
    assert kinds(Room(errands=9)) == ([], 1)
    assert kinds(Room(9, 9, 9, saturated=(lane_control.destination_of(URI),))) == ([], 1)


@pytest.mark.parametrize(("room", "is_more_due"), [(Room(ordinary=1), True), (Room(ordinary=2), True), (ROOM, False)])
def test_a_turn_says_where_there_may_be_more_than_room(
    backlog: Backlog, taker: Taker, room: Room, is_more_due: bool
) -> None:
    backlog.beside()
    backlog.record("tag.created")

    assert taker.take(room=room).is_more_due is is_more_due


def test_an_errand_comes_with_where_it_goes_and_what_it_sends(backlog: Backlog, taker: Taker) -> None:
    backlog.record("tag.created")
    [lane] = taker.take().leased
    payload_id = lane.waiting[0].payload_id
    taker.take(taker.result(lane))
    ping = backlog.steer(one_offs.ping)
    backlog.steer(one_offs.resend, payload_id, 1)

    turned = taker.take()

    assert [(errand.payload_id, errand.sequence, errand.number) for errand in turned.errands] == [
        (ping, None, 1),
        (payload_id, 1, 2),
    ]
    assert turned.resent[lane.key, 1].payload_id == payload_id
    assert [*turned.targets] == [lane.key]


def test_an_errand_is_done_after_one_attempt_and_only_by_who_holds_it(backlog: Backlog, taker: Taker) -> None:
    backlog.steer(one_offs.ping)
    [lost] = taker.take().errands
    taker.database.run_now(leases.void_all)
    [held] = taker.take().errands

    def settle(*done: object) -> None:
        results = [
            ErrandResult(errand, "Webhook", URI, taker.outcome(500)) for errand in (lost, held) if errand in done
        ]
        taker.take(room=Room(), errand_results=(*results,))

    settle(lost)
    assert taker.database.read_now(leases.workers_at_work) == {MINE}
    settle(held)
    assert taker.database.read_now(leases.workers_at_work) == set()
    assert taker.take().errands == []


def test_a_turn_is_all_or_nothing(backlog: Backlog, taker: Taker) -> None:
    backlog.record("tag.created", "tag.updated")
    [lane] = taker.take().leased
    before = lane_of(backlog)

    class Broken(EventCache):
        def read(self, *_: object) -> dict[tuple[int, int], object]:  # type: ignore[override]
            raise RuntimeError

    other = backlog.beside()
    other.record("tag.deleted")
    now = taker.database.clock.now()
    turn = Turn(MINE, 99, now, now + SECOND, [taker.result(lane)], [], ROOM)
    with pytest.raises(RuntimeError):
        taker.database.run_now(take_turn, turn, Broken())

    assert (lane_of(backlog).head_sequence, lane_of(backlog).lease_token) == (1, before.lease_token)
    assert attempts_of(backlog) == []
    assert lane_of(other).lease_token is None


def test_any_number_of_lanes_takes_as_many_statements(backlog: Backlog, taker: Taker, database: Database) -> None:
    backlog.record("tag.created")
    [lane] = taker.take().leased
    taker.take(taker.result(lane))
    lanes = [backlog, *(backlog.beside() for _ in range(9))]
    backlog.record("tag.created", "tag.updated")
    ten = taker.take().leased
    with counted(database) as for_ten:
        assert len(taker.take(*(taker.result(lane) for lane in ten)).settled) == len(lanes)
    [one, *_] = ten
    with counted(database) as for_one:
        taker.take(taker.result(one))

    assert len(for_ten) == len(for_one), str(for_ten)
