"""Mutants: each replaces one piece of the production code by a faulty one, to prove that the simulator finds it."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, literal, null, select, text, true, update

from hourhook.clock import SECOND
from hourhook.delivery import alerts, catching_up, envelope, event_log, lane_control, retention
from hourhook.delivery.targets import Target
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import (
    batches,
    cycles,
    leases,
    liveness,
    one_off_deliveries,
    readahead,
    settlements,
    worker,
)
from hourhook.delivery.worker.settlements import AttemptResult
from hourhook.store import database
from hourhook.store.database import Database
from hourhook.store.schema import accounts, lanes, payloads
from hourhook.store.schema import one_offs as one_off_rows
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

BOTH = ("sqlite", "postgresql")
POSTGRESQL = ("postgresql",)
# Where many more seeds are needed on PostgreSQL, which runs fewer.
SQLITE = ("sqlite",)

MUTANTS: dict[str, tuple[tuple[str, ...], Callable[[], Any]]] = {}
"""By name: the databases on which a mutant can show, and the context manager that applies it."""


def _mutant(name: str, dialects: tuple[str, ...] = BOTH) -> Callable[[Callable[[], Iterator[None]]], None]:
    def register(apply: Callable[[], Iterator[None]]) -> None:
        MUTANTS[name] = dialects, contextmanager(apply)

    return register


@contextmanager
def _replaced(owner: Any, name: str, mutant: Any) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, mutant)
    try:
        yield
    finally:
        setattr(owner, name, original)


@contextmanager
def _with_text_replaced(owner: Any, name: str, old: str, new: str) -> Iterator[None]:
    """Replace a piece of a statement's text, for every database."""
    texts = [_construct_of(getattr(owner, name), dialect).text for dialect in BOTH]
    assert all(old in statement for statement in texts)
    with _replaced(owner, name, Statement(*(text(statement.replace(old, new)) for statement in texts))):
        yield


def _construct_of(statement: Statement, dialect: str = "sqlite") -> Any:
    return statement._constructs[dialect]


@_mutant("a result is settled without checking the lease token")
def _() -> Iterator[None]:
    with (
        _with_text_replaced(settlements, "SETTLE", "l.lease_token = r.token AND", ""),
        _with_text_replaced(settlements, "SETTLE_ALONE", "l.lease_token = :token AND", ""),
    ):
        yield


@_mutant("positions are assigned without the account lock", POSTGRESQL)
def _() -> Iterator[None]:
    columns = (accounts.c.last_position, accounts.c.last_event_at, null().label("transaction_id"))
    unlocked = select(*columns).where(accounts.c.id == bindparam("account_id"))
    with _replaced(database, "LOCK_ACCOUNT", Statement(unlocked)):
        yield


@_mutant("a lane is leased without locking and rechecking it", POSTGRESQL)
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
    with _replaced(leases, "LEASE", Statement(lease)):
        yield


@_mutant("a write wakes a lane only if it was idle in the snapshot of the write", POSTGRESQL)
def _() -> Iterator[None]:
    wake = text(
        """
        UPDATE lanes SET last_sequence = last_sequence + :count, due_at = CASE WHEN NOT stalled AND (
            SELECT seen.due_at FROM lanes AS seen
            WHERE seen.account_id = lanes.account_id AND seen.webhook_id = lanes.webhook_id
        ) IS NULL THEN CAST(:now AS BIGINT) ELSE due_at END
        WHERE account_id = :account AND webhook_id = ANY(CAST(:ids AS BIGINT[]))
        RETURNING lease_token, due_at
        """
    )
    with _replaced(event_log, "_WAKE", Statement(wake)):
        yield


@_mutant("a send counts as a success before its response")
def _() -> Iterator[None]:
    def send_head(self: Any, lane: Any, target: Any) -> None:
        outcome = Outcome(200, None, self._clock.now(), 0)
        message = batches.compose(lane, target)
        self._results.append(
            AttemptResult(
                lane, message.payloads, message.numbers, target.name, target.payload_uri, outcome, None, keep=True
            )
        )
        self._waker.wake()
        sending = asyncio.ensure_future(self._sender.send(target, message))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    with _replaced(worker.Worker, "_send_head", send_head):
        yield


@_mutant("a failed attempt advances the head")
def _() -> Iterator[None]:
    with _with_text_replaced(
        settlements,
        "SETTLE",
        "head_sequence = l.head_sequence + r.ok * r.count,",
        "head_sequence = l.head_sequence + 1,",
    ):
        yield


@_mutant("a batch that was accepted advances the head by one")
def _() -> Iterator[None]:
    with (
        _with_text_replaced(settlements, "SETTLE", "l.head_sequence + r.ok * r.count,", "l.head_sequence + r.ok,"),
        _with_text_replaced(settlements, "SETTLE_ALONE", "l.head_sequence + :count,", "l.head_sequence + 1,"),
    ):
        yield


@_mutant("a batch that failed advances the head, as if a part had been accepted")
def _() -> Iterator[None]:
    with _with_text_replaced(
        settlements,
        "SETTLE",
        "l.head_sequence + r.ok * r.count,",
        "l.head_sequence + r.ok * r.count + (r.count - 1) / 2,",
    ):
        yield


@_mutant("attempts are numbered anew after a batch that failed")
def _() -> Iterator[None]:
    with _with_text_replaced(settlements, "SETTLE", "WHEN r.ok = 0 AND r.count > 1", "WHEN r.ok = 2"):
        yield


@_mutant("a batch follows a failure before the head was accepted")
def _() -> Iterator[None]:
    with _replaced(batches, "next_batch_limit", lambda target, attempts_count: target.batch_limit):
        yield


@_mutant("a batch omits a payload")
def _() -> Iterator[None]:
    original = batches.compose

    def compose(lane: Any, target: Any) -> batches.Message:
        if len(lane.prefetched) > 2 and not lane.attempts_count and target.batch_limit > 1:
            del lane.prefetched[1]
        return original(lane, target)

    with _replaced(worker, "compose", compose):
        yield


@_mutant("a batch is larger than the webhook allows")
def _() -> Iterator[None]:
    with _replaced(batches, "next_batch_limit", lambda target, attempts_count: 500):
        yield


@_mutant("an attempt of a batch is logged for its first payload only")
def _() -> Iterator[None]:
    original = settlements._attempt_rows
    with _replaced(settlements, "_attempt_rows", lambda result: [*original(result)][:1]):
        yield


@_mutant("a replay omits its first payload")
def _() -> Iterator[None]:
    original = lane_control.replay

    def replay(tx: Transaction, webhook_id: int, sequence: int) -> None:
        original(tx, webhook_id, sequence + 1)

    with _replaced(lane_control, "replay", replay):
        yield


@_mutant("sequences are derived from the number of retained payloads")
def _() -> Iterator[None]:
    retained_count = (
        select(func.count())
        .where(payloads.c.account_id == lanes.c.account_id, payloads.c.webhook_id == lanes.c.webhook_id)
        .scalar_subquery()
    )
    original = _construct_of(event_log._SUBSCRIPTIONS)
    subscriptions = original.with_only_columns(
        *original.selected_columns[:2], retained_count.label("last_sequence"), original.selected_columns[3]
    )
    with _replaced(event_log, "_SUBSCRIPTIONS", Statement(subscriptions)):
        yield


@_mutant("requests in flight of a dead worker count as delivered")
def _() -> Iterator[None]:
    no_lease = {"lease_token": null(), "lease_worker": null(), "lease_expires_at": null()}
    values = {**no_lease, "head_sequence": lanes.c.head_sequence + 1}
    release_all = {**leases._RELEASE_ALL, "lanes": leases._updating(lanes, true(), values)}
    release = {**leases._RELEASE, "lanes": leases._updating(lanes, leases._IS_MINE[lanes], values)}
    with _replaced(leases, "_RELEASE_ALL", release_all), _replaced(leases, "_RELEASE", release):
        yield


@_mutant("retention deletes events that an active lane still has to send")
def _() -> Iterator[None]:
    with _replaced(retention, "_FIRST_AWAITED", Statement(select(null()).where(literal(0) == bindparam("account")))):
        yield


@_mutant("a payload gets a new id with each attempt")
def _() -> Iterator[None]:
    original = readahead.read_ahead

    def read_ahead(*args: Any) -> Any:
        return {
            key: [msgspec.structs.replace(payload, payload_id=str(uuid.uuid4())) for payload in found]
            for key, found in original(*args).items()
        }

    with _replaced(cycles, "read_ahead", read_ahead):
        yield


@_mutant("events are appended in a transaction after that of their change")
def _() -> Iterator[None]:
    original_write_now, original_append = Database.write_now, event_log.append

    def append(tx: Transaction, *event: Any) -> None:
        tx.state.setdefault("postponed", []).append(event)

    def write_now(self: Database, account_id: int, function: Any, *args: Any) -> Any:
        postponed: list[Any] = []

        def change(tx: Transaction) -> Any:
            result = function(tx, *args)
            postponed.extend(tx.state.pop("postponed", ()))
            return result

        def append_postponed(tx: Transaction) -> None:
            for event in postponed:
                original_append(tx, *event)

        result = original_write_now(self, account_id, change)
        if postponed:
            original_write_now(self, account_id, append_postponed)
        return result

    with _replaced(Database, "write_now", write_now), _replaced(event_log, "append", append):
        yield


@_mutant("timestamps of events go back when the clock is set back")
def _() -> Iterator[None]:
    columns = (accounts.c.last_position, literal(0).label("last_event_at"), null().label("transaction_id"))
    lock = select(*columns).where(accounts.c.id == bindparam("account_id")).with_for_update(key_share=True)
    with _replaced(database, "LOCK_ACCOUNT", Statement(lock)):
        yield


@_mutant("a worker does not reload the new secret of a leased lane")
def _() -> Iterator[None]:
    with _replaced(
        lane_control,
        "_RELOAD_TARGET",
        Statement(update(lanes).where(lane_control._THIS_LANE).values(revision=lanes.c.revision)),
    ):
        yield


@_mutant("a skip does not revoke the lease of the lane")
def _() -> Iterator[None]:
    original = _construct_of(lane_control._MOVE_HEAD)
    leased = original.values(
        lease_token=lanes.c.lease_token, lease_worker=lanes.c.lease_worker, lease_expires_at=lanes.c.lease_expires_at
    )
    with _replaced(lane_control, "_MOVE_HEAD", Statement(leased)):
        yield


@_mutant("one-off deliveries of a dead worker are not released")
def _() -> Iterator[None]:
    release_none = Statement(update(one_off_rows).where(literal(0) == literal(1)).values(lease_token=null()))
    # It takes the parameter of the statement that it replaces.
    release_none_of = Statement(update(one_off_rows).where(bindparam("worker") < literal(0)).values(lease_token=null()))
    with (
        _replaced(leases, "_RELEASE_ALL", {**leases._RELEASE_ALL, "errands": release_none}),
        _replaced(leases, "_RELEASE", {**leases._RELEASE, "errands": release_none_of}),
    ):
        yield


@_mutant("one-off deliveries of a webhook do not wait for each other")
def _() -> Iterator[None]:
    with _with_text_replaced(one_off_deliveries, "LEASE", "o.id < e.id", "o.id < 0"):
        yield


@_mutant("lanes of a dead worker are released only when their leases expire", POSTGRESQL)
def _() -> Iterator[None]:
    with _replaced(liveness, "reap_dead_workers", _named("reap_dead_workers", leases.release_expired)):
        yield


@_mutant("a worker releases the leases of live workers", POSTGRESQL)
def _() -> Iterator[None]:
    with _replaced(liveness, "_TRY_LOCK", Statement(select(bindparam("worker") > literal(0)))):
        yield


@_mutant("deliveries that a clock ahead made due in the future are not brought forward")
def _() -> Iterator[None]:
    with _replaced(leases, "_BRING_FORWARD", []):
        yield


@_mutant("time without a due attempt counts towards the retry window")
def _() -> Iterator[None]:
    with _with_text_replaced(
        settlements, "SETTLE", "r.started_at - (l.due_at - l.window_started_at)", "l.window_started_at"
    ):
        yield


@_mutant("leases and due dates follow the clocks of the processes", POSTGRESQL)
def _() -> Iterator[None]:
    def transaction(self: Any, connection: Any) -> Transaction:
        return Transaction(connection, self.dialect, self.clock.now(), self.wake, self.list_totals)

    with _replaced(Database, "_transaction", transaction):
        yield


@_mutant("a rate does not delay the next request")
def _() -> Iterator[None]:
    with _replaced(settlements.AttemptResult, "pause", 0):
        yield


@_mutant("a retry by hand ignores the rate")
def _() -> Iterator[None]:
    at_once = _construct_of(lane_control._RETRY_NOW).values(due_at=bindparam("now"))
    with _replaced(lane_control, "_RETRY_NOW", Statement(at_once)):
        yield


@_mutant("a request in flight whose lease is revoked does not count for the rate")
def _() -> Iterator[None]:
    with _replaced(lane_control, "_paced_until", lambda tx, lane: lane.paced_until):
        yield


@_mutant("the old secret signs after its overlap")
def _() -> Iterator[None]:
    original = Target.secrets_at
    with _replaced(Target, "secrets_at", lambda self, keyring, now: original(self, keyring, now - 30 * SECOND)):
        yield


@_mutant("a rotation signs with the new secret only")
def _() -> Iterator[None]:
    original = envelope.headers

    def headers(*args: Any, **options: Any) -> Any:
        return original(*args[:7], **options)

    with _replaced(envelope, "headers", headers):
        yield


@_mutant("new events are queued for a webhook before it has caught up")
def _() -> Iterator[None]:
    original = _construct_of(event_log._SUBSCRIPTIONS)
    columns = [*original.selected_columns]
    anyone = original.with_only_columns(*columns)
    anyone._where_criteria = original._where_criteria[:-1]
    with _replaced(event_log, "_SUBSCRIPTIONS", Statement(anyone)):
        yield


@_mutant("each batch of a past omits an event")
def _() -> Iterator[None]:
    later = _construct_of(catching_up._ADVANCE).values(catching_up_from=bindparam("position") + 1)
    with _replaced(catching_up, "_ADVANCE", Statement(later)):
        yield


@_mutant("new subscriptions apply to a past that is not queued yet", SQLITE)
def _() -> Iterator[None]:
    with _replaced(catching_up, "finish", lambda tx, webhook_id: None):
        yield


@_mutant("an alert is not marked as reported")
def _() -> Iterator[None]:
    unmarked = text(
        "UPDATE lanes SET alerted = alerted WHERE account_id = :account AND webhook_id = :webhook "
        # It takes the parameters of the statement that it replaces.
        "AND (alerted = :alerted OR alert_since = :alert_since OR TRUE)"
    )
    with _replaced(alerts, "_MARK", Statement(unmarked)):
        yield


@_mutant("the end of a trouble is not reported")
def _() -> Iterator[None]:
    with _with_text_replaced(settlements, "SETTLE", "THEN 'recovered' ELSE", "THEN NULL ELSE"):
        yield


@_mutant("a webhook hears of its own trouble")
def _() -> Iterator[None]:
    original = event_log.append

    def append(*args: Any, about_webhook_id: int | None = None) -> None:
        original(*args)

    with _replaced(event_log, "append", append):
        yield


def _named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        return function(*args)

    # The simulator identifies operations by the names of their functions.
    call.__name__ = name
    return call
