"""The names of all events that webhooks can subscribe to (``docs/api/events.md#event-names``)."""

from collections.abc import Mapping
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

Subscriptions = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=SUBSCRIBABLE_TYPES))]
PayloadTypes = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=PAYLOAD_TYPES))]
