"""``/v2/webhooks``: webhooks of the account (``docs/api/webhooks.md``)."""

from hourhook.api.endpoints import Accepted, Call, Created, Endpoints
from hourhook.domain.audit import reading as audit
from hourhook.domain.audit.representations import HistoryRecord
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.payloads import recovery
from hourhook.domain.webhooks import editing, reading, secrets, settings, states, subscribing, test_events
from hourhook.domain.webhooks.editing import WebhookCreate, WebhookUpdate
from hourhook.domain.webhooks.reading import WebhookFilters
from hourhook.domain.webhooks.representations import Webhook, WebhookSecret, WebhookWithSecret
from hourhook.domain.webhooks.secrets import WebhookReroll
from hourhook.domain.webhooks.settings import WebhookSettings, WebhookSettingsUpdate
from hourhook.domain.webhooks.subscribing import WebhookEventsAdd, WebhookEventsRemove
from hourhook.domain.webhooks.test_events import WebhookTest

endpoints = Endpoints(
    "Webhooks",
    resource="Webhook",
    description="Subscriptions to events, which are delivered in order and signed.",
)


@endpoints.get("/v2/webhooks", role="leader")
def index(call: Call, params: WebhookFilters, errors: ValidationErrors) -> Page[Webhook]:
    """List webhooks, newest first."""
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/webhooks/{webhook_id}", role="leader")
def show(call: Call, webhook_id: int) -> Webhook:
    """Show a webhook."""
    return reading.show(call.tx, call.caller, webhook_id)


@endpoints.post("/v2/webhooks", role="leader")
def create(call: Call, params: WebhookCreate, errors: ValidationErrors) -> Created[WebhookWithSecret]:
    """Create a webhook.

    Only this response and that of a re-roll contain the secret. A ping is sent at once.
    """
    created = editing.create(call.tx, call.caller, call.dependencies, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/webhooks/{webhook_id}", role="leader")
def edit(call: Call, webhook_id: int, params: WebhookUpdate, errors: ValidationErrors) -> Webhook:
    """Rename a webhook, or change its address.

    Both apply from the next attempt on, also to waiting payloads. No ping is sent.
    """
    return editing.edit(call.tx, call.caller, call.dependencies, webhook_id, params, errors)


@endpoints.put("/v2/webhooks/{webhook_id}/add_events", role="leader")
def add_events(call: Call, webhook_id: int, params: WebhookEventsAdd, errors: ValidationErrors) -> Webhook:
    """Subscribe a webhook to more events.

    Waiting payloads are not affected.
    """
    return subscribing.add(call.tx, call.caller, webhook_id, params, errors)


@endpoints.put("/v2/webhooks/{webhook_id}/remove_events", role="leader")
def remove_events(call: Call, webhook_id: int, params: WebhookEventsRemove, errors: ValidationErrors) -> Webhook:
    """Unsubscribe a webhook from events.

    `*` removes only the wildcard; naming an event does not narrow a wildcard. Waiting payloads are not affected.
    """
    return subscribing.remove(call.tx, call.caller, webhook_id, params, errors)


@endpoints.get("/v2/webhooks/{webhook_id}/settings", role="leader")
def show_settings(call: Call, webhook_id: int) -> WebhookSettings:
    """Show the settings of a webhook.

    Values of headers are never shown: each name has `null`.
    """
    return settings.show(call.tx, call.caller, webhook_id)


@endpoints.put("/v2/webhooks/{webhook_id}/settings", role="leader")
def change_settings(
    call: Call, webhook_id: int, params: WebhookSettingsUpdate, errors: ValidationErrors
) -> WebhookSettings:
    """Change the settings of a webhook.

    They apply from the next attempt on, also to waiting payloads; filters are evaluated at the moment of the event.
    """
    return settings.change(call.tx, call.caller, call.dependencies, webhook_id, params, errors)


@endpoints.put("/v2/webhooks/{webhook_id}/reroll_secret", role="leader")
def reroll_secret(call: Call, webhook_id: int, params: WebhookReroll, errors: ValidationErrors) -> WebhookSecret:
    """Create a new secret.

    Every later attempt is signed with it, also of waiting payloads. The old one stops working at once; with
    `overlap_hours`, requests are signed with both until the overlap ends. A second re-roll keeps the secret that it
    replaces, and ends the one before.
    """
    return secrets.reroll(call.tx, call.caller, call.dependencies, webhook_id, params, errors)


@endpoints.put("/v2/webhooks/{webhook_id}/expire_secret", role="leader")
def expire_secret(call: Call, webhook_id: int) -> None:
    """End the overlap of a rotation.

    From the next attempt on, requests are signed with the new secret only. Idempotent: has no effect where there is no
    old secret.
    """
    secrets.expire(call.tx, call.caller, webhook_id)


@endpoints.put("/v2/webhooks/{webhook_id}/disable", role="leader")
def disable(call: Call, webhook_id: int) -> None:
    """Disable a webhook.

    Only pings are sent, new events are not queued, and waiting payloads keep waiting. Idempotent: changes nothing for a
    disabled webhook.
    """
    states.disable(call.tx, call.caller, webhook_id)


@endpoints.put("/v2/webhooks/{webhook_id}/enable", role="leader")
def enable(call: Call, webhook_id: int) -> None:
    """Re-enable a disabled or stalled webhook.

    Sends the waiting payloads, with a new retry window for the first of them. Idempotent: has no effect on a webhook
    that is already enabled and not stalled.
    """
    states.enable(call.tx, call.caller, call.dependencies, webhook_id)


@endpoints.put("/v2/webhooks/{webhook_id}/ping", role="leader")
def ping(call: Call, webhook_id: int) -> Accepted:
    """Send a ping.

    A ping is sent at once, without retries, outside the order and in any state of the webhook; the log shows its
    outcome.
    """
    states.ping(call.tx, call.caller, webhook_id)
    return Accepted()


@endpoints.put("/v2/webhooks/{webhook_id}/test", role="leader", operation_id="send_test_event")
def test(call: Call, webhook_id: int, params: WebhookTest, errors: ValidationErrors) -> Accepted:
    """Send a test event.

    The example of the event is sent at once, without retries, outside the order and in any state of the webhook. It has
    no sequence, and the header `X-Hourhook-Test: true`.
    """
    test_events.send(call.tx, call.caller, webhook_id, params, errors)
    return Accepted()


@endpoints.put("/v2/webhooks/{webhook_id}/retry/{payload_id}", role="leader", operation_id="retry_payload")
def retry(call: Call, webhook_id: int, payload_id: str) -> Accepted:
    """Retry a payload.

    The failing payload is attempted at once, outside its schedule. A delivered or skipped one is redelivered outside
    the order. Nothing changes for a payload that waits behind the head, or while the webhook is disabled.
    """
    recovery.retry(call.tx, call.caller, webhook_id, payload_id)
    return Accepted()


@endpoints.get("/v2/webhooks/{webhook_id}/history", role="leader", by_id=False, operation_id="list_webhook_history")
def list_history(call: Call, webhook_id: int) -> Page[HistoryRecord]:
    """List who did what to a webhook, newest first.

    Requests that changed nothing are left out. Kept as long as events, and at least 365 days.
    """
    return audit.list_history(call.tx, call.caller, webhook_id, call.pagination)


@endpoints.delete("/v2/webhooks/{webhook_id}", role="leader")
def remove(call: Call, webhook_id: int) -> None:
    """Delete a webhook with its log and its waiting payloads."""
    editing.remove(call.tx, call.caller, webhook_id)
