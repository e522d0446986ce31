"""The actions of users in a simulated account: change tags, and create, change and delete webhooks.

The names of these functions are names of operations in ``transitions``.
"""

import random
import uuid
from dataclasses import dataclass

from sqlalchemy import text

from hourhook.crypto import Keyring
from hourhook.delivery import catching_up, event_log, lane_control, one_offs, signing
from hourhook.store.schema import subscriptions, tags, webhooks
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

EVENTS = ("tag.created", "tag.updated", "tag.deleted", "tag.deleted.merged")
ALERTS = ("webhook.failing", "webhook.stalled", "webhook.disabled", "webhook.recovered")
USER_ID = 7


@dataclass(frozen=True, slots=True)
class TagChange:
    """Create, rename or delete a tag; ``index`` chooses among the existing ones."""

    kind: str
    index: int
    name: str


def change(tx: Transaction, changes: list[TagChange]) -> None:
    """Change tags, and append the event of each change, in one transaction."""
    known = {row.id: row.name for row in tx.all(_TAGS, account=tx.account_id)}
    for tag_change in changes:
        id = [*known][tag_change.index % len(known)] if known else None
        if id is None or tag_change.kind == "tag.created":
            id = tx.insert(
                tags,
                account_id=tx.account_id,
                name=tag_change.name,
                name_key=str(uuid.uuid4()),
                billable=True,
                created_at=tx.event_time,
                updated_at=tx.event_time,
            )
            known[id] = tag_change.name
            event_log.append(tx, "tag.created", {}, {"id": id, "name": tag_change.name})
        elif tag_change.kind == "tag.updated":
            tx.execute(_RENAME_TAG, account=tx.account_id, id=id, name=tag_change.name)
            names = [known[id], tag_change.name]
            event_log.append(tx, "tag.updated", {"name": names}, {"id": id, "name": tag_change.name})
            known[id] = tag_change.name
        else:
            tx.execute(_DELETE_TAG, account=tx.account_id, id=id)
            deleted = {"id": id, "name": known.pop(id)}
            event_log.append(tx, "tag.deleted", {}, deleted)
            if tag_change.kind == "tag.deleted.merged":
                event_log.append(tx, "tag.deleted.merged", {}, deleted)


def create_webhook(
    tx: Transaction, uri: str, events: tuple[str, ...], keyring: Keyring, batch_limit: int, position: int | None
) -> int:
    """Create a webhook and queue its first ping; it begins at a position of the log, or with what is new."""
    id = tx.insert(
        webhooks,
        account_id=tx.account_id,
        name="hook é",
        name_key="hook",
        payload_uri=uri,
        secret=keyring.encrypt(signing.new_secret()),
        batch_limit=batch_limit,
        created_at=tx.event_time,
    )
    subscribe(tx, id, events)
    lane_control.create_lane(tx, id, uri)
    earliest = tx.value(_EARLIEST_POSITION, account=tx.account_id)
    if position is not None and earliest is not None and position <= tx.last_position:
        catching_up.begin(tx, id, max(position, earliest))
    one_offs.ping(tx, id)
    return id


def ping(tx: Transaction, webhook_id: int) -> None:
    """Queue a ping, if the webhook exists."""
    if tx.value(_WEBHOOK, account=tx.account_id, webhook=webhook_id) is not None:
        one_offs.ping(tx, webhook_id)


def delete_webhook(tx: Transaction, webhook_id: int) -> None:
    """Delete a webhook, unless it is already deleted."""
    if tx.value(_WEBHOOK, account=tx.account_id, webhook=webhook_id) is None:
        return
    for statement in (_DELETE_WEBHOOK, _UNSUBSCRIBE):
        tx.execute(statement, account=tx.account_id, webhook=webhook_id)
    lane_control.delete_lane(tx, webhook_id)


def subscribe(tx: Transaction, webhook_id: int, events: tuple[str, ...]) -> None:
    """Replace the events that a webhook is subscribed to, for later events only."""
    catching_up.finish(tx, webhook_id)
    tx.execute(_UNSUBSCRIBE, account=tx.account_id, webhook=webhook_id)
    rows = [(tx.account_id, webhook_id, event, index) for index, event in enumerate(events)]
    tx.insert_many(subscriptions, ("account_id", "webhook_id", "event", "place"), rows)


def retarget(tx: Transaction, webhook_id: int, uri: str) -> None:
    """Change the URI of a webhook."""
    tx.execute(_SET_URI, account=tx.account_id, webhook=webhook_id, uri=uri)
    lane_control.retarget(tx, webhook_id, uri)


def rename(tx: Transaction, webhook_id: int, name: str) -> None:
    """Change the name of a webhook."""
    tx.execute(_SET_NAME, account=tx.account_id, webhook=webhook_id, name=name)
    lane_control.reload_target(tx, webhook_id)


def reroll(tx: Transaction, webhook_id: int, secret: bytes) -> None:
    """Change the secret of a webhook."""
    tx.execute(_SET_SECRET, account=tx.account_id, webhook=webhook_id, secret=secret)
    lane_control.reload_target(tx, webhook_id)


def rotate(tx: Transaction, webhook_id: int, secret: bytes, overlap: int) -> None:
    """Change the secret of a webhook; the old one stays good for ``overlap`` microseconds."""
    expires_at = tx.started_at + overlap
    tx.execute(_ROTATE, account=tx.account_id, webhook=webhook_id, secret=secret, expires_at=expires_at)
    lane_control.reload_target(tx, webhook_id)


def expire_secret(tx: Transaction, webhook_id: int) -> None:
    """End the old secret of a webhook."""
    tx.execute(_EXPIRE, account=tx.account_id, webhook=webhook_id)
    lane_control.reload_target(tx, webhook_id)


def set_rate(tx: Transaction, webhook_id: int, max_per_second: int | None) -> None:
    """Change how many requests a webhook gets per second, in hundredths."""
    tx.execute(_SET_RATE, account=tx.account_id, webhook=webhook_id, max_per_second=max_per_second)
    lane_control.reconfigure(tx, webhook_id, is_filtered=False)


def limit_batches(tx: Transaction, webhook_id: int, limit: int) -> None:
    """Change how many payloads a request may have."""
    tx.execute(_SET_BATCH_LIMIT, account=tx.account_id, webhook=webhook_id, limit=limit)
    lane_control.reload_target(tx, webhook_id)


def replay(tx: Transaction, webhook_id: int, sequence: int) -> None:
    """Replay a webhook from a payload on, if that payload is still retained."""
    earliest = tx.value(_EARLIEST, account=tx.account_id, webhook=webhook_id)
    if earliest is not None and sequence >= earliest:
        lane_control.replay(tx, webhook_id, sequence)


def retry(tx: Transaction, webhook_id: int, sequence: int) -> None:
    """Retry a payload now, or redeliver it if it is settled."""
    payload_id = tx.value(_PAYLOAD_ID, account=tx.account_id, webhook=webhook_id, sequence=sequence)
    if payload_id is not None and lane_control.retry(tx, webhook_id, sequence) == "settled":
        one_offs.redeliver(tx, webhook_id, payload_id, sequence)


def random_changes(rng: random.Random) -> list[TagChange]:
    """Return one to five changes, for one transaction."""
    count = rng.choice((1, 1, 1, 2, 3, 5))
    kinds = rng.choices(EVENTS, (3, 5, 1, 1), k=count)
    return [TagChange(kind, rng.randrange(1000), f"tag {rng.randrange(1000)} ü") for kind in kinds]


def random_events(rng: random.Random) -> tuple[str, ...]:
    """Return the events that a webhook is to be subscribed to."""
    if rng.random() < 0.5:
        return ("*",)
    return tuple(rng.sample(["*", *EVENTS, *ALERTS], rng.randrange(6)))


def _statement(construct: str) -> Statement:
    return Statement(text(construct))


_OF_ACCOUNT = "account_id = :account AND"
_TAGS = _statement("SELECT id, name FROM tags WHERE account_id = :account ORDER BY id")
_RENAME_TAG = _statement(f"UPDATE tags SET name = :name WHERE {_OF_ACCOUNT} id = :id")
_DELETE_TAG = _statement(f"DELETE FROM tags WHERE {_OF_ACCOUNT} id = :id")
_WEBHOOK = _statement(f"SELECT id FROM webhooks WHERE {_OF_ACCOUNT} id = :webhook")
_DELETE_WEBHOOK = _statement(f"DELETE FROM webhooks WHERE {_OF_ACCOUNT} id = :webhook")
_UNSUBSCRIBE = _statement(f"DELETE FROM subscriptions WHERE {_OF_ACCOUNT} webhook_id = :webhook")
_SET_URI = _statement(f"UPDATE webhooks SET payload_uri = :uri WHERE {_OF_ACCOUNT} id = :webhook")
_SET_NAME = _statement(f"UPDATE webhooks SET name = :name WHERE {_OF_ACCOUNT} id = :webhook")
_NO_OLD_SECRET = "previous_secret = NULL, previous_secret_expires_at = NULL"
_SET_SECRET = _statement(f"UPDATE webhooks SET secret = :secret, {_NO_OLD_SECRET} WHERE {_OF_ACCOUNT} id = :webhook")
_ROTATE = _statement(
    "UPDATE webhooks SET secret = :secret, previous_secret = secret, previous_secret_expires_at = :expires_at "
    f"WHERE {_OF_ACCOUNT} id = :webhook"
)
_EXPIRE = _statement(f"UPDATE webhooks SET {_NO_OLD_SECRET} WHERE {_OF_ACCOUNT} id = :webhook")
_SET_RATE = _statement(f"UPDATE webhooks SET max_per_second = :max_per_second WHERE {_OF_ACCOUNT} id = :webhook")
_EARLIEST_POSITION = _statement("SELECT min(position) AS position FROM events WHERE account_id = :account")
_SET_BATCH_LIMIT = _statement(f"UPDATE webhooks SET batch_limit = :limit WHERE {_OF_ACCOUNT} id = :webhook")
_EARLIEST = _statement(f"SELECT min(sequence) AS sequence FROM payloads WHERE {_OF_ACCOUNT} webhook_id = :webhook")
_PAYLOAD_ID = _statement(
    f"SELECT payload_id FROM payloads WHERE {_OF_ACCOUNT} webhook_id = :webhook AND sequence = :sequence"
)
