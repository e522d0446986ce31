"""The events that a form offers: by category, each with all of them at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from hourhook.delivery.event_log import EVERYTHING
from hourhook.domain.events.catalogue import EVENT_TYPES


@dataclass(frozen=True, slots=True)
class EventGroup:
    """The events of one category."""

    category: str
    # Of one object, in words, with a capital.
    noun: str
    label: str
    types: Sequence[str]


GROUPS = [
    EventGroup(category, words.capitalize(), f"All {words} events", list(types))
    for category, types in groupby(EVENT_TYPES, key=lambda type: type.partition(".")[0])
    for words in [category.replace("_", " ")]
]


def chosen(values: Collection[str]) -> list[str]:
    """Return the events of a form: everything, whole categories (``entry.*``) and single events."""
    if EVERYTHING in values:
        return [EVERYTHING]
    types = {type for group in GROUPS if f"{group.category}.*" in values for type in group.types}
    return [type for type in EVENT_TYPES if type in types or type in values]
