"""``/v2/webhooks/:id/payloads``: the delivery log and recovery, beyond the Noko v2 API (``docs/api/payloads.md``)."""

from hourhook.api.endpoints import Accepted, Call, Endpoints
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.payloads import reading, recovery
from hourhook.domain.payloads.reading import PayloadFilters
from hourhook.domain.payloads.recovery import WebhookReplay
from hourhook.domain.payloads.representations import Payload, PayloadDetails, WebhookStatus

endpoints = Endpoints(
    "Payloads",
    resource="Webhook",
    description="The delivery log of a webhook, its status, and how to skip and replay payloads.",
    operation_resource="payload",
)


@endpoints.get("/v2/webhooks/{webhook_id}/payloads", role="leader", by_id=False)
def index(call: Call, webhook_id: int, params: PayloadFilters, errors: ValidationErrors) -> Page[Payload]:
    """List the payloads of a webhook, newest first.

    This is the delivery log: every retained payload, and every ping and redelivery, whose `sequence` is null. With
    `type`, the page linked as `last` may not be the very last, but at least 5000 payloads come before it.
    """
    return reading.list_page(call.tx, call.caller, webhook_id, params, errors, call.pagination)


@endpoints.get("/v2/webhooks/{webhook_id}/payloads/{payload_id}", role="leader")
def show(call: Call, webhook_id: int, payload_id: str) -> PayloadDetails:
    """Show a payload.

    Includes the exact body that was sent or will be sent, and its newest 100 attempts, oldest first.
    """
    return reading.show(call.tx, call.caller, webhook_id, payload_id)


@endpoints.put("/v2/webhooks/{webhook_id}/skip/{payload_id}", role="leader")
def skip(call: Call, webhook_id: int, payload_id: str) -> None:
    """Skip the failing payload, so that the lane can move on.

    It stays in the log as `skipped`. Any other payload is rejected with `not_failing`.
    """
    recovery.skip(call.tx, call.caller, webhook_id, payload_id)


@endpoints.put("/v2/webhooks/{webhook_id}/replay", role="leader", operation_id="replay_webhook")
def replay(call: Call, webhook_id: int, params: WebhookReplay, errors: ValidationErrors) -> Accepted:
    """Send everything since a payload again, in order.

    Starts at the first payload created at or after `from`, or at `sequence`; give exactly one of them. Payload ids and
    sequences stay the same, so the receiver sees lower sequences again. A start before the retained payloads is
    rejected.
    """
    recovery.replay(call.tx, call.caller, webhook_id, params, errors)
    return Accepted()


@endpoints.get("/v2/webhooks/{webhook_id}/status", role="leader", operation_id="get_webhook_status")
def show_status(call: Call, webhook_id: int) -> WebhookStatus:
    """Show a webhook's delivery status.

    The statistics of the last 24 hours cover at most the newest 2000 attempts; pings and redeliveries do not count, and
    latencies cover only attempts that got a response.
    """
    return reading.show_status(call.tx, call.caller, webhook_id)
