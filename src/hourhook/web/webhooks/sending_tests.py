"""``/integrations/webhooks/ID/test``: send a test event, whose example the page shows."""

import msgspec

from hourhook.domain.events.catalogue import LOGGED_TYPES, SUMMARIES
from hourhook.domain.events.schemas import payload_example
from hourhook.domain.webhooks import test_events
from hourhook.domain.webhooks.test_events import WebhookTest
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.webhooks.acting import PATH, path_of, require_lane

pages = Pages()


@pages.get(PATH + "/test", template="webhooks/test", role="leader")
def ask(view: View, webhook_id: int) -> Values:
    return {
        "webhook_id": webhook_id,
        "lane": require_lane(view.tx, view.caller.account_id, webhook_id),
        "types": [(type, type) for type in LOGGED_TYPES],
        **_example(view),
    }


@pages.get("/integrations/webhooks/example", template="webhooks/example", role="leader", is_bare=True)
def example(view: View) -> Values:
    """Show the example of an event while it is chosen."""
    return _example(view)


@pages.post(PATH + "/test", role="leader")
def send(action: Action, webhook_id: int) -> Redirect:
    params, errors = action.parse(WebhookTest, resource="Webhook")
    test_events.send(action.tx, action.caller, webhook_id, params, errors)
    return Redirect(path_of(webhook_id), "The test event is on its way. The delivery log shows the answer.")


def _example(view: View) -> Values:
    type = view.argument("type")
    type = type if type in LOGGED_TYPES else LOGGED_TYPES[0]
    body = msgspec.json.encode(payload_example(type, view.links.base_url))
    return {"type": type, "summary": SUMMARIES[type], "example": msgspec.json.format(body, indent=2).decode()}
