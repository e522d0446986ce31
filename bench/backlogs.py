"""Accounts with webhooks, and backlogs of events to deliver."""

from collections.abc import Sequence

import msgspec

from hourhook.crypto import Keyring
from hourhook.delivery import envelope, event_log, lane_control, signing
from hourhook.domain import accounts
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.schema import subscriptions, webhooks
from hourhook.store.transaction import Transaction

SECRET_KEY = "the key of the benchmarks, which is not secret"
BODY_BYTES = 2048
_BATCH = 50


def settings_for(url: str, **changes: object) -> Settings:
    """Return the settings of the measured process: the defaults, but without a rate limit."""
    return Settings(database_url=url, secret_key=SECRET_KEY, rate_limit=None, log_format="json").with_changes(**changes)


def open_account(database: Database, name: str = "bench") -> accounts.CreatedAccount:
    return database.run_now(
        accounts.create,
        name=name,
        email=f"owner@{name}.test",
        first_name="Ada",
        last_name="Byron",
        password_hash=None,
    )


def add_webhooks(database: Database, account_id: int, uris: Sequence[str], batch_limit: int = 1) -> Sequence[int]:
    """Create a webhook for each URI that subscribes to all events, without sending pings; return their ids."""
    keyring = Keyring(SECRET_KEY)

    def add(tx: Transaction) -> Sequence[int]:
        ids = tx.next_ids(webhooks, len(uris))
        tx.insert_many(
            webhooks,
            ("account_id", "id", "name", "name_key", "payload_uri", "secret", "batch_limit", "created_at"),
            [
                (
                    account_id,
                    id,
                    f"Webhook {id}",
                    f"webhook {id}",
                    uri,
                    keyring.encrypt(signing.new_secret()),
                    batch_limit,
                    tx.event_time,
                )
                for id, uri in zip(ids, uris, strict=True)
            ],
        )
        tx.insert_many(
            subscriptions,
            ("account_id", "webhook_id", "event", "place"),
            [(account_id, id, event_log.EVERYTHING, 0) for id in ids],
        )
        for id, uri in zip(ids, uris, strict=True):
            lane_control.create_lane(tx, id, uri)
        return ids

    return database.write_now(account_id, add)


def record_events(database: Database, account_id: int, count: int) -> None:
    """Record ``count`` events."""
    for start in range(0, count, _BATCH):
        database.write_now(account_id, _record, min(_BATCH, count - start))


def sample_body() -> bytes:
    """Return the body of a payload of such an event, for clients without storage."""
    return envelope.body(
        1, "Webhook 1", "entry.created", 1_700_000_000_000_000, event_log.NO_CHANGES, msgspec.json.encode(_OBJECT)
    )


def _record(tx: Transaction, count: int) -> None:
    for _ in range(count):
        event_log.append(tx, "entry.created", {}, _OBJECT)


def _padded(object: dict[str, object]) -> dict[str, object]:
    unpadded = envelope.body(1, "Webhook 1", "entry.created", 0, event_log.NO_CHANGES, msgspec.json.encode(object))
    return {**object, "description": "x" * (BODY_BYTES - len(unpadded))}


_OBJECT = _padded(
    {"id": 1, "date": "2024-05-21", "minutes": 45, "description": "", "url": "http://127.0.0.1:8080/v2/entries/1"}
)
