"""``/v2/webhooks``: who is told of the account's events, and where (contract, webhooks.md)."""

from hourhook.api.endpoints import Accepted, Call, Created, Endpoints
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.payloads import recovery
from hourhook.domain.webhooks import editing, reading, states, subscribing
from hourhook.domain.webhooks.editing import NewWebhook, WebhookChanges
from hourhook.domain.webhooks.reading import WebhookFilters
from hourhook.domain.webhooks.representations import Webhook, WebhookSecret, WebhookWithSecret
from hourhook.domain.webhooks.subscribing import FewerEvents, MoreEvents

endpoints = Endpoints("Webhooks", resource="Webhook")


@endpoints.get("/v2/webhooks", role="leader")
def index(call: Call, params: WebhookFilters, errors: ValidationErrors) -> Page[Webhook]:
    """List webhooks, newest first."""
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/webhooks/{webhook_id}", role="leader")
def show(call: Call, webhook_id: int) -> Webhook:
    """Show a webhook."""
    return reading.show(call.tx, call.caller, webhook_id)


@endpoints.post("/v2/webhooks", role="leader")
def create(call: Call, params: NewWebhook, errors: ValidationErrors) -> Created[WebhookWithSecret]:
    """Make a webhook.

    Its secret is in this answer, in that of a re-roll, and nowhere else. A ping is sent to it at once.
    """
    created = editing.create(call.tx, call.caller, call.dependencies, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/webhooks/{webhook_id}", role="leader")
def edit(call: Call, webhook_id: int, params: WebhookChanges, errors: ValidationErrors) -> Webhook:
    """Rename a webhook, or give it another address.

    Both hold from the next attempt on, also for payloads that wait. No ping is sent.
    """
    return editing.edit(call.tx, call.caller, call.dependencies, webhook_id, params, errors)


@endpoints.put("/v2/webhooks/{webhook_id}/add_events", role="leader")
def add_events(call: Call, webhook_id: int, params: MoreEvents, errors: ValidationErrors) -> Webhook:
    """Subscribe a webhook to more events.

    Payloads that wait already are not touched.
    """
    return subscribing.add(call.tx, call.caller, webhook_id, params, errors)


@endpoints.put("/v2/webhooks/{webhook_id}/remove_events", role="leader")
def remove_events(call: Call, webhook_id: int, params: FewerEvents, errors: ValidationErrors) -> Webhook:
    """Unsubscribe a webhook from events.

    `*` drops the wildcard only, and a name does not narrow it. Payloads that wait already are not touched.
    """
    return subscribing.remove(call.tx, call.caller, webhook_id, params, errors)


@endpoints.put("/v2/webhooks/{webhook_id}/reroll_secret", role="leader")
def reroll_secret(call: Call, webhook_id: int) -> WebhookSecret:
    """Make a new secret.

    The old one is void at once: every later attempt is signed with the new one, also of payloads that wait.
    """
    return editing.reroll_secret(call.tx, call.caller, call.dependencies, webhook_id)


@endpoints.put("/v2/webhooks/{webhook_id}/disable", role="leader")
def disable(call: Call, webhook_id: int) -> None:
    """Stop a webhook.

    Nothing but pings is sent, new events are not for it, and payloads that wait go on waiting.
    """
    states.disable(call.tx, call.caller, webhook_id)


@endpoints.put("/v2/webhooks/{webhook_id}/enable", role="leader")
def enable(call: Call, webhook_id: int) -> None:
    """Set a webhook going that is disabled or stalled.

    What waits is sent, with a new window of retries for the first of it. Changes nothing of any other webhook.
    """
    states.enable(call.tx, call.caller, webhook_id)


@endpoints.put("/v2/webhooks/{webhook_id}/ping", role="leader")
def ping(call: Call, webhook_id: int) -> Accepted:
    """Send a ping.

    It is sent at once, once, outside the order and whatever the webhook's state; the log says what came of it.
    """
    states.ping(call.tx, call.caller, webhook_id)
    return Accepted()


@endpoints.put("/v2/webhooks/{webhook_id}/retry/{payload_id}", role="leader")
def retry(call: Call, webhook_id: int, payload_id: str) -> Accepted:
    """Retry a payload.

    The failing one is attempted at once, outside its schedule. One that was delivered or skipped is sent once more,
    outside the order. Changes nothing of one that waits for its turn, or while the webhook is disabled.
    """
    recovery.retry(call.tx, call.caller, webhook_id, payload_id)
    return Accepted()


@endpoints.delete("/v2/webhooks/{webhook_id}", role="leader")
def remove(call: Call, webhook_id: int) -> None:
    """Delete a webhook, with what waits for it and its log."""
    editing.remove(call.tx, call.caller, webhook_id)
