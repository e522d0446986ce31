"""``/v2/webhooks/:id/payloads`` and what belongs to it: the delivery log, which the contract does not know."""

from hourhook.api.endpoints import Accepted, Call, Endpoints
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.payloads import reading, recovery
from hourhook.domain.payloads.reading import PayloadFilters
from hourhook.domain.payloads.recovery import ReplayStart
from hourhook.domain.payloads.representations import Payload, PayloadInFull, Status

endpoints = Endpoints("Payloads", resource="Webhook")


@endpoints.get("/v2/webhooks/{webhook_id}/payloads", role="leader")
def index(call: Call, webhook_id: int, params: PayloadFilters, errors: ValidationErrors) -> Page[Payload]:
    """List the payloads of a webhook, newest first.

    This is the delivery log: every payload that is kept, and every ping and re-sent payload, whose `sequence` is null.
    With `type`, the page linked as `last` may not be the last of all, but at least 5000 payloads lie before it.
    """
    return reading.list_page(call.tx, call.caller, webhook_id, params, errors, call.pagination)


@endpoints.get("/v2/webhooks/{webhook_id}/payloads/{payload_id}", role="leader")
def show(call: Call, webhook_id: int, payload_id: str) -> PayloadInFull:
    """Show a payload.

    With its text, exactly as it was sent or is to be, and its newest 100 attempts, oldest first.
    """
    return reading.show(call.tx, call.caller, webhook_id, payload_id)


@endpoints.put("/v2/webhooks/{webhook_id}/skip/{payload_id}", role="leader")
def skip(call: Call, webhook_id: int, payload_id: str) -> None:
    """Give up the failing payload, so that those behind it go on.

    It stays in the log as `skipped`. Any other payload is refused with `not_failing`.
    """
    recovery.skip(call.tx, call.caller, webhook_id, payload_id)


@endpoints.put("/v2/webhooks/{webhook_id}/replay", role="leader")
def replay(call: Call, webhook_id: int, params: ReplayStart, errors: ValidationErrors) -> Accepted:
    """Send everything since some payload once more, in order.

    From the first payload created at `from` or later, or from the one with `sequence`: one of the two. Payload ids and
    sequences stay, so the receiver sees a step back. What is further back than what is kept is refused.
    """
    recovery.replay(call.tx, call.caller, webhook_id, params, errors)
    return Accepted()


@endpoints.get("/v2/webhooks/{webhook_id}/status", role="leader")
def show_status(call: Call, webhook_id: int) -> Status:
    """Show how the delivery to a webhook fares.

    The figures of the last 24 hours are made of the newest 2000 attempts within them; pings and re-sent payloads do
    not count, and the latencies are those of attempts that were answered.
    """
    return reading.show_status(call.tx, call.caller, webhook_id)
