"""Accounts with webhooks and payloads in any state, made without a request or a receiver."""

from dataclasses import dataclass

from hourhook.delivery import envelope, log, steering
from hourhook.delivery.errands import Errand, ErrandResult, lease_errands, settle_errands
from hourhook.delivery.lanes import Lane
from hourhook.delivery.leases import lease
from hourhook.delivery.outcomes import ErrorKind, Outcome
from hourhook.delivery.readahead import EventCache, Span, read_ahead
from hourhook.delivery.settlements import Result, settle
from hourhook.domain import accounts
from hourhook.store.database import Database
from hourhook.store.schema import subscriptions, webhooks
from hourhook.store.transaction import Transaction
from tests.outside import OUTSIDE

URI = "http://127.0.0.1:9/hook"
_WORKER = 1


@dataclass
class Backlog:
    """An account with one webhook that hears everything; nobody delivers but the test."""

    database: Database
    account_id: int
    webhook_id: int
    token: int = 0

    def record(self, *types: str) -> None:
        """Have these events happen, in one transaction."""
        self.database.write_now(self.account_id, _record, types)

    def attempt(self, status: int | None = 200, error: ErrorKind | None = None, duration_ms: int = 7) -> None:
        """Send the head of the lane, with this result; what fails is due again at once."""
        self.database.run_now(self._attempt, self._outcome(status, error, duration_ms))

    def run_errands(self, status: int | None = 200, error: ErrorKind | None = None) -> list[Errand]:
        """Send all errands that are due, with this result; returns them."""
        return self.database.run_now(self._run_errands, self._outcome(status, error, 5))

    def _outcome(self, status: int | None, error: ErrorKind | None, duration_ms: int) -> Outcome:
        if status is not None and not 200 <= status < 300:
            error = "status"
        return Outcome(status, error, self.database.clock.now(), duration_ms, (("x-answer", "yes"),), b"answer")

    def _attempt(self, tx: Transaction, outcome: Outcome) -> None:
        now = self.database.clock.now()
        [lane] = self._lease(tx, succeeding=True) or self._lease(tx, succeeding=False)
        head = lane.head_sequence
        [payload] = read_ahead(tx, [Span(*lane.key, head, head, lane.replayed_through)], EventCache())[lane.key]
        number = (payload.attempts_before if head <= lane.replayed_through else lane.attempts_count) + 1
        due_at = None if outcome.is_success else now
        assert settle(
            tx, [Result(lane, payload, number, "Webhook", URI, outcome, due_at, False)], now=now, expires_at=now + 1
        )

    def _lease(self, tx: Transaction, *, succeeding: bool) -> list[Lane]:
        now = self.database.clock.now()
        self.token += 1
        return lease(
            tx,
            worker=_WORKER,
            token=self.token,
            now=now,
            expires_at=now + 1,
            succeeding=succeeding,
            limit=1,
            saturated=[],
        )

    def _run_errands(self, tx: Transaction, outcome: Outcome) -> list[Errand]:
        now = self.database.clock.now()
        self.token += 1
        leased = lease_errands(tx, worker=_WORKER, token=self.token, now=now, expires_at=now + 1, limit=100)
        settle_errands(tx, [ErrandResult(errand, "Webhook", URI, outcome) for errand in leased])
        return leased


def make_backlog(database: Database, name: str = "northwind") -> Backlog:
    """An account with a webhook that hears everything."""
    made = database.run_now(
        accounts.create, name=name, email="ada@northwind.test", first_name=None, last_name=None, password_hash=None
    )
    return Backlog(database, made.account_id, database.write_now(made.account_id, _add_webhook))


def _add_webhook(tx: Transaction) -> int:
    id = tx.insert(
        webhooks,
        account_id=tx.account_id,
        name="Webhook",
        name_key="webhook",
        payload_uri=URI,
        secret=OUTSIDE.vault.close(envelope.new_secret()),
        created_at=tx.now,
    )
    steering.open_lane(tx, id, URI)
    columns = ("account_id", "webhook_id", "event", "place")
    tx.insert_many(subscriptions, columns, [(tx.account_id, id, log.EVERYTHING, 1)])
    return id


def _record(tx: Transaction, types: tuple[str, ...]) -> None:
    for type in types:
        log.record(tx, type, {}, {"id": 1})
