"""Change a webhook: its name and address, its events, its secret."""

from hourhook.delivery.event_log import selects
from hourhook.delivery.history.event_counts import SAMPLE, count_recent_events
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.webhooks import editing, reading, secrets, subscribing
from hourhook.domain.webhooks.editing import WebhookUpdate
from hourhook.domain.webhooks.secrets import WebhookReroll
from hourhook.domain.webhooks.subscribing import WebhookEventsAdd, WebhookEventsRemove
from hourhook.errors import FieldError, ValidationFailed
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.webhooks.acting import PATH, path_of
from hourhook.web.webhooks.event_choices import GROUPS, chosen

# How long the old secret may stay good: hours, and the words for them.
OVERLAPS = (
    ("1", "for an hour"),
    ("24", "for a day"),
    ("72", "for 3 days"),
    ("168", "for a week"),
    ("", "not at all: it ends at once"),
)
pages = Pages()


@pages.get(PATH + "/edit", template="webhooks/edit", role="leader")
def edit(view: View, webhook_id: int) -> Values:
    return {"webhook": reading.show(view.tx, view.caller, webhook_id)}


@pages.post(PATH + "/edit", role="leader")
def save(action: Action, webhook_id: int) -> Redirect:
    params, errors = action.parse(WebhookUpdate, resource="Webhook")
    editing.edit(action.tx, action.caller, action.dependencies, webhook_id, params, errors)
    return Redirect(path_of(webhook_id), "Saved. It holds from the next attempt on.")


@pages.get(PATH + "/events", template="webhooks/events", role="leader")
def events(view: View, webhook_id: int) -> Values:
    webhook = reading.show(view.tx, view.caller, webhook_id)
    counts = count_recent_events(view.tx, view.caller.account_id)
    before = sum(count for type, count in counts.items() if selects(webhook.events, type))
    return {"webhook": webhook, "groups": GROUPS, "counts": counts, "before": before, "sample": SAMPLE}


@pages.post(PATH + "/events", role="leader")
def save_events(action: Action, webhook_id: int) -> Redirect:
    webhook = reading.show(action.tx, action.caller, webhook_id)
    wanted = chosen(action.fields.lists.get("events", []))
    if not wanted:
        raise ValidationFailed([FieldError("Webhook", "events", "missing_field")])
    errors = ValidationErrors("Webhook")
    added = WebhookEventsAdd(events=[event for event in wanted if event not in webhook.events])
    removed = WebhookEventsRemove(events=[event for event in webhook.events if event not in wanted])
    subscribing.add(action.tx, action.caller, webhook_id, added, errors)
    subscribing.remove(action.tx, action.caller, webhook_id, removed, errors)
    return Redirect(path_of(webhook_id), "Saved. What waits already is sent all the same.")


@pages.get(PATH + "/reroll", template="webhooks/reroll", role="leader")
def confirm_reroll(view: View, webhook_id: int) -> Values:
    return {
        "webhook": reading.show(view.tx, view.caller, webhook_id),
        "overlaps": OVERLAPS,
        "overlap_ends_at": secrets.overlap_ends_at(view.tx, view.caller, webhook_id),
    }


@pages.post(PATH + "/expire", role="leader", refused_on=PATH)
def expire(action: Action, webhook_id: int) -> Redirect:
    secrets.expire(action.tx, action.caller, webhook_id)
    return Redirect(path_of(webhook_id), "The overlap has ended. Only the new secret signs from now on.")


@pages.post(PATH + "/reroll", role="leader")
def reroll(action: Action, webhook_id: int) -> Redirect:
    params, errors = action.parse(WebhookReroll, resource="Webhook")
    secret = secrets.reroll(action.tx, action.caller, action.dependencies, webhook_id, params, errors).secret
    return Redirect(f"{path_of(webhook_id)}/secret", secret=secret)
