"""The names of all events that webhooks can subscribe to (``docs/api/events.md#event-names``)."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from hourhook.delivery.event_log import EVERYTHING
from hourhook.domain.inputs.enums import EnumField
from hourhook.domain.inputs.lists import ListField

PING = "webhook.ping"

# The events of each category, in the documented order.
_BY_CATEGORY: Mapping[str, tuple[str, ...]] = {
    "entry": (
        "created",
        "updated",
        "deleted",
        "updated.approved",
        "updated.unapproved",
        "updated.invoiced",
        "updated.uninvoiced",
    ),
    "tag": ("created", "updated", "deleted", "deleted.merged"),
    "project": ("created", "updated", "updated.archived", "updated.unarchived", "deleted", "deleted.merged"),
    "project_group": ("created", "updated", "deleted", "deleted.merged"),
    "invoice": ("created", "updated", "deleted", "updated.paid", "updated.unpaid"),
    "expense": ("created", "updated", "deleted"),
    "team": ("created", "updated", "deleted"),
    "user": ("created", "updated", "updated.deactivated", "updated.activated", "deleted"),
}

EVENT_TYPES = tuple(f"{category}.{action}" for category, actions in _BY_CATEGORY.items() for action in actions)
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
