"""Accounts with webhooks and payloads in any state, created without HTTP requests or receivers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import bindparam, null, select, update

from hourhook.clock import SECOND
from hourhook.delivery import event_log, lane_control, signing
from hourhook.delivery.transports.outcomes import ErrorKind, Outcome
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.delivery.worker.leases import lease
from hourhook.delivery.worker.one_off_deliveries import OneOff, OneOffResult, lease_one_offs, settle_one_offs
from hourhook.delivery.worker.readahead import EventCache, SequenceRange, read_ahead
from hourhook.delivery.worker.settlements import AttemptResult, settle
from hourhook.domain import accounts
from hourhook.store.database import Database
from hourhook.store.schema import attempts, lanes, subscriptions, webhooks
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction
from tests.support.dependencies import DEPENDENCIES

P = ParamSpec("P")
T = TypeVar("T")
EVERYTHING = (event_log.EVERYTHING,)
URI = "http://127.0.0.1:9/hook"
_WORKER = 1


@dataclass
class Backlog:
    """An account with one webhook that subscribes to all events; only the test delivers its payloads."""

    database: Database
    account_id: int
    webhook_id: int
    token: int = 0

    def record(self, *types: str) -> None:
        """Record these events in one transaction."""
        self.database.write_now(self.account_id, _record, types)

    def add_webhook(self, uri: str = URI, events: Sequence[str] = EVERYTHING) -> "Backlog":
        """Add another webhook to the account; return its backlog."""
        return Backlog(self.database, self.account_id, self.write(_add_webhook, uri, events))

    def write(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a write transaction of the account."""
        return self.database.write_now(self.account_id, function, *args, **kwargs)

    def control(self, function: Callable[..., T], *args: Any) -> T:
        """Run a function of ``lane_control`` on the lane in a transaction."""
        return self.write(function, self.webhook_id, *args)

    def set_uri(self, uri: str) -> None:
        """Change the payload URI of the webhook."""
        self.write(_set_uri, self.webhook_id, uri)

    def attempt(
        self,
        status: int | None = 200,
        error: ErrorKind | None = None,
        duration_ms: int = 7,
        retry_seconds: float | None = 0,
        said: str = "answer",
    ) -> None:
        """Settle an attempt of the lane's head with this outcome; the receiver ``said`` this in a header and the body.

        After a failure, the payload is due again in ``retry_seconds``; with None the lane stalls.
        """
        self.database.run_now(self._attempt, self._outcome(status, error, duration_ms, said), retry_seconds)

    def send_one_offs(self, status: int | None = 200, error: ErrorKind | None = None) -> list[OneOff]:
        """Settle all due one-off deliveries with this outcome; return them."""
        settled: list[OneOff] = []
        # Each webhook sends them one after the other.
        while more := self.database.run_now(self._send_one_offs, self._outcome(status, error, 5)):
            settled += more
        return settled

    def _outcome(self, status: int | None, error: ErrorKind | None, duration_ms: int, said: str = "answer") -> Outcome:
        if status is not None and not 200 <= status < 300:
            error = "status"
        return Outcome(status, error, self.database.clock.now(), duration_ms, (("x-answer", said),), said.encode())

    def _attempt(self, tx: Transaction, outcome: Outcome, retry_seconds: float | None) -> None:
        lane = self.lease(tx)
        head = lane.head_sequence
        [payload] = read_ahead(tx, [SequenceRange(*lane.key, head, head, lane.replayed_through)], EventCache())[
            lane.key
        ]
        delay = None if outcome.is_success or retry_seconds is None else round(retry_seconds * SECOND)
        assert settle(
            tx, [AttemptResult(lane, [payload], [lane.number_of(payload)], "Webhook", URI, outcome, delay, False)]
        )

    def lease(self, tx: Transaction) -> LeasedLane:
        """Lease the lane, which must be due; the leases of other due lanes are released at once."""
        now = tx.started_at
        self.token += 1
        leased = [
            lane
            for succeeding in (True, False)
            for lane in lease(
                tx,
                worker=_WORKER,
                token=self.token,
                now=now,
                expires_at=now + 1,
                succeeding=succeeding,
                limit=100,
                saturated=[],
            )
        ]
        [lane] = [lane for lane in leased if lane.key == (self.account_id, self.webhook_id)]
        for other in leased:
            if other is not lane:
                tx.execute(_RELEASE, account=other.account_id, webhook=other.webhook_id)
        return lane

    def _send_one_offs(self, tx: Transaction, outcome: Outcome) -> list[OneOff]:
        now = tx.started_at
        self.token += 1
        leased = lease_one_offs(
            tx,
            worker=_WORKER,
            token=self.token,
            now=now,
            expires_at=now + 1,
            ordinary=100,
            failing=100,
            saturated=[],
        )
        settle_one_offs(tx, [OneOffResult(one_off, "Webhook", URI, outcome) for one_off in leased])
        return leased


def make_backlog(database: Database, name: str = "northwind") -> Backlog:
    """Create an account with a webhook that subscribes to all events."""
    created = database.run_now(
        accounts.create, name=name, email="ada@northwind.test", first_name=None, last_name=None, password_hash=None
    )
    webhook_id = database.write_now(created.account_id, _add_webhook, URI, EVERYTHING)
    return Backlog(database, created.account_id, webhook_id)


def lane_of(backlog: Backlog) -> Row:
    return backlog.database.read_now(read_lane, backlog)


def read_lane(tx: Transaction, backlog: Backlog) -> Row:
    """Return the row of the lane, read in a given transaction."""
    row = tx.one(_LANE, account=backlog.account_id, webhook=backlog.webhook_id)
    assert row is not None
    return row


def attempts_of(backlog: Backlog) -> list[tuple[int, int, int | None]]:
    """Return sequence, number and status of the recorded attempts of the lane, in order.

    Attempts of one-off deliveries are not included.
    """
    key = {"account": backlog.account_id, "webhook": backlog.webhook_id}
    rows = backlog.database.read_now(lambda tx: tx.all(_ATTEMPTS, **key))
    return [(row.sequence, row.number, row.status) for row in rows]


def _add_webhook(tx: Transaction, uri: str, events: Sequence[str]) -> int:
    id = tx.insert(
        webhooks,
        account_id=tx.account_id,
        name="Webhook",
        name_key="webhook",
        payload_uri=uri,
        secret=DEPENDENCIES.keyring.encrypt(signing.new_secret()),
        created_at=tx.event_time,
    )
    lane_control.create_lane(tx, id, uri)
    columns = ("account_id", "webhook_id", "event", "place")
    rows = [(tx.account_id, id, event, index) for index, event in enumerate(events, 1)]
    tx.insert_many(subscriptions, columns, rows)
    return id


def _set_uri(tx: Transaction, webhook_id: int, uri: str) -> None:
    tx.execute(_SET_URI, account=tx.account_id, webhook=webhook_id, uri=uri)
    lane_control.retarget(tx, webhook_id, uri)


def _record(tx: Transaction, types: tuple[str, ...]) -> None:
    for type in types:
        event_log.append(tx, type, {}, {"id": 1})


_THIS_LANE = (lanes.c.account_id == bindparam("account")) & (lanes.c.webhook_id == bindparam("webhook"))
_LANE = Statement(select(lanes).where(_THIS_LANE))
_SET_URI = Statement(
    update(webhooks)
    .where(webhooks.c.account_id == bindparam("account"), webhooks.c.id == bindparam("webhook"))
    .values(payload_uri=bindparam("uri"))
)
_RELEASE = Statement(
    update(lanes).where(_THIS_LANE).values(lease_token=null(), lease_worker=null(), lease_expires_at=null())
)
_ATTEMPTS = Statement(
    select(attempts.c.sequence, attempts.c.number, attempts.c.status)
    .where(
        attempts.c.account_id == bindparam("account"),
        attempts.c.webhook_id == bindparam("webhook"),
        attempts.c.errand_id == 0,
    )
    .order_by(attempts.c.started_at, attempts.c.sequence, attempts.c.number)
)
