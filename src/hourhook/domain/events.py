"""The names of all events, as webhooks subscribe to them (contract, webhook_events.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from hourhook.delivery.log import EVERYTHING
from hourhook.domain.inputs import Faults
from hourhook.domain.kinds import Characters, Several

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


@dataclass(frozen=True)
class EventName(Characters):
    """The name of an event; read as any text, so that an unknown one is told apart from what is no name at all."""

    options: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.options]}


Subscriptions = Annotated[list[str], Several(EventName(255, is_name=True, options=SUBSCRIBABLE))]
Types = Annotated[list[str], Several(EventName(255, is_name=True, options=TYPES))]


def refuse_unknown(faults: Faults, field: str, names: Iterable[str], known: tuple[str, ...]) -> None:
    """Note ``missing`` for each of these names that no event has."""
    for place, name in enumerate(names):
        if name not in known:
            faults.add(f"{field}[{place}]", "missing")
