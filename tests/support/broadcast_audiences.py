"""Users with broadcast receivers, and changes to broadcast, created without HTTP requests or timers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import select, update

from hourhook.delivery import broadcasts, signing
from hourhook.delivery.broadcasts import ClaimedBroadcasts
from hourhook.delivery.lane_control import destination_of
from hourhook.domain import accounts
from hourhook.store.database import Database
from hourhook.store.schema import broadcast_receivers, broadcast_subjects
from hourhook.store.schema import broadcasts as pending
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.dependencies import DEPENDENCIES

P = ParamSpec("P")
T = TypeVar("T")
URI = "http://127.0.0.1:9/broadcasts"
TIMER = "http://127.0.0.1:8080/v2/projects/1/timer"
OTHER_TIMER = "http://127.0.0.1:8080/v2/projects/2/timer"


@dataclass
class Audience:
    """A user to whose broadcast receivers changes are sent; it starts without receivers."""

    database: Database
    account_id: int
    user_id: int

    def write(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a write transaction of the account."""
        return self.database.write_now(self.account_id, function, *args, **kwargs)

    def add_receiver(self, uri: str = URI, subjects: Sequence[str] = ("timer",)) -> int:
        """Add a broadcast receiver; return its id."""
        return self.write(_add_receiver, self.user_id, uri, subjects)

    def record_changes(self, *changes: tuple[str, str], subject: str = "timer") -> None:
        """Enqueue broadcasts for changes, each a URL and an event, in one transaction."""
        self.write(_record_changes, self.user_id, subject, changes)

    def update_receiver(self, receiver_id: int, **values: Any) -> None:
        """Change columns of a receiver."""
        change = Statement(update(broadcast_receivers).where(broadcast_receivers.c.id == receiver_id).values(values))
        self.write(lambda tx: tx.execute(change))

    def pending(self) -> list[tuple[int, str, str]]:
        """Return the pending broadcasts: receiver, URL and event, in the order of the changes."""
        return self.database.read_now(read_pending)

    def claim(self, since: int | None = None, limit: int = 100, **more: Any) -> list[ClaimedBroadcasts]:
        """Claim the broadcasts that have waited since a time, by default all of them."""
        waited = 0 if since is None else self.database.clock.now() - since
        options: Any = {"busy": [], "saturated": [], **more}
        return self.database.run_now(broadcasts.claim, waited=waited, limit=limit, **options)


def make_audience(database: Database, name: str = "northwind") -> Audience:
    """Create an account; its owner is the user."""
    created = database.run_now(
        accounts.create, name=name, email="ada@northwind.test", first_name=None, last_name=None, password_hash=None
    )
    return Audience(database, created.account_id, created.user_id)


def read_pending(tx: Transaction) -> list[tuple[int, str, str]]:
    """Return the pending broadcasts of all receivers, read in a given transaction."""
    return [(row.broadcast_receiver_id, row.url, row.last_event) for row in tx.all(_PENDING)]


def _add_receiver(tx: Transaction, user_id: int, uri: str, subjects: Sequence[str]) -> int:
    id = tx.insert(
        broadcast_receivers,
        account_id=tx.account_id,
        user_id=user_id,
        name="Receiver",
        name_key="receiver",
        payload_uri=uri,
        destination=destination_of(uri),
        secret=DEPENDENCIES.keyring.encrypt(signing.new_secret()),
        enabled=True,
        created_at=tx.event_time,
    )
    columns = ("account_id", "broadcast_receiver_id", "subject", "place")
    rows = [(tx.account_id, id, subject, index) for index, subject in enumerate(subjects, 1)]
    tx.insert_many(broadcast_subjects, columns, rows)
    return id


def _record_changes(tx: Transaction, user_id: int, subject: str, changes: Sequence[tuple[str, str]]) -> None:
    for url, event in changes:
        broadcasts.enqueue(tx, user_id, subject, url, event)


_PENDING = Statement(
    select(pending.c.broadcast_receiver_id, pending.c.url, pending.c.last_event).order_by(
        pending.c.broadcast_receiver_id, pending.c.place
    )
)
