"""Planted bugs: each swaps one piece of the production code for a wrong one, to show that the simulator notices."""

import dataclasses
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import bindparam, func, literal, null, select, text, true, update

from hourhook.delivery import event_log, lane_control, retention
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import cycles, leases, liveness, readahead, settlements, worker
from hourhook.delivery.worker.readahead import Payload
from hourhook.delivery.worker.settlements import AttemptResult
from hourhook.store import database
from hourhook.store.database import Database
from hourhook.store.schema import accounts, lanes, payloads
from hourhook.store.schema import one_offs as one_off_rows
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

BOTH = ("sqlite", "postgresql")
POSTGRESQL = ("postgresql",)

MUTANTS: dict[str, tuple[tuple[str, ...], Callable[[], Any]]] = {}
"""By name: on which databases a bug can show, and what plants it for as long as a context lasts."""


def _plant(name: str, dialects: tuple[str, ...] = BOTH) -> Callable[[Callable[[], Iterator[None]]], None]:
    def keep(planted: Callable[[], Iterator[None]]) -> None:
        MUTANTS[name] = dialects, contextmanager(planted)

    return keep


@contextmanager
def _swapped(owner: Any, name: str, wrong: Any) -> Iterator[None]:
    right = getattr(owner, name)
    setattr(owner, name, wrong)
    try:
        yield
    finally:
        setattr(owner, name, right)


@contextmanager
def _edited(owner: Any, name: str, right: str, wrong: str) -> Iterator[None]:
    """A statement with one piece of its text replaced, for every database."""
    texts = [_construct(getattr(owner, name), dialect).text for dialect in BOTH]
    assert all(right in one for one in texts)
    with _swapped(owner, name, Statement(*(text(one.replace(right, wrong)) for one in texts))):
        yield


def _construct(statement: Statement, dialect: str = "sqlite") -> Any:
    return statement._constructs[dialect]


@_plant("a result is settled without the token of the lease")
def _() -> Iterator[None]:
    with _edited(settlements, "SETTLE", "l.lease_token = r.token AND", ""):
        yield


@_plant("numbers are taken without the account's lock", POSTGRESQL)
def _() -> Iterator[None]:
    unlocked = select(accounts.c.last_position, accounts.c.last_event_at).where(
        accounts.c.id == bindparam("account_id")
    )
    with _swapped(database, "LOCK_ACCOUNT", Statement(unlocked)):
        yield


@_plant("a lease is neither locked nor looked at again", POSTGRESQL)
def _() -> Iterator[None]:
    due = (
        select(lanes.c.account_id, lanes.c.webhook_id)
        .where(
            lanes.c.due_at <= bindparam("now"),
            lanes.c.lease_token.is_(None),
            lanes.c.last_succeeded == bindparam("succeeding"),
            ~any_of(lanes.c.destination, "saturated"),
        )
        .limit(bindparam("limit"))
        .cte("due")
    )
    lease = (
        update(lanes)
        .where(lanes.c.account_id == due.c.account_id, lanes.c.webhook_id == due.c.webhook_id)
        .values(
            lease_token=bindparam("token"),
            lease_worker=bindparam("worker"),
            lease_expires_at=bindparam("expires_at"),
        )
        .returning(lanes)
    )
    with _swapped(leases, "LEASE", Statement(lease)):
        yield


@_plant("a write wakes a lane only if it was idle when the write looked", POSTGRESQL)
def _() -> Iterator[None]:
    wake = text(
        """
        UPDATE lanes SET last_sequence = last_sequence + :count, due_at = CASE WHEN NOT stalled AND (
            SELECT seen.due_at FROM lanes AS seen
            WHERE seen.account_id = lanes.account_id AND seen.webhook_id = lanes.webhook_id
        ) IS NULL THEN CAST(:now AS BIGINT) ELSE due_at END
        WHERE account_id = :account AND webhook_id = ANY(CAST(:ids AS BIGINT[]))
        """
    )
    with _swapped(event_log, "_WAKE", Statement(wake)):
        yield


@_plant("a send counts as a success before its answer came")
def _() -> Iterator[None]:
    async def send_head(self: Any, lane: Any, target: Any, payload: Payload) -> None:
        outcome = Outcome(200, None, self._clock.now(), 0)
        number = lane.attempts_count + 1
        self._results.append(
            AttemptResult(lane, payload, number, target.name, target.payload_uri, outcome, None, keep=True)
        )
        self._waker.wake()
        await self._send(lane.key, target, payload, number)

    with _swapped(worker.Worker, "_send_head", send_head):
        yield


@_plant("a failure moves the head on")
def _() -> Iterator[None]:
    with _edited(
        settlements, "SETTLE", "head_sequence = l.head_sequence + r.ok,", "head_sequence = l.head_sequence + 1,"
    ):
        yield


@_plant("a replay leaves its first payload out")
def _() -> Iterator[None]:
    right = lane_control.replay

    def replay(tx: Transaction, webhook_id: int, sequence: int) -> None:
        right(tx, webhook_id, sequence + 1)

    with _swapped(lane_control, "replay", replay):
        yield


@_plant("sequences are counted from the payloads that are left")
def _() -> Iterator[None]:
    left = (
        select(func.count())
        .where(payloads.c.account_id == lanes.c.account_id, payloads.c.webhook_id == lanes.c.webhook_id)
        .scalar_subquery()
    )
    right = _construct(event_log._SUBSCRIPTIONS)
    listening = right.with_only_columns(
        right.selected_columns[0], right.selected_columns[1], left.label("last_sequence")
    )
    with _swapped(event_log, "_SUBSCRIPTIONS", Statement(listening)):
        yield


@_plant("what a dead worker had on the wire counts as delivered")
def _() -> Iterator[None]:
    freed = {"lease_token": null(), "lease_worker": null(), "lease_expires_at": null()}
    values = {**freed, "head_sequence": lanes.c.head_sequence + 1}
    wrong = {**leases._RELEASE_ALL, "lanes": leases._updating(lanes, true(), values)}
    wrong_release = {**leases._RELEASE, "lanes": leases._updating(lanes, leases._IS_MINE[lanes], values)}
    with _swapped(leases, "_RELEASE_ALL", wrong), _swapped(leases, "_RELEASE", wrong_release):
        yield


@_plant("retention clears away what a moving lane waits for")
def _() -> Iterator[None]:
    with _swapped(retention, "_FIRST_AWAITED", Statement(select(null()).where(literal(0) == bindparam("account")))):
        yield


@_plant("a payload gets another id with each attempt")
def _() -> Iterator[None]:
    right = readahead.read_ahead

    def read_ahead(*args: Any) -> Any:
        return {
            key: [dataclasses.replace(payload, payload_id=str(uuid.uuid4())) for payload in found]
            for key, found in right(*args).items()
        }

    with _swapped(cycles, "read_ahead", read_ahead):
        yield


@_plant("events are written in a transaction after the one that they tell of")
def _() -> Iterator[None]:
    right, right_record = Database.write_now, event_log.append

    def record(tx: Transaction, *event: Any) -> None:
        tx.state.setdefault("untold", []).append(event)

    def write_now(self: Database, account_id: int, function: Any, *args: Any) -> Any:
        untold: list[Any] = []

        def change(tx: Transaction) -> Any:
            result = function(tx, *args)
            untold.extend(tx.state.pop("untold", ()))
            return result

        def tell(tx: Transaction) -> None:
            for event in untold:
                right_record(tx, *event)

        result = right(self, account_id, change)
        if untold:
            right(self, account_id, tell)
        return result

    with _swapped(Database, "write_now", write_now), _swapped(event_log, "append", record):
        yield


@_plant("events carry the moment that the clock shows, even where it was set back")
def _() -> Iterator[None]:
    columns = (accounts.c.last_position, literal(0).label("last_event_at"))
    forgetful = select(*columns).where(accounts.c.id == bindparam("account_id")).with_for_update(key_share=True)
    with _swapped(database, "LOCK_ACCOUNT", Statement(forgetful)):
        yield


@_plant("a new secret is not noticed by who holds the lane")
def _() -> Iterator[None]:
    with _swapped(
        lane_control,
        "_RELOAD_TARGET",
        Statement(update(lanes).where(lane_control._THIS_LANE).values(revision=lanes.c.revision)),
    ):
        yield


@_plant("a skip leaves the lease to whoever sends the payload that is skipped")
def _() -> Iterator[None]:
    right = _construct(lane_control._MOVE_HEAD)
    kept = right.values(
        lease_token=lanes.c.lease_token, lease_worker=lanes.c.lease_worker, lease_expires_at=lanes.c.lease_expires_at
    )
    with _swapped(lane_control, "_MOVE_HEAD", Statement(kept)):
        yield


@_plant("an errand stays with the dead")
def _() -> Iterator[None]:
    nothing = Statement(update(one_off_rows).where(literal(0) == literal(1)).values(lease_token=null()))
    by_nobody = Statement(update(one_off_rows).where(bindparam("worker") < literal(0)).values(lease_token=null()))
    with (
        _swapped(leases, "_RELEASE_ALL", {**leases._RELEASE_ALL, "errands": nothing}),
        _swapped(leases, "_RELEASE", {**leases._RELEASE, "errands": by_nobody}),
    ):
        yield


@_plant("a dead worker's lanes wait for their leases to run out", POSTGRESQL)
def _() -> Iterator[None]:
    with _swapped(liveness, "reap_dead_workers", _named("reap_dead_workers", leases.release_expired)):
        yield


@_plant("a worker frees the lanes of the living", POSTGRESQL)
def _() -> Iterator[None]:
    with _swapped(liveness, "_TRY_LOCK", Statement(select(bindparam("worker") > literal(0)))):
        yield


def _named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        return function(*args)

    call.__name__ = name
    return call
