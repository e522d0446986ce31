"""One worker cycle in one transaction: settle results, lease due lanes, and prefetch payloads.

So all lanes share the cost of a commit, and a lane's next payload is sent only after its last one is settled
(``docs/decisions/0004-one-transaction-per-cycle.md``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hourhook.delivery.targets import Key, Target, read_targets
from hourhook.delivery.worker import leases
from hourhook.delivery.worker.batches import next_batch_limit
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.delivery.worker.one_off_deliveries import OneOff, OneOffResult, lease_one_offs, settle_one_offs
from hourhook.delivery.worker.readahead import EventCache, Payload, SequenceRange, read_ahead
from hourhook.delivery.worker.settlements import (
    AttemptResult,
    ContinuingLane,
    Settlement,
    find_still_leased,
    settle,
)
from hourhook.delivery.worker.slots import Slots
from hourhook.store.statements import Row
from hourhook.store.transaction import Transaction

LEASE_BATCH = 256
READ_AHEAD = 64
# Of all lanes of a worker: with many of them, each is read ahead less, and has smaller batches.
MAX_PREFETCHED = 16_384


@dataclass(frozen=True, slots=True)
class Capacity:
    """The number of further deliveries that a worker has slots for, and the destinations that get no more.

    ``ordinary`` is for lanes whose last attempt succeeded, and ``failing`` for the others.
    """

    ordinary: int = 0
    failing: int = 0
    saturated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cycle:
    """The input of a cycle: results to settle, and the capacity for new leases."""

    worker: int
    # Of new leases.
    token: int
    # Of a lease, in microseconds.
    lease_duration: int
    results: list[AttemptResult]
    one_off_results: list[OneOffResult]
    lane_capacity: Capacity
    one_off_capacity: Capacity
    # How many payloads of a lane may be prefetched.
    prefetch_limit: int = MAX_PREFETCHED

    def tell_of_attempts(self, subscribers: Sequence[Callable[[int], None]]) -> None:
        """Call the subscribers with each account of which attempts were settled."""
        if not subscribers:
            return
        keys = [result.lane.key for result in self.results] + [result.one_off.key for result in self.one_off_results]
        for account_id in {account_id for account_id, _ in keys}:
            for subscriber in subscribers:
                subscriber(account_id)


@dataclass(slots=True)
class CycleResult:
    """The result of a cycle, valid only once the transaction is committed."""

    settled: list[Settlement] = field(default_factory=list)
    # Locked by another transaction, or the second result of a lane: to settle in the next cycle.
    postponed: list[AttemptResult] = field(default_factory=list)
    # No longer leased by this worker: the lane was moved or disabled.
    lost: list[LeasedLane] = field(default_factory=list)
    leased: list[LeasedLane] = field(default_factory=list)
    one_offs: list[OneOff] = field(default_factory=list)
    targets: dict[Key, Target] = field(default_factory=dict)
    payloads: dict[Key, list[Payload]] = field(default_factory=dict)
    # Payloads of one-off deliveries, by lane and sequence.
    one_off_payloads: dict[tuple[Key, int], Payload] = field(default_factory=dict)
    # Whether more lanes, or more one-off deliveries, were due than the capacity allowed.
    has_more_due: bool = False
    has_more_one_offs_due: bool = False


def run_cycle(tx: Transaction, cycle: Cycle, cache: EventCache) -> CycleResult:
    """Settle results, lease due lanes and prefetch payloads."""
    cycle_result = CycleResult()
    if cycle.results:
        _settle(tx, cycle, cycle_result)
    if cycle.one_off_results:
        settle_one_offs(tx, cycle.one_off_results)
    _lease(tx, cycle, cycle_result)
    _read(tx, cycle.prefetch_limit, cycle_result, cache)
    return cycle_result


def _settle(tx: Transaction, cycle: Cycle, cycle_result: CycleResult) -> None:
    # A lane that was moved and leased again may have two sends in flight, and so two results: one per cycle.
    results = {result.lane.key: result for result in reversed(cycle.results)}
    cycle_result.postponed = [result for result in cycle.results if results[result.lane.key] is not result]
    cycle_result.settled = settle(tx, [*results.values()])
    if len(cycle_result.settled) == len(results):
        return
    done = {settlement.result.lane.key for settlement in cycle_result.settled}
    unsettled = [result for key, result in results.items() if key not in done]
    held = find_still_leased(tx, [result.lane for result in unsettled])
    cycle_result.postponed += [result for result in unsettled if result.lane.key in held]
    cycle_result.lost = [result.lane for result in unsettled if result.lane.key not in held]


def _lease(tx: Transaction, cycle: Cycle, cycle_result: CycleResult) -> None:
    capacity = cycle.lane_capacity
    for succeeding, limit in ((True, capacity.ordinary), (False, capacity.failing)):
        if limit:
            leased = leases.lease(
                tx,
                worker=cycle.worker,
                token=cycle.token,
                now=tx.started_at,
                expires_at=tx.started_at + cycle.lease_duration,
                succeeding=succeeding,
                limit=limit,
                saturated=[*capacity.saturated],
            )
            cycle_result.leased += leased
            cycle_result.has_more_due |= len(leased) == limit
    capacity = cycle.one_off_capacity
    if capacity.ordinary or capacity.failing:
        one_offs = cycle_result.one_offs = lease_one_offs(
            tx,
            worker=cycle.worker,
            token=cycle.token,
            now=tx.started_at,
            expires_at=tx.started_at + cycle.lease_duration,
            ordinary=capacity.ordinary,
            failing=capacity.failing,
            saturated=[*capacity.saturated],
        )
        ordinary_count = sum(one_off.last_succeeded for one_off in one_offs)
        cycle_result.has_more_one_offs_due = (
            0 < capacity.ordinary == ordinary_count or 0 < capacity.failing == len(one_offs) - ordinary_count
        )


def prefetch_limit_of(lanes_count: int) -> int:
    """Return how many payloads of each lane may be prefetched if a worker holds this many lanes."""
    return max(1, MAX_PREFETCHED // max(1, lanes_count))


def capacity_of(slots: Slots) -> Capacity:
    """Return the capacity for one batch of leases, which is small, so that one destination does not get all slots."""
    batch = min(LEASE_BATCH, slots.limits.per_destination)
    return Capacity(
        ordinary=min(batch, slots.available(failing=False)),
        failing=min(batch, slots.available(failing=True)),
        saturated=tuple(slots.saturated),
    )


def _read(tx: Transaction, limit: int, cycle_result: CycleResult, cache: EventCache) -> None:
    # Heads and revisions after the settlement, which the lanes themselves do not have yet.
    retained: list[tuple[LeasedLane, Row | ContinuingLane | LeasedLane, int]] = [
        (settled.result.lane, settled.row, len(settled.result.lane.prefetched) - settled.accepted_count)
        for settled in cycle_result.settled
        if settled.is_kept
    ]
    leased: list[tuple[LeasedLane, Row | ContinuingLane | LeasedLane, int]] = [
        (lane, lane, 0) for lane in cycle_result.leased
    ]
    keys = [
        lane.key
        for lane, current, _ in (*retained, *leased)
        if lane.target is None or current.revision != lane.revision
    ]
    keys += [one_off.key for one_off in cycle_result.one_offs]
    if keys:
        cycle_result.targets = read_targets(tx, [*dict.fromkeys(keys)])
    ranges = []
    for lane, current, prefetched_count in (*retained, *leased):
        target = cycle_result.targets.get(lane.key) or lane.target
        batch_limit = 1 if target is None else next_batch_limit(target, current.attempts_count)
        # A lane is read ahead when it has nothing left, and a batch is filled up.
        wanted = min(limit, batch_limit if batch_limit > 1 else 1 if prefetched_count else READ_AHEAD)
        low = current.head_sequence + prefetched_count
        high = min(current.last_sequence, current.head_sequence + wanted - 1)
        if low <= high:
            ranges.append(SequenceRange(*lane.key, low=low, high=high, replayed_through=lane.replayed_through))
    if ranges:
        cycle_result.payloads = read_ahead(tx, ranges, cache)
    one_off_payloads = [
        SequenceRange(*one_off.key, low=one_off.sequence, high=one_off.sequence, replayed_through=0)
        for one_off in cycle_result.one_offs
        if one_off.sequence is not None
    ]
    if one_off_payloads:
        for key, found in read_ahead(tx, one_off_payloads, cache).items():
            cycle_result.one_off_payloads |= {(key, payload.sequence): payload for payload in found}
