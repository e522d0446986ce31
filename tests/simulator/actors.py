"""What people do to an account: its tags change, and its webhooks are made, steered and deleted."""

import random
import uuid
from dataclasses import dataclass

from sqlalchemy import text

from hourhook.crypto import Keyring
from hourhook.delivery import event_log, lane_control, one_offs, signing
from hourhook.store.schema import subscriptions, tags, webhooks
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

EVENTS = ("tag.created", "tag.updated", "tag.deleted", "tag.deleted.merged")
USER_ID = 7


@dataclass(frozen=True, slots=True)
class TagChange:
    """One change of a tag: a new one, another name for one, or its end. ``place`` chooses among those that are."""

    kind: str
    place: int
    name: str


def change(tx: Transaction, changes: list[TagChange]) -> None:
    """Change tags, each with its event, in one transaction."""
    known = {row.id: row.name for row in tx.all(_TAGS, account=tx.account_id)}
    for one in changes:
        id = [*known][one.place % len(known)] if known else None
        if id is None or one.kind == "tag.created":
            id = tx.insert(
                tags,
                account_id=tx.account_id,
                name=one.name,
                name_key=str(uuid.uuid4()),
                billable=True,
                created_at=tx.event_time,
                updated_at=tx.event_time,
            )
            known[id] = one.name
            event_log.append(tx, "tag.created", {}, {"id": id, "name": one.name})
        elif one.kind == "tag.updated":
            tx.execute(_RENAME_TAG, account=tx.account_id, id=id, name=one.name)
            event_log.append(tx, "tag.updated", {"name": [known[id], one.name]}, {"id": id, "name": one.name})
            known[id] = one.name
        else:
            tx.execute(_DELETE_TAG, account=tx.account_id, id=id)
            was = {"id": id, "name": known.pop(id)}
            event_log.append(tx, "tag.deleted", {}, was)
            if one.kind == "tag.deleted.merged":
                event_log.append(tx, "tag.deleted.merged", {}, was)


def create_webhook(tx: Transaction, uri: str, events: tuple[str, ...], keyring: Keyring) -> int:
    """Make a webhook, which is sent a ping at once."""
    id = tx.insert(
        webhooks,
        account_id=tx.account_id,
        name="hook é",
        name_key="hook",
        payload_uri=uri,
        secret=keyring.encrypt(signing.new_secret()),
        created_at=tx.event_time,
    )
    subscribe(tx, id, events)
    lane_control.create_lane(tx, id, uri)
    one_offs.ping(tx, id)
    return id


def ping(tx: Transaction, webhook_id: int) -> None:
    """Ask for a ping of a webhook, if there is such a one."""
    if tx.value(_HOOK, account=tx.account_id, webhook=webhook_id) is not None:
        one_offs.ping(tx, webhook_id)


def delete_webhook(tx: Transaction, webhook_id: int) -> None:
    """Delete a webhook, unless somebody else has done so."""
    if tx.value(_HOOK, account=tx.account_id, webhook=webhook_id) is None:
        return
    for statement in (_DELETE_HOOK, _UNSUBSCRIBE):
        tx.execute(statement, account=tx.account_id, webhook=webhook_id)
    lane_control.delete_lane(tx, webhook_id)


def subscribe(tx: Transaction, webhook_id: int, events: tuple[str, ...]) -> None:
    """Have a webhook listen to these events and no others."""
    tx.execute(_UNSUBSCRIBE, account=tx.account_id, webhook=webhook_id)
    rows = [(tx.account_id, webhook_id, event, place) for place, event in enumerate(events)]
    tx.insert_many(subscriptions, ("account_id", "webhook_id", "event", "place"), rows)


def retarget(tx: Transaction, webhook_id: int, uri: str) -> None:
    """Have a webhook's payloads go elsewhere."""
    tx.execute(_SET_URI, account=tx.account_id, webhook=webhook_id, uri=uri)
    lane_control.retarget(tx, webhook_id, uri)


def rename(tx: Transaction, webhook_id: int, name: str) -> None:
    """Give a webhook another name."""
    tx.execute(_SET_NAME, account=tx.account_id, webhook=webhook_id, name=name)
    lane_control.reload_target(tx, webhook_id)


def reroll(tx: Transaction, webhook_id: int, secret: bytes) -> None:
    """Give a webhook another secret."""
    tx.execute(_SET_SECRET, account=tx.account_id, webhook=webhook_id, secret=secret)
    lane_control.reload_target(tx, webhook_id)


def replay(tx: Transaction, webhook_id: int, sequence: int) -> None:
    """Have everything since a payload sent once more, if that one is still kept."""
    earliest = tx.value(_EARLIEST, account=tx.account_id, webhook=webhook_id)
    if earliest is not None and sequence >= earliest:
        lane_control.replay(tx, webhook_id, sequence)


def retry(tx: Transaction, webhook_id: int, sequence: int) -> None:
    """Ask for a payload to be sent now: as an errand where it was settled before."""
    payload_id = tx.value(_PAYLOAD_ID, account=tx.account_id, webhook=webhook_id, sequence=sequence)
    if payload_id is not None and lane_control.retry(tx, webhook_id, sequence) == "settled":
        one_offs.redeliver(tx, webhook_id, payload_id, sequence)


def random_changes(rng: random.Random) -> list[TagChange]:
    """One to a few changes, as one request makes them."""
    count = rng.choice((1, 1, 1, 2, 3, 5))
    kinds = rng.choices(EVENTS, (3, 5, 1, 1), k=count)
    return [TagChange(kind, rng.randrange(1000), f"tag {rng.randrange(1000)} ü") for kind in kinds]


def random_events(rng: random.Random) -> tuple[str, ...]:
    """What a webhook listens to."""
    if rng.random() < 0.5:
        return ("*",)
    return tuple(rng.sample(["*", *EVENTS], rng.randrange(4)))


def _statement(construct: str) -> Statement:
    return Statement(text(construct))


_MINE = "account_id = :account AND"
_TAGS = _statement("SELECT id, name FROM tags WHERE account_id = :account ORDER BY id")
_RENAME_TAG = _statement(f"UPDATE tags SET name = :name WHERE {_MINE} id = :id")
_DELETE_TAG = _statement(f"DELETE FROM tags WHERE {_MINE} id = :id")
_HOOK = _statement(f"SELECT id FROM webhooks WHERE {_MINE} id = :webhook")
_DELETE_HOOK = _statement(f"DELETE FROM webhooks WHERE {_MINE} id = :webhook")
_UNSUBSCRIBE = _statement(f"DELETE FROM subscriptions WHERE {_MINE} webhook_id = :webhook")
_SET_URI = _statement(f"UPDATE webhooks SET payload_uri = :uri WHERE {_MINE} id = :webhook")
_SET_NAME = _statement(f"UPDATE webhooks SET name = :name WHERE {_MINE} id = :webhook")
_SET_SECRET = _statement(f"UPDATE webhooks SET secret = :secret WHERE {_MINE} id = :webhook")
_EARLIEST = _statement(f"SELECT min(sequence) AS sequence FROM payloads WHERE {_MINE} webhook_id = :webhook")
_PAYLOAD_ID = _statement(
    f"SELECT payload_id FROM payloads WHERE {_MINE} webhook_id = :webhook AND sequence = :sequence"
)
