"""All events that webhooks can subscribe to, and when each is raised (``docs/api/events.md#event-names``)."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from hourhook.delivery.event_log import EVERYTHING, WEBHOOK_TYPES
from hourhook.domain.inputs.enums import EnumField
from hourhook.domain.inputs.lists import ListField

PING = "webhook.ping"

# The events of each category, in the documented order, and when each of them is raised.
_BY_CATEGORY: Mapping[str, Mapping[str, str]] = {
    "entry": {
        "created": "Time was logged, by hand, from a timer or from the inbox.",
        "updated": "An entry changed, in any way.",
        "deleted": "An entry was deleted.",
        "updated.approved": "An entry was approved.",
        "updated.unapproved": "The approval of an entry was withdrawn.",
        "updated.invoiced": "An entry was put on an invoice, or marked as invoiced.",
        "updated.uninvoiced": "An entry was taken off its invoice, or its invoice was deleted.",
    },
    "tag": {
        "created": "A tag was created, by itself or by its first use in a description.",
        "updated": "A tag changed, or another was merged into it.",
        "deleted": "A tag was deleted, or merged into another.",
        "deleted.merged": "A tag was merged into another.",
    },
    "project": {
        "created": "A project was created, by itself or by its first use in an entry.",
        "updated": "A project changed, in any way, or another was merged into it.",
        "updated.archived": "A project was archived.",
        "updated.unarchived": "An archived project was taken up again.",
        "deleted": "A project was deleted, or merged into another.",
        "deleted.merged": "A project was merged into another.",
    },
    "project_group": {
        "created": "A project group was created.",
        "updated": "A project group was renamed, or projects joined or left it.",
        "deleted": "A project group was deleted.",
        "deleted.merged": "A project group was merged into another, which no request of this API does.",
    },
    "invoice": {
        "created": "An invoice was created.",
        "updated": "An invoice changed, in any way; so did its amounts if its entries, expenses or taxes did.",
        "deleted": "An invoice was deleted.",
        "updated.paid": "An invoice was marked as paid.",
        "updated.unpaid": "An invoice was marked as unpaid.",
    },
    "expense": {
        "created": "An expense was created.",
        "updated": "An expense changed, or was put on or taken off an invoice.",
        "deleted": "An expense was deleted.",
    },
    "team": {
        "created": "A team was created.",
        "updated": "A team was renamed, or users joined or left it.",
        "deleted": "A team was deleted.",
    },
    "user": {
        "created": "A user was invited.",
        "updated": "A user changed, in any way.",
        "updated.deactivated": "A user was deactivated.",
        "updated.activated": "A user was activated.",
        "deleted": "A user was deleted.",
    },
}

# Events about webhooks themselves, for other webhooks that name them: ``*`` does not include them.
_ABOUT_WEBHOOKS: Mapping[str, str] = {
    "webhook.failing": "The next payload of a webhook has failed for an hour.",
    "webhook.stalled": "A webhook was not accepted for three days, and is no longer tried.",
    "webhook.disabled": "A webhook was disabled, by a user or because its receiver answered 410.",
    "webhook.recovered": "After one of the first two, a payload was accepted or skipped.",
}
CATEGORIES = tuple(_BY_CATEGORY)
# When each event is raised, in one sentence.
SUMMARIES: Mapping[str, str] = {
    **{
        f"{category}.{action}": summary
        for category, actions in _BY_CATEGORY.items()
        for action, summary in actions.items()
    },
    **_ABOUT_WEBHOOKS,
}
EVENT_TYPES = tuple(type for type in SUMMARIES if type not in WEBHOOK_TYPES)
# All that stand in the log.
LOGGED_TYPES = (*EVENT_TYPES, *WEBHOOK_TYPES)
# The ping is not among them: it needs no subscription.
SUBSCRIBABLE_TYPES = (EVERYTHING, *LOGGED_TYPES)
# The event types of payloads.
PAYLOAD_TYPES = (*LOGGED_TYPES, PING)

# The names by which the feed is filtered: each event, a category as ``entry.*``, and ``*`` as for webhooks.
FAMILIES = (*(f"{category}.*" for category in _BY_CATEGORY), "webhook.*")
FEED_TYPES = (EVERYTHING, *FAMILIES, *LOGGED_TYPES)

FeedTypes = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=FEED_TYPES))]
Subscriptions = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=SUBSCRIBABLE_TYPES))]
PayloadTypes = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=PAYLOAD_TYPES))]


def expand(names: Iterable[str]) -> frozenset[str]:
    """Return the event types that these names of the feed stand for, with ``*`` among them if it is one of them."""
    names = {*names}
    types = frozenset(type for type in LOGGED_TYPES if type in names or f"{type.partition('.')[0]}.*" in names)
    return types | ({EVERYTHING} & names)
