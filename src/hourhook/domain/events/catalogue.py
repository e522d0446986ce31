"""All events that webhooks can subscribe to, and when each is raised (``docs/api/events.md#event-names``)."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from hourhook.delivery.event_log import EVERYTHING
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

CATEGORIES = tuple(_BY_CATEGORY)
# When each event is raised, in one sentence.
SUMMARIES: Mapping[str, str] = {
    f"{category}.{action}": summary for category, actions in _BY_CATEGORY.items() for action, summary in actions.items()
}
EVENT_TYPES = tuple(SUMMARIES)
# The ping is not among them: it needs no subscription.
SUBSCRIBABLE_TYPES = (EVERYTHING, *EVENT_TYPES)
# The event types of payloads.
PAYLOAD_TYPES = (*EVENT_TYPES, PING)

# The names by which the feed is filtered: each event, a category as ``entry.*``, and all events as ``*``.
FAMILIES = tuple(f"{category}.*" for category in _BY_CATEGORY)
FEED_TYPES = (EVERYTHING, *FAMILIES, *EVENT_TYPES)

FeedTypes = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=FEED_TYPES))]
Subscriptions = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=SUBSCRIBABLE_TYPES))]
PayloadTypes = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=PAYLOAD_TYPES))]


def expand(names: Iterable[str]) -> frozenset[str] | None:
    """Return the event types that these names of the feed stand for; None for all of them."""
    names = {*names}
    if EVERYTHING in names:
        return None
    return frozenset(type for type in EVENT_TYPES if type in names or f"{type.partition('.')[0]}.*" in names)
