"""Acts on a webhook: at once (ping, try now, enable, send once more), or after a page that says what will happen."""

from hourhook.delivery.history.lane_views import LaneView, read_lane_view
from hourhook.delivery.history.sequences import find_first_since, find_skipped
from hourhook.domain.payloads import recovery
from hourhook.domain.payloads.recovery import WebhookReplay
from hourhook.domain.webhooks import editing, states
from hourhook.errors import NotFound
from hourhook.store.transaction import Transaction
from hourhook.web.forms import read_key
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/integrations/webhooks/{webhook_id}"
pages = Pages()


def path_of(webhook_id: int) -> str:
    return PATH.format(webhook_id=webhook_id)


def require_lane(tx: Transaction, account_id: int, webhook_id: int) -> LaneView:
    """Return the view of a lane; raises ``NotFound``."""
    lane = read_lane_view(tx, account_id, webhook_id)
    if lane is None:
        raise NotFound
    return lane


@pages.post(PATH + "/ping", role="leader", refused_on=PATH)
def ping(action: Action, webhook_id: int) -> Redirect:
    states.ping(action.tx, action.caller, webhook_id)
    return Redirect(path_of(webhook_id), "A ping is on its way. The delivery log shows the answer.")


@pages.post(PATH + "/enable", role="leader", refused_on=PATH)
def enable(action: Action, webhook_id: int) -> Redirect:
    states.enable(action.tx, action.caller, action.dependencies, webhook_id)
    return Redirect(path_of(webhook_id), "The webhook is enabled. What waits is sent now.")


@pages.post(PATH + "/retry", role="leader", refused_on=PATH)
def retry(action: Action, webhook_id: int) -> Redirect:
    """Try the head at once."""
    head = require_lane(action.tx, action.caller.account_id, webhook_id).head
    if head is not None:
        recovery.retry(action.tx, action.caller, webhook_id, head.payload_id)
    return Redirect(path_of(webhook_id))


@pages.post(PATH + "/payloads/{payload_id}/send", role="leader", refused_on=PATH + "/payloads/{payload_id}")
def send(action: Action, webhook_id: int, payload_id: str) -> Redirect:
    """Send a settled payload once more, outside the order, or try the head."""
    recovery.retry(action.tx, action.caller, webhook_id, payload_id)
    return Redirect(f"{path_of(webhook_id)}/payloads/{payload_id}", "It is being sent.")


@pages.get(PATH + "/skip", template="webhooks/skip", role="leader")
def confirm_skip(view: View, webhook_id: int) -> Values | Redirect:
    lane = require_lane(view.tx, view.caller.account_id, webhook_id)
    if lane.state not in ("failing", "stalled") or lane.head is None:
        return Redirect(path_of(webhook_id), "There is nothing to skip: no payload is failing.")
    return {"webhook_id": webhook_id, "lane": lane}


@pages.post(PATH + "/skip", role="leader")
def skip(action: Action, webhook_id: int) -> Redirect:
    payload_id = read_key(action.fields.get("payload_id", ""))
    recovery.skip(action.tx, action.caller, webhook_id, payload_id)
    return Redirect(path_of(webhook_id), "Skipped. The next payload is sent now.")


@pages.get(PATH + "/replay", template="webhooks/replay", role="leader")
def confirm_replay(view: View, webhook_id: int) -> Values:
    """Ask where to start, and say how much would be sent from there."""
    lane = require_lane(view.tx, view.caller.account_id, webhook_id)
    row = lane.row
    text, number, start = view.argument("sequence").replace(",", "").strip(), None, None
    since = view.display.parse_local(view.argument("from"))
    if text.isascii() and text.isdigit() and len(text) < 19:
        number = int(text)
        start = min(max(number, row.first_sequence), row.last_sequence + 1)
    elif since is not None:
        start = find_first_since(view.tx, row, since)
    count, skipped_count = 0, 0
    if start is not None and start < row.head_sequence:
        count = row.last_sequence - start + 1
        skipped_count = len(find_skipped(view.tx, row, start, row.last_sequence))
    return {
        "webhook_id": webhook_id,
        "lane": lane,
        "start": start,
        "count": count,
        "skipped_count": skipped_count,
        "is_too_far_back": number is not None and start != number and start == row.first_sequence,
    }


@pages.post(PATH + "/replay", role="leader")
def replay(action: Action, webhook_id: int) -> Redirect:
    params, errors = action.parse(WebhookReplay, resource="Webhook")
    recovery.replay(action.tx, action.caller, webhook_id, params, errors)
    return Redirect(path_of(webhook_id), "The replay has begun.")


@pages.get(PATH + "/disable", template="webhooks/disable", role="leader")
def confirm_disable(view: View, webhook_id: int) -> Values:
    return {"webhook_id": webhook_id, "lane": require_lane(view.tx, view.caller.account_id, webhook_id)}


@pages.post(PATH + "/disable", role="leader")
def disable(action: Action, webhook_id: int) -> Redirect:
    states.disable(action.tx, action.caller, webhook_id)
    return Redirect(path_of(webhook_id), "The webhook is disabled.")


@pages.get(PATH + "/delete", template="webhooks/delete", role="leader")
def confirm_delete(view: View, webhook_id: int) -> Values:
    return {"webhook_id": webhook_id, "lane": require_lane(view.tx, view.caller.account_id, webhook_id)}


@pages.post(PATH + "/delete", role="leader")
def delete(action: Action, webhook_id: int) -> Redirect:
    name = require_lane(action.tx, action.caller.account_id, webhook_id).row.name
    editing.remove(action.tx, action.caller, webhook_id)
    return Redirect("/integrations/webhooks", f"Deleted the webhook {name}.")
