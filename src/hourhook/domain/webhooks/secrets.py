"""Re-roll the secret of a webhook, at once or with an overlap (``docs/guides/rotate-a-secret.md``)."""

from typing import Annotated

from sqlalchemy import bindparam, null, select, tuple_, update

from hourhook.clock import SECOND
from hourhook.delivery import lane_control, signing
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import UNSET, Inputs, UnsetType, ValidationErrors
from hourhook.domain.inputs.numbers import IntegerField
from hourhook.domain.webhooks import reading
from hourhook.domain.webhooks.representations import WebhookSecret
from hourhook.store.schema import webhooks
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

MAX_OVERLAP_HOURS = 168
_BATCH = 500


class WebhookReroll(Inputs):
    """How long the old secret stays good."""

    overlap_hours: (
        Annotated[
            int,
            IntegerField(1, MAX_OVERLAP_HOURS),
            "Sign with both secrets for this many hours; without it, the old one ends at once.",
        ]
        | UnsetType
        | None
    ) = UNSET


def reroll(
    tx: Transaction,
    caller: Caller,
    dependencies: Dependencies,
    id: int,
    params: WebhookReroll,
    errors: ValidationErrors,
) -> WebhookSecret:
    """Generate a new secret, also for waiting payloads.

    The one it replaces ends at once, or after an overlap; the one before that, if it is still good, ends at once.
    """
    reading.find(tx, caller, id)
    errors.raise_if_any()
    secret = signing.new_secret()
    parameters = {"account": caller.account_id, "id": id, "secret": dependencies.keyring.encrypt(secret)}
    details: dict[str, object] = {}
    if params.overlap_hours:
        details["overlap_hours"] = params.overlap_hours
        tx.execute(_REROLL, expires_at=tx.started_at + params.overlap_hours * 3600 * SECOND, **parameters)
    else:
        tx.execute(_REROLL_AT_ONCE, **parameters)
    lane_control.reload_target(tx, id)
    record(tx, caller, "Webhook", id, "secret_rerolled", details)
    return WebhookSecret(secret)


def expire(tx: Transaction, caller: Caller, id: int) -> None:
    """End the overlap of a rotation. Idempotent: has no effect where there is none."""
    has_ended = overlap_ends_at(tx, caller, id) is None
    if tx.execute(_EXPIRE, account=caller.account_id, id=id) and not has_ended:
        lane_control.reload_target(tx, id)
        record(tx, caller, "Webhook", id, "secret_expired")


def delete_expired(tx: Transaction) -> int:
    """Delete a batch of old secrets whose overlap has ended; return how many."""
    return tx.execute(_DELETE_EXPIRED, now=tx.started_at, batch=_BATCH)


def overlap_ends_at(tx: Transaction, caller: Caller, id: int) -> int | None:
    """Return when the old secret stops being good; None if there is none."""
    reading.find(tx, caller, id)
    ends_at: int | None = tx.value(_ENDS_AT, account=caller.account_id, id=id)
    return ends_at if ends_at is not None and ends_at > tx.started_at else None


_OF_ID = (webhooks.c.account_id == bindparam("account")) & (webhooks.c.id == bindparam("id"))
_NONE = {"previous_secret": null(), "previous_secret_expires_at": null()}

_REROLL = Statement(
    update(webhooks)
    .where(_OF_ID)
    .values(
        secret=bindparam("secret"),
        previous_secret=webhooks.c.secret,
        previous_secret_expires_at=bindparam("expires_at"),
    )
)
_REROLL_AT_ONCE = Statement(update(webhooks).where(_OF_ID).values(secret=bindparam("secret"), **_NONE))
_EXPIRE = Statement(update(webhooks).where(_OF_ID, webhooks.c.previous_secret.is_not(None)).values(**_NONE))
_KEY = (webhooks.c.account_id, webhooks.c.id)
_DELETE_EXPIRED = Statement(
    update(webhooks)
    .where(
        tuple_(*_KEY).in_(
            select(*_KEY)
            .where(webhooks.c.previous_secret_expires_at <= bindparam("now"))
            .limit(bindparam("batch"))
            # A row that another transaction has locked is left for the next run.
            .with_for_update(skip_locked=True)
        )
    )
    .values(**_NONE),
    replan=True,
)
_ENDS_AT = Statement(select(webhooks.c.previous_secret_expires_at).where(_OF_ID))
