"""Alerts about lanes: report once that a lane is failing or stalled, and once that it has recovered.

What was reported is stored in the lane. Whatever changes a lane also sets since when something is to be reported, in
the same statement; whoever reports it clears that in the transaction of the report. So each trouble is reported exactly
once, also after a crash and with several workers (``docs/how-it-works.md#alerts``).
"""

from typing import Literal

from sqlalchemy import bindparam, or_, select, update

from hourhook.delivery.targets import Key
from hourhook.store.schema import lanes
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

BATCH = 100
Alert = Literal["failing", "stalled", "recovered"]


def find_due(tx: Transaction, after: int) -> list[Key]:
    """Return lanes with something to report; ``after`` is how long a lane fails until that is, in microseconds."""
    rows = tx.all(_DUE, now=tx.started_at, before=max(0, tx.started_at - after), limit=BATCH)
    return [(row.account_id, row.webhook_id) for row in rows]


def take(tx: Transaction, webhook_id: int, after: int) -> list[Alert]:
    """Return what is to be reported about a lane of the transaction's account, and mark it as reported."""
    found: list[Alert] = []
    lane = tx.one(_LANE, account=tx.account_id, webhook=webhook_id)
    if lane is None or lane.alert_since is None:
        return found
    alerted, is_failing = lane.alerted, lane.enabled and lane.failing_since is not None
    if alerted == "recovered":
        found.append("recovered")
        alerted = None
    if lane.enabled and lane.stalled:
        if alerted != "stalled":
            found.append("stalled")
            alerted = "stalled"
    elif is_failing and alerted is None and not tx.started_at - after < lane.failing_since <= tx.started_at:
        found.append("failing")
        alerted = "failing"
    alert_since = lane.failing_since if is_failing and alerted is None else None
    if (alerted, alert_since) != (lane.alerted, lane.alert_since):
        tx.execute(_MARK, account=tx.account_id, webhook=webhook_id, alerted=alerted, alert_since=alert_since)
    return found


# Later than now only if a clock was ahead.
_DUE = Statement(
    select(lanes.c.account_id, lanes.c.webhook_id)
    .where(or_(lanes.c.alert_since <= bindparam("before"), lanes.c.alert_since > bindparam("now")))
    .order_by(lanes.c.account_id, lanes.c.webhook_id)
    .limit(bindparam("limit"))
)
_THIS_LANE = (lanes.c.account_id == bindparam("account")) & (lanes.c.webhook_id == bindparam("webhook"))
_LANE = Statement(
    select(lanes.c.enabled, lanes.c.stalled, lanes.c.failing_since, lanes.c.alerted, lanes.c.alert_since)
    .where(_THIS_LANE)
    .with_for_update(key_share=True)
)
_MARK = Statement(
    update(lanes).where(_THIS_LANE).values(alerted=bindparam("alerted"), alert_since=bindparam("alert_since"))
)
