"""The events that a form offers: by category, each with all of them at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from hourhook.delivery.event_log import EVERYTHING, WEBHOOK_TYPES
from hourhook.domain.events.catalogue import LOGGED_TYPES


@dataclass(frozen=True, slots=True)
class EventGroup:
    """The events of one category."""

    category: str
    # Of one object, in words, with a capital.
    resource: str
    label: str
    types: Sequence[str]


GROUPS = [
    EventGroup(category, words.capitalize(), f"All {words} events", list(types))
    for category, types in groupby(LOGGED_TYPES, key=lambda type: type.partition(".")[0])
    for words in [category.replace("_", " ")]
]


def chosen(values: Collection[str]) -> list[str]:
    """Return the events of a form: everything, whole categories (``entry.*``) and single events.

    Everything makes the others needless, except those about webhooks, which it does not include.
    """
    types = {type for group in GROUPS if f"{group.category}.*" in values for type in group.types}
    found = [type for type in LOGGED_TYPES if type in types or type in values]
    if EVERYTHING in values:
        return [EVERYTHING, *(type for type in found if type in WEBHOOK_TYPES)]
    return found
