"""Recover from failed deliveries: retry a payload, skip the failing one, or replay (`docs/api/payloads.md#replay`)."""

from typing import Annotated

from hourhook.clock import format_timestamp
from hourhook.delivery import lane_control, one_offs
from hourhook.delivery.history.sequences import find_first_since, find_lane, retained_since
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Inputs, Moment, UnsetType, ValidationErrors, value_or
from hourhook.domain.inputs.numbers import IntegerField
from hourhook.domain.payloads import reading
from hourhook.domain.webhooks import reading as webhooks
from hourhook.errors import FieldError, ValidationFailed
from hourhook.store.statements import Row
from hourhook.store.transaction import Transaction

Sequence = Annotated[int, IntegerField(1, 2**63 - 1)]


class WebhookReplay(Inputs, rename={"from_": "from"}):
    """The start of a replay: exactly one of the two."""

    from_: Annotated[Moment, "Start with the first payload created at or after this time."] | UnsetType | None = UNSET
    sequence: Annotated[Sequence, "Start with the payload that has this sequence."] | UnsetType | None = UNSET


def retry(tx: Transaction, caller: Caller, webhook_id: int, payload_id: str) -> None:
    """Attempt the head at once, or send a settled payload again as a one-off delivery.

    Has no effect on a payload behind the head or in flight, nor on any while the webhook is disabled.
    """
    sequence = reading.find(tx, caller, webhook_id, payload_id)
    result = lane_control.retry(tx, webhook_id, sequence)
    if result == "now" or (result == "settled" and one_offs.redeliver(tx, webhook_id, payload_id, sequence or None)):
        record(tx, caller, "Webhook", webhook_id, "retried", {"payload_id": payload_id, "sequence": sequence or None})


def skip(tx: Transaction, caller: Caller, webhook_id: int, payload_id: str) -> None:
    """Skip the failing head, so that the payloads behind it are sent."""
    sequence = reading.find(tx, caller, webhook_id, payload_id)
    if not lane_control.skip(tx, webhook_id, sequence, caller.user_id):
        raise ValidationFailed.on_base("Webhook", "not_failing", "Only the failing payload can be skipped.")
    record(tx, caller, "Webhook", webhook_id, "skipped", {"payload_id": payload_id, "sequence": sequence})


def replay(tx: Transaction, caller: Caller, webhook_id: int, params: WebhookReplay, errors: ValidationErrors) -> None:
    """Send all payloads since a start again, in order, skipped ones included; never moves forward."""
    webhooks.find(tx, caller, webhook_id)
    errors.raise_if_any()
    lane = find_lane(tx, caller.account_id, webhook_id)
    match value_or(params.from_, None), value_or(params.sequence, None):
        case int(timestamp), None:
            start = _find_start(tx, lane, timestamp)
        case None, int(start):
            if start < lane.first_sequence:
                raise _too_far_back("sequence", f"Payloads are kept from sequence {lane.first_sequence} on.")
        case _:
            code = "invalid" if params.sequence else "missing_field"
            raise ValidationFailed.on_base(
                "Webhook", code, "A replay starts at a time or at a sequence: give exactly one of them."
            )
    if lane_control.replay(tx, webhook_id, start):
        details: dict[str, object] = {"sequence": start}
        if params.from_:
            details["from"] = format_timestamp(params.from_)
        record(tx, caller, "Webhook", webhook_id, "replayed", details)


def _find_start(tx: Transaction, lane: Row, timestamp: int) -> int:
    since = retained_since(tx, lane)
    if since is not None and timestamp < since:
        message = f"Payloads are kept since {format_timestamp(since)}, from sequence {lane.first_sequence} on."
        raise _too_far_back("from", message)
    return find_first_since(tx, lane, timestamp)


def _too_far_back(field: str, message: str) -> ValidationFailed:
    return ValidationFailed([FieldError("Webhook", field, "invalid")], message)
