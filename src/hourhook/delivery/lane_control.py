"""Lane control: create, delete, enable, disable, retry, skip, replay and retarget lanes.

All functions run inside a write of the account. Moving a lane revokes its lease, so that a send in flight cannot move a
head that has been moved in the meantime (``docs/how-it-works.md#leases-and-settlements``).
"""

from typing import Literal

from sqlalchemy import bindparam, case, delete, literal, null, select, update

from hourhook.clock import SECOND
from hourhook.delivery import catching_up
from hourhook.delivery.pacing import earliest_send, earliest_send_sql, pace_of
from hourhook.delivery.transports.http.uris import parse_uri
from hourhook.store.schema import attempts, lanes, one_offs, removals, skips, webhooks
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

DisabledReason = Literal["by_user", "gone"]
RetryResult = Literal["waiting", "in_flight", "due", "now", "settled"]


def create_lane(tx: Transaction, webhook_id: int, payload_uri: str) -> None:
    """Create the lane of a new webhook: enabled and empty."""
    tx.insert_many(
        lanes,
        (*_NEW_LANE, "account_id", "webhook_id", "destination"),
        [(*_NEW_LANE.values(), tx.account_id, webhook_id, destination_of(payload_uri))],
    )


def delete_lane(tx: Transaction, webhook_id: int) -> None:
    """Delete a lane; maintenance deletes its payloads and attempts later in small batches."""
    for statement in (_DELETE_LANE, _DELETE_ONE_OFFS):
        tx.execute(statement, account=tx.account_id, webhook=webhook_id)
    tx.insert_many(removals, ("account_id", "webhook_id"), [(tx.account_id, webhook_id)])


def destination_of(payload_uri: str) -> str:
    """Return the origin of a URI, ``scheme://host:port``: workers share their capacity by destination."""
    origin = parse_uri(payload_uri).origin
    return f"{origin.scheme}://{origin.host}:{origin.port}"


def disable(tx: Transaction, webhook_id: int, reason: DisabledReason, disabled_by_id: int | None = None) -> bool:
    """Disable a lane; pending payloads are kept. Returns False if it was disabled already, and leaves it unchanged."""
    catching_up.finish(tx, webhook_id)
    changed = tx.execute(
        _DISABLE,
        account=tx.account_id,
        webhook=webhook_id,
        reason=reason,
        now=tx.started_at,
        disabled_by_id=disabled_by_id,
    )
    return changed > 0


def disable_gone(tx: Transaction, webhook_id: int, sequence: int) -> bool:
    """Disable a lane whose receiver answered payload ``sequence`` with 410; return whether it was disabled.

    It is not if the lane has been moved or retargeted since.
    """
    lane = _lane(tx, webhook_id)
    if lane is None or not lane.enabled or lane.head_sequence != sequence or lane.failing_since is None:
        return False
    if not tx.value(_WAS_ATTEMPTED_HERE, account=tx.account_id, webhook=webhook_id, sequence=sequence):
        return False
    disable(tx, webhook_id, "gone")
    return True


def enable(tx: Transaction, webhook_id: int) -> DisabledReason | Literal["stalled"] | None:
    """Enable a disabled or stalled lane, with a new retry window for its head.

    Returns why it was not sending; None for any other lane, which is left unchanged.
    """
    lane = _lane(tx, webhook_id)
    if lane is None or (lane.enabled and not lane.stalled):
        return None
    tx.execute(
        _ENABLE,
        account=tx.account_id,
        webhook=webhook_id,
        due_at=_due_at(tx, lane, lane.head_sequence),
        paced_until=_paced_until(tx, lane),
    )
    tx.after_commit(tx.wake)
    reason: DisabledReason = lane.disabled_reason
    return "stalled" if lane.enabled else reason


def retarget(tx: Transaction, webhook_id: int, payload_uri: str) -> None:
    """Send to another URI from the next attempt on."""
    lane = _lane(tx, webhook_id)
    if lane is None:
        return
    tx.execute(
        _RETARGET,
        account=tx.account_id,
        webhook=webhook_id,
        destination=destination_of(payload_uri),
        due_at=lane.due_at if lane.lease_token is None else _due_at(tx, lane, lane.head_sequence),
        paced_until=_paced_until(tx, lane),
    )
    tx.after_commit(tx.wake)


def reload_target(tx: Transaction, webhook_id: int) -> None:
    """Make workers read the webhook's name and secret again before the next attempt."""
    tx.execute(_RELOAD_TARGET, account=tx.account_id, webhook=webhook_id)


def reconfigure(tx: Transaction, webhook_id: int, *, is_filtered: bool) -> None:
    """Make workers read the webhook's settings again before the next attempt; a rate begins anew."""
    tx.execute(_RECONFIGURE, account=tx.account_id, webhook=webhook_id, is_filtered=is_filtered)


def retry(tx: Transaction, webhook_id: int, sequence: int) -> RetryResult:
    """Attempt a payload immediately if it is the head of an enabled lane and not in flight.

    Returns ``settled`` if it was already delivered or skipped; the caller may then queue a one-off redelivery. Only
    ``now`` has changed something.
    """
    lane = _lane(tx, webhook_id)
    if lane is None or not lane.enabled or sequence > lane.head_sequence:
        return "waiting"
    if sequence < lane.head_sequence:
        return "settled"
    if lane.lease_token is not None:
        return "in_flight"
    tx.after_commit(tx.wake)
    if lane.last_succeeded and lane.due_at is not None and lane.due_at <= tx.started_at:
        return "due"
    tx.execute(_RETRY_NOW, account=tx.account_id, webhook=webhook_id, now=tx.started_at)
    return "now"


def skip(tx: Transaction, webhook_id: int, sequence: int, skipped_by_id: int) -> bool:
    """Skip the failing head and start a new retry window; return False if it is not the failing head."""
    lane = _lane(tx, webhook_id)
    if lane is None or lane.head_sequence != sequence or lane.failing_since is None:
        return False
    tx.insert_many(
        skips,
        ("account_id", "webhook_id", "sequence", "skipped_at", "skipped_by_id"),
        [(tx.account_id, webhook_id, sequence, tx.started_at, skipped_by_id)],
    )
    _move_head(tx, lane, webhook_id, sequence + 1, stalled=False, is_skip=True)
    return True


def replay(tx: Transaction, webhook_id: int, sequence: int) -> bool:
    """Move the head back to ``sequence``, so that all payloads from there are sent again.

    Returns False if that is not before the head, which never moves forward.
    """
    lane = _lane(tx, webhook_id)
    if lane is None or sequence >= lane.head_sequence:
        return False
    _move_head(tx, lane, webhook_id, sequence, stalled=lane.stalled)
    return True


def _move_head(
    tx: Transaction, lane: Row, webhook_id: int, sequence: int, *, stalled: bool, is_skip: bool = False
) -> None:
    tx.execute(
        _MOVE_HEAD,
        account=tx.account_id,
        webhook=webhook_id,
        sequence=sequence,
        stalled=stalled,
        is_skip=is_skip,
        # Payloads that were the head before keep their attempt numbers.
        replayed_through=max(lane.replayed_through, lane.head_sequence),
        due_at=None if stalled or not lane.enabled else _due_at(tx, lane, sequence),
        paced_until=_paced_until(tx, lane),
    )
    tx.after_commit(tx.wake)


def _due_at(tx: Transaction, lane: Row, head_sequence: int) -> int | None:
    return earliest_send(_paced_until(tx, lane), tx.started_at) if head_sequence <= lane.last_sequence else None


def _paced_until(tx: Transaction, lane: Row) -> int | None:
    """Return the time before which the rate allows no request once the lease of a lane, if it has one, is revoked."""
    if lane.lease_token is None or lane.max_per_second is None:
        paced_until: int | None = lane.paced_until
        return paced_until
    return tx.started_at + pace_of(lane.max_per_second)


def _lane(tx: Transaction, webhook_id: int) -> Row | None:
    return tx.one(_LANE, account=tx.account_id, webhook=webhook_id)


_NEW_LANE: dict[str, int | bool | None] = {
    "revision": 0,
    "enabled": True,
    "disabled_reason": None,
    "stalled": False,
    "last_sequence": 0,
    "head_sequence": 1,
    "replayed_through": 0,
    "attempts_count": 0,
    "failures_count": 0,
    "failing_since": None,
    "window_started_at": None,
    "due_at": None,
    # A new lane counts as succeeding.
    "last_succeeded": True,
    "last_delivered_at": None,
    "lost_count": 0,
    "lost_until": None,
    "lease_token": None,
    "lease_worker": None,
    "lease_expires_at": None,
    "disabled_at": None,
    "disabled_by_id": None,
    "alerted": None,
    "alert_since": None,
    "is_filtered": False,
    "paced_until": None,
    "catching_up_from": None,
}

_NO_LEASE = {"lease_token": null(), "lease_worker": null(), "lease_expires_at": null()}
# What is to be reported all the same when a lane is disabled or moved: that it has recovered.
_IS_RECOVERY = lanes.c.alerted == "recovered"
_NEW_WINDOW = {"failures_count": 0, "window_started_at": null()}
_THIS_LANE = (lanes.c.account_id == bindparam("account")) & (lanes.c.webhook_id == bindparam("webhook"))

_MAX_PER_SECOND = (
    select(webhooks.c.max_per_second)
    .where(webhooks.c.account_id == lanes.c.account_id, webhooks.c.id == lanes.c.webhook_id)
    .correlate(lanes)
    .scalar_subquery()
)
# Locked, because a worker may be settling this lane. This waits for at most one settlement.
_LANE = Statement(
    select(lanes, _MAX_PER_SECOND.label("max_per_second")).where(_THIS_LANE).with_for_update(key_share=True)
)
# Whether the last attempt of the head went to the webhook's current URI.
_WAS_ATTEMPTED_HERE = Statement(
    select((attempts.c.url == webhooks.c.payload_uri).label("here"))
    .join_from(
        attempts, webhooks, (webhooks.c.account_id == attempts.c.account_id) & (webhooks.c.id == attempts.c.webhook_id)
    )
    .where(
        attempts.c.account_id == bindparam("account"),
        attempts.c.webhook_id == bindparam("webhook"),
        attempts.c.sequence == bindparam("sequence"),
        attempts.c.errand_id == 0,
    )
    .order_by(attempts.c.number.desc())
    .limit(1)
)
_DISABLE = Statement(
    update(lanes)
    .where(_THIS_LANE, lanes.c.enabled.is_(True))
    .values(
        enabled=False,
        disabled_reason=bindparam("reason"),
        disabled_at=bindparam("now"),
        disabled_by_id=bindparam("disabled_by_id"),
        due_at=null(),
        # As ``_paced_until``.
        paced_until=case(
            (lanes.c.lease_token.is_not(None), bindparam("now") + literal(100 * SECOND) // _MAX_PER_SECOND),
            else_=lanes.c.paced_until,
        ),
        alert_since=case((_IS_RECOVERY, lanes.c.alert_since)),
        **_NO_LEASE,
    )
)
_ENABLE = Statement(
    update(lanes)
    .where(_THIS_LANE)
    .values(
        enabled=True,
        disabled_reason=null(),
        disabled_at=null(),
        disabled_by_id=null(),
        stalled=False,
        due_at=bindparam("due_at"),
        paced_until=bindparam("paced_until"),
        last_succeeded=True,
        # If it stalls again, that is reported again.
        alerted=case((lanes.c.alerted == "stalled", "failing"), else_=lanes.c.alerted),
        **_NEW_WINDOW,
        **_NO_LEASE,
    )
)
_RETARGET = Statement(
    update(lanes)
    .where(_THIS_LANE)
    .values(
        destination=bindparam("destination"),
        revision=lanes.c.revision + 1,
        due_at=bindparam("due_at"),
        paced_until=bindparam("paced_until"),
        **_NO_LEASE,
    )
)
_RELOAD_TARGET = Statement(update(lanes).where(_THIS_LANE).values(revision=lanes.c.revision + 1))
_RECONFIGURE = Statement(
    update(lanes)
    .where(_THIS_LANE)
    .values(revision=lanes.c.revision + 1, is_filtered=bindparam("is_filtered"), paced_until=null())
)
_RETRY_NOW = Statement(
    # Scheduled as succeeding for this attempt: a manual retry must not queue behind failing lanes.
    update(lanes)
    .where(_THIS_LANE)
    .values(
        due_at=earliest_send_sql(),
        last_succeeded=True,
        # The time in which a due attempt was not made is no part of the window, as in a settlement.
        window_started_at=case(
            (lanes.c.due_at < bindparam("now"), lanes.c.window_started_at + bindparam("now") - lanes.c.due_at),
            else_=lanes.c.window_started_at,
        ),
    )
)
_MOVE_HEAD = Statement(
    update(lanes)
    .where(_THIS_LANE)
    .values(
        head_sequence=bindparam("sequence"),
        replayed_through=bindparam("replayed_through"),
        attempts_count=0,
        failing_since=null(),
        stalled=bindparam("stalled"),
        due_at=bindparam("due_at"),
        paced_until=bindparam("paced_until"),
        alerted=case((bindparam("is_skip") & lanes.c.alerted.is_not(None), "recovered"), else_=lanes.c.alerted),
        alert_since=case(
            (bindparam("is_skip") & lanes.c.alerted.is_not(None), 0),
            (_IS_RECOVERY | bindparam("stalled"), lanes.c.alert_since),
        ),
        **_NEW_WINDOW,
        **_NO_LEASE,
    )
)
_DELETE_LANE = Statement(delete(lanes).where(_THIS_LANE))
# Locked in id order, like a settlement, to avoid deadlocks.
_OF_WEBHOOK = (
    select(one_offs.c.id)
    .where(one_offs.c.account_id == bindparam("account"), one_offs.c.webhook_id == bindparam("webhook"))
    .order_by(one_offs.c.id)
    .with_for_update()
    .cte("of_webhook")
)
_DELETE_ONE_OFFS = Statement(
    delete(one_offs).where(one_offs.c.account_id == bindparam("account"), one_offs.c.id.in_(select(_OF_WEBHOOK.c.id)))
)
