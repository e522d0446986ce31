"""Rehearsals: receivers of this server, for webhooks that are tried without a receiver of one's own.

A receiver keeps the last requests for a day, and answers as the user has chosen.
"""

import secrets
from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, delete, exists, select, tuple_, update

from hourhook.clock import DAY
from hourhook.delivery.event_log import EVERYTHING
from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.links import Links
from hourhook.domain.webhooks import editing, reading
from hourhook.domain.webhooks.editing import WebhookCreate
from hourhook.errors import ValidationFailed
from hourhook.store.schema import rehearsal_requests, rehearsals, webhooks
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

PATH = "/rehearsals/"
# What a receiver answers; ``slow`` is a 204 after some seconds.
ANSWERS = ("204", "503", "410", "slow")
KEPT = 20
# Longer bodies are cut.
KEPT_BYTES = 65_536
_BATCH = 500


def address_of(links: Links, key: str) -> str:
    """Return the address of a receiver of this server."""
    return links.url(f"{PATH}{key}")


def create(tx: Transaction, caller: Caller, dependencies: Dependencies, answer: str) -> int:
    """Create a webhook for all events, with a receiver of this server; return its id."""
    _require_answer(answer)
    key = secrets.token_urlsafe(18)
    params = WebhookCreate(name="Rehearsal", payload_uri=address_of(caller.links, key), events=[EVERYTHING])
    webhook = editing.create(tx, caller, dependencies, params, ValidationErrors("Webhook"))
    row = (caller.account_id, webhook.id, key, answer, 0)
    tx.insert_many(rehearsals, ("account_id", "webhook_id", "key", "answer", "last_number"), [row])
    return webhook.id


def change_answer(tx: Transaction, caller: Caller, webhook_id: int, answer: str) -> None:
    """Let the receiver of a webhook answer otherwise from now on."""
    reading.find(tx, caller, webhook_id)
    _require_answer(answer)
    tx.execute(_ANSWER, account=caller.account_id, webhook=webhook_id, answer=answer)


def receive(tx: Transaction, key: str, headers: Sequence[tuple[str, str]], body: bytes) -> str | None:
    """Keep a request, and return the answer to it; None if there is no such receiver."""
    found = tx.one(_RECEIVE, key=key)
    if found is None:
        return None
    tx.insert_many(
        rehearsal_requests,
        ("account_id", "webhook_id", "number", "received_at", "headers", "body", "answer"),
        [
            (
                found.account_id,
                found.webhook_id,
                found.last_number,
                tx.started_at,
                msgspec.json.encode(headers),
                body[:KEPT_BYTES],
                found.answer,
            )
        ],
    )
    tx.execute(_DELETE_OLDEST, account=found.account_id, webhook=found.webhook_id, through=found.last_number - KEPT)
    answer: str = found.answer
    return answer


def exists_receiver(tx: Transaction, key: str) -> bool:
    return tx.value(_EXISTS, key=key) is not None


def find_answer(tx: Transaction, account_id: int, webhook_id: int) -> str | None:
    """Return what the receiver of a webhook answers; None if it is no receiver of this server."""
    answer: str | None = tx.value(_FIND, account=account_id, webhook=webhook_id)
    return answer


def list_requests(tx: Transaction, account_id: int, webhook_id: int) -> list[Row]:
    """Return the requests of the last day, newest first."""
    return tx.all(_REQUESTS, account=account_id, webhook=webhook_id, since=tx.started_at - DAY)


def delete_expired(tx: Transaction) -> int:
    """Delete a batch of requests that are older than a day, and receivers whose webhook is gone."""
    return tx.execute(_DELETE_EXPIRED, horizon=tx.started_at - DAY, batch=_BATCH) + tx.execute(_DELETE_ORPHANS)


def _require_answer(answer: str) -> None:
    if answer not in ANSWERS:
        raise ValidationFailed.on_base("Webhook", "invalid", "Choose one of the answers.")


_OF_WEBHOOK = (rehearsals.c.account_id == bindparam("account")) & (rehearsals.c.webhook_id == bindparam("webhook"))
_REQUESTS_OF_WEBHOOK = (rehearsal_requests.c.account_id == bindparam("account")) & (
    rehearsal_requests.c.webhook_id == bindparam("webhook")
)
_FIND = Statement(select(rehearsals.c.answer).where(_OF_WEBHOOK))
_ANSWER = Statement(update(rehearsals).where(_OF_WEBHOOK).values(answer=bindparam("answer")))
# One statement gives each request a number of its own, whatever arrives at the same time.
_RECEIVE = Statement(
    update(rehearsals)
    .where(rehearsals.c.key == bindparam("key"))
    .values(last_number=rehearsals.c.last_number + 1)
    .returning(rehearsals.c.account_id, rehearsals.c.webhook_id, rehearsals.c.last_number, rehearsals.c.answer)
)
_DELETE_OLDEST = Statement(
    delete(rehearsal_requests).where(_REQUESTS_OF_WEBHOOK, rehearsal_requests.c.number <= bindparam("through"))
)
_REQUESTS = Statement(
    select(rehearsal_requests)
    .where(_REQUESTS_OF_WEBHOOK, rehearsal_requests.c.received_at > bindparam("since"))
    .order_by(rehearsal_requests.c.number.desc())
    .limit(KEPT)
)
_EXISTS = Statement(select(rehearsals.c.webhook_id).where(rehearsals.c.key == bindparam("key")))
_KEY = (rehearsal_requests.c.account_id, rehearsal_requests.c.webhook_id, rehearsal_requests.c.number)
_DELETE_EXPIRED = Statement(
    delete(rehearsal_requests).where(
        tuple_(*_KEY).in_(
            select(*_KEY)
            .where(rehearsal_requests.c.received_at < bindparam("horizon"))
            .limit(bindparam("batch"))
            .with_for_update(skip_locked=True)
        )
    )
)
_DELETE_ORPHANS = Statement(
    delete(rehearsals).where(
        ~exists(
            select(webhooks.c.id).where(
                webhooks.c.account_id == rehearsals.c.account_id, webhooks.c.id == rehearsals.c.webhook_id
            )
        )
    )
)
