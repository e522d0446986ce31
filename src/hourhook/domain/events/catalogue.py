"""The names of all events, as webhooks subscribe to them (contract, webhook_events.md)."""

from collections.abc import Mapping
from typing import Annotated

from hourhook.delivery.event_log import EVERYTHING
from hourhook.domain.inputs.enums import KnownName
from hourhook.domain.inputs.lists import Several

PING = "webhook.ping"

# Each category with its events, in the order of the contract.
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

NAMES = tuple(f"{category}.{happening}" for category, happenings in _BY_CATEGORY.items() for happening in happenings)
# What a webhook may subscribe to; the ping needs no subscription, and has none.
SUBSCRIBABLE = (EVERYTHING, *NAMES)
# What a payload may be of.
TYPES = (*NAMES, PING)

Subscriptions = Annotated[list[str], Several(KnownName(255, is_name=True, options=SUBSCRIBABLE))]
Types = Annotated[list[str], Several(KnownName(255, is_name=True, options=TYPES))]
