"""One worker cycle: settle, lease and prefetch, in one transaction."""

import pytest

from hourhook.clock import SECOND
from hourhook.delivery import lane_control, one_offs
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import leases
from hourhook.delivery.worker.cycles import READ_AHEAD, Capacity, Cycle, CycleResult, run_cycle
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.delivery.worker.one_off_deliveries import OneOffResult
from hourhook.delivery.worker.readahead import EventCache
from hourhook.delivery.worker.settlements import AttemptResult
from hourhook.store.database import Database
from tests.support.backlogs import URI, Backlog, attempts_of, lane_of, make_backlog
from tests.support.statements import capture_statements

MINE = 11
ROOM = Capacity(ordinary=100, failing=100)
OTHER_URI = "http://127.0.0.1:10/hook"


class CycleRunner:
    """Run cycles of a worker, and update its lanes after each."""

    def __init__(self, database: Database, worker: int = MINE) -> None:
        self.database = database
        self._worker = worker
        self._turns_count = 0
        self._cache = EventCache()

    def take(
        self,
        *results: AttemptResult,
        capacity: Capacity = ROOM,
        one_off_capacity: Capacity = ROOM,
        one_off_results: tuple[OneOffResult, ...] = (),
    ) -> CycleResult:
        self._turns_count += 1
        token = self._worker * 1000 + self._turns_count
        cycle = Cycle(self._worker, token, 60 * SECOND, [*results], [*one_off_results], capacity, one_off_capacity)
        cycle_result = self.database.run_now(run_cycle, cycle, self._cache)
        for one in cycle_result.settled:
            one.apply()
        kept = [one.result.lane for one in cycle_result.settled if one.is_kept]
        for lane in (*kept, *cycle_result.leased):
            lane.target = lane.target or cycle_result.targets.get(lane.key)
            lane.prefetched += cycle_result.payloads.get(lane.key, ())
        return cycle_result

    def result(self, lane: LeasedLane, status: int = 200) -> AttemptResult:
        """Return the result of sending the head of a lane."""
        delay = None if status < 300 else 0
        number = lane.attempts_count + 1
        return AttemptResult(
            lane, lane.prefetched[:1], [number], "Webhook", URI, self.outcome(status), delay, keep=True
        )

    def outcome(self, status: int = 200) -> Outcome:
        return Outcome(status, None if status < 300 else "status", self.database.clock.now(), 3)


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


@pytest.fixture
def taker(database: Database) -> CycleRunner:
    return CycleRunner(database)


def waiting(lane: LeasedLane) -> list[int]:
    return [payload.sequence for payload in lane.prefetched]


def test_a_leased_lane_has_its_target_and_first_payloads(backlog: Backlog, taker: CycleRunner) -> None:
    backlog.record("tag.created", "tag.updated")

    [lane] = taker.take().leased

    assert lane.target is not None
    assert (lane.target.name, lane.target.payload_uri) == ("Webhook", URI)
    assert waiting(lane) == [1, 2]


def test_payloads_are_prefetched_again_once_used_up(backlog: Backlog, taker: CycleRunner) -> None:
    backlog.record(*["tag.created"] * (READ_AHEAD + 2))
    [lane] = taker.take().leased
    assert waiting(lane) == [*range(1, READ_AHEAD + 1)]

    for sequence in range(1, READ_AHEAD):
        assert not taker.take(taker.result(lane)).payloads
        assert lane.head_sequence == lane.prefetched[0].sequence == sequence + 1
    taker.take(taker.result(lane))

    assert waiting(lane) == [READ_AHEAD + 1, READ_AHEAD + 2]


def test_a_second_result_of_a_lane_is_settled_in_the_next_cycle(backlog: Backlog, taker: CycleRunner) -> None:
    backlog.record("tag.created", "tag.updated")
    [old] = taker.take().leased
    backlog.control(lane_control.retarget, URI)
    [new] = taker.take().leased
    results = taker.result(old), taker.result(new)

    first = taker.take(*results)
    assert (first.settled, first.lost, first.postponed) == ([], [old], [results[1]])
    second = taker.take(*first.postponed)

    assert [one.result for one in second.settled] == [results[1]]
    assert attempts_of(backlog) == [(1, 1, 200)]
    assert lane_of(backlog).head_sequence == 2


def test_a_lane_moved_meanwhile_is_lost_and_leased_again(backlog: Backlog, taker: CycleRunner) -> None:
    backlog.record("tag.created", "tag.updated")
    [lane] = taker.take().leased
    backlog.control(lane_control.retarget, OTHER_URI)

    cycle_result = taker.take(taker.result(lane))

    assert cycle_result.lost == [lane]
    assert [(one.key, one.head_sequence) for one in cycle_result.leased] == [(lane.key, 1)]


def test_a_changed_name_and_secret_are_read_again(backlog: Backlog, taker: CycleRunner) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    [lane] = taker.take().leased
    assert not taker.take(taker.result(lane)).targets
    backlog.control(lane_control.reload_target)

    assert [*taker.take(taker.result(lane)).targets] == [lane.key]


def test_failing_lanes_and_one_offs_have_their_own_capacity(backlog: Backlog, taker: CycleRunner) -> None:
    failing = backlog.add_webhook()
    backlog.record("tag.created")
    failing.attempt(500)
    backlog.control(one_offs.ping)

    failing.control(one_offs.ping)
    none, here = Capacity(), lane_control.destination_of(URI)

    def kinds(lanes: Capacity, one_offs: Capacity) -> tuple[list[int], list[int]]:
        cycle_result = taker.take(capacity=lanes, one_off_capacity=one_offs)
        taker.database.run_now(leases.release_all)
        found = cycle_result.leased, cycle_result.one_offs
        return [lane.webhook_id for lane in found[0]], [one_off.webhook_id for one_off in found[1]]

    assert kinds(none, none) == ([], [])
    assert kinds(Capacity(ordinary=9), none) == ([backlog.webhook_id], [])
    assert kinds(Capacity(failing=9), none) == ([failing.webhook_id], [])
    assert kinds(none, Capacity(ordinary=9)) == ([], [backlog.webhook_id])
    assert kinds(none, Capacity(failing=9)) == ([], [failing.webhook_id])
    assert kinds(Capacity(9, 9, saturated=(here,)), none) == ([], [])
    assert kinds(none, Capacity(9, 9, saturated=(here,))) == ([], [])


@pytest.mark.parametrize(
    ("capacity", "has_more_due"), [(Capacity(ordinary=1), True), (Capacity(ordinary=2), True), (ROOM, False)]
)
def test_a_cycle_reports_that_more_is_due_than_capacity(
    backlog: Backlog, taker: CycleRunner, capacity: Capacity, has_more_due: bool
) -> None:
    backlog.add_webhook()
    backlog.record("tag.created")

    assert taker.take(capacity=capacity).has_more_due is has_more_due


def test_a_leased_one_off_has_its_target_and_payload(backlog: Backlog, taker: CycleRunner) -> None:
    backlog.record("tag.created")
    [lane] = taker.take().leased
    payload_id = lane.prefetched[0].payload_id
    taker.take(taker.result(lane))
    ping = backlog.control(one_offs.ping)
    backlog.control(one_offs.redeliver, payload_id, 1)

    [first] = taker.take().one_offs
    cycle_result = taker.take(one_off_results=(OneOffResult(first, "Webhook", URI, taker.outcome()),))

    [second] = cycle_result.one_offs
    assert (first.payload_id, first.sequence, first.number) == (ping, None, 1)
    assert (second.payload_id, second.sequence, second.number) == (payload_id, 1, 2)
    assert cycle_result.one_off_payloads[lane.key, 1].payload_id == payload_id
    assert [*cycle_result.targets] == [lane.key]


def test_a_one_off_is_settled_once_and_only_by_its_lease_holder(backlog: Backlog, taker: CycleRunner) -> None:
    backlog.control(one_offs.ping)
    [lost] = taker.take().one_offs
    taker.database.run_now(leases.release_all)
    [held] = taker.take().one_offs

    def settle(*done: object) -> None:
        results = [
            OneOffResult(one_off, "Webhook", URI, taker.outcome(500)) for one_off in (lost, held) if one_off in done
        ]
        taker.take(capacity=Capacity(), one_off_capacity=Capacity(), one_off_results=(*results,))

    settle(lost)
    assert taker.database.read_now(leases.lease_holders) == {MINE}
    settle(held)
    assert taker.database.read_now(leases.lease_holders) == set()
    assert taker.take().one_offs == []


def test_a_failed_cycle_is_rolled_back(backlog: Backlog, taker: CycleRunner) -> None:
    backlog.record("tag.created", "tag.updated")
    [lane] = taker.take().leased
    before = lane_of(backlog)

    class Broken(EventCache):
        def read(self, *_: object) -> dict[tuple[int, int], object]:  # type: ignore[override]
            raise RuntimeError

    other = backlog.add_webhook()
    other.record("tag.deleted")
    cycle = Cycle(MINE, 99, SECOND, [taker.result(lane)], [], ROOM, ROOM)
    with pytest.raises(RuntimeError):
        taker.database.run_now(run_cycle, cycle, Broken())

    assert (lane_of(backlog).head_sequence, lane_of(backlog).lease_token) == (1, before.lease_token)
    assert attempts_of(backlog) == []
    assert lane_of(other).lease_token is None


def test_the_number_of_statements_does_not_depend_on_lanes(
    backlog: Backlog, taker: CycleRunner, database: Database
) -> None:
    backlog.record("tag.created")
    [lane] = taker.take().leased
    taker.take(taker.result(lane))
    lanes = [backlog, *(backlog.add_webhook() for _ in range(9))]
    backlog.record("tag.created", "tag.updated")
    ten = taker.take().leased
    with capture_statements(database) as for_ten:
        assert len(taker.take(*(taker.result(lane) for lane in ten)).settled) == len(lanes)
    [one, *_] = ten
    with capture_statements(database) as for_one:
        taker.take(taker.result(one))

    assert len(for_ten) == len(for_one), str(for_ten)
