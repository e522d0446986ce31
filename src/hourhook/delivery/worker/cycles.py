"""One turn of a worker: everything it wants of the database, in one transaction.

A turn settles the results that came in since the last, leases what is due, and reads what is to be sent next. So the
cost of a commit is shared by all lanes, and a lane's next payload goes out only after its last one is settled.
"""

from dataclasses import dataclass, field

from hourhook.delivery.targets import Key, Target, read_targets
from hourhook.delivery.worker import leases
from hourhook.delivery.worker.lanes import Lane
from hourhook.delivery.worker.one_off_deliveries import Errand, ErrandResult, lease_errands, settle_errands
from hourhook.delivery.worker.readahead import EventCache, Payload, Span, read_ahead
from hourhook.delivery.worker.settlements import Result, Settled, settle, still_held
from hourhook.store.statements import Row
from hourhook.store.transaction import Transaction

READ_AHEAD = 16


@dataclass(frozen=True, slots=True)
class Room:
    """How many more lanes and errands a worker has seats for."""

    ordinary: int = 0
    failing: int = 0
    errands: int = 0
    saturated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """What a worker brings to a turn."""

    worker: int
    token: int
    now: int
    expires_at: int
    results: list[Result]
    errand_results: list[ErrandResult]
    room: Room


@dataclass(slots=True)
class Turned:
    """What a turn came to: nothing of it holds before the transaction is committed."""

    settled: list[Settled] = field(default_factory=list)
    # Locked by somebody else just now, or not the only one of its lane: for the next turn.
    postponed: list[Result] = field(default_factory=list)
    # No longer ours: somebody steered the lane meanwhile.
    lost: list[Lane] = field(default_factory=list)
    leased: list[Lane] = field(default_factory=list)
    errands: list[Errand] = field(default_factory=list)
    targets: dict[Key, Target] = field(default_factory=dict)
    payloads: dict[Key, list[Payload]] = field(default_factory=dict)
    # What errands send once more, by lane and sequence.
    resent: dict[tuple[Key, int], Payload] = field(default_factory=dict)
    # Whether there was more to lease than room.
    is_more_due: bool = False


def take_turn(tx: Transaction, turn: Turn, cache: EventCache) -> Turned:
    """Settle, lease and read ahead."""
    turned = Turned()
    if turn.results:
        _settle(tx, turn, turned)
    if turn.errand_results:
        settle_errands(tx, turn.errand_results)
    _lease(tx, turn, turned)
    _read(tx, turned, cache)
    return turned


def _settle(tx: Transaction, turn: Turn, turned: Turned) -> None:
    # A lane that was steered and leased anew has two sends on the wire, and may have two results: one in each turn.
    results = {result.lane.key: result for result in reversed(turn.results)}
    turned.postponed = [result for result in turn.results if results[result.lane.key] is not result]
    turned.settled = settle(tx, [*results.values()], now=turn.now, expires_at=turn.expires_at)
    if len(turned.settled) == len(results):
        return
    done = {one.result.lane.key for one in turned.settled}
    left = [result for key, result in results.items() if key not in done]
    held = still_held(tx, [result.lane for result in left])
    turned.postponed += [result for result in left if result.lane.key in held]
    turned.lost = [result.lane for result in left if result.lane.key not in held]


def _lease(tx: Transaction, turn: Turn, turned: Turned) -> None:
    room = turn.room
    for succeeding, limit in ((True, room.ordinary), (False, room.failing)):
        if limit:
            leased = leases.lease(
                tx,
                worker=turn.worker,
                token=turn.token,
                now=turn.now,
                expires_at=turn.expires_at,
                succeeding=succeeding,
                limit=limit,
                saturated=[*room.saturated],
            )
            turned.leased += leased
            turned.is_more_due |= len(leased) == limit
    if room.errands:
        turned.errands = lease_errands(
            tx, worker=turn.worker, token=turn.token, now=turn.now, expires_at=turn.expires_at, limit=room.errands
        )
        turned.is_more_due |= len(turned.errands) == room.errands


def _read(tx: Transaction, turned: Turned, cache: EventCache) -> None:
    # Heads and revisions as they are after the settlement, which the lanes themselves do not show yet.
    kept: list[tuple[Lane, Row | Lane, int]] = [
        (one.result.lane, one.row, len(one.result.lane.waiting) - one.result.outcome.is_success)
        for one in turned.settled
        if one.is_kept
    ]
    fresh: list[tuple[Lane, Row | Lane, int]] = [(lane, lane, 0) for lane in turned.leased]
    keys = [lane.key for lane, seen, _ in (*kept, *fresh) if lane.target is None or seen.revision != lane.revision]
    keys += [errand.key for errand in turned.errands]
    if keys:
        turned.targets = read_targets(tx, [*dict.fromkeys(keys)])
    spans = [
        Span(
            *lane.key,
            low=seen.head_sequence,
            high=min(seen.last_sequence, seen.head_sequence + READ_AHEAD - 1),
            replayed_through=lane.replayed_through,
        )
        for lane, seen, left in (*kept, *fresh)
        if not left
    ]
    if spans:
        turned.payloads = read_ahead(tx, spans, cache)
    resent = [
        Span(*errand.key, low=errand.sequence, high=errand.sequence, replayed_through=0)
        for errand in turned.errands
        if errand.sequence is not None
    ]
    if resent:
        for key, found in read_ahead(tx, resent, cache).items():
            turned.resent |= {(key, payload.sequence): payload for payload in found}
