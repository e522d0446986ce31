"""Tell what an entry would become before it is created: its minutes, whether it is billable, and its new tags."""

from collections.abc import Sequence
from dataclasses import dataclass

from hourhook.domain.callers import Caller
from hourhook.domain.entries.representations import round_up
from hourhook.domain.hashtags import format_name
from hourhook.domain.summaries import SimpleProject
from hourhook.domain.tags import tagging
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class EntryPreview:
    """What ``editing.create`` would make of an entry."""

    minutes: int
    # Why it is not billable: the project, or hashtags.
    is_in_unbillable_project: bool
    unbillable_tags: Sequence[str]
    new_tags: Sequence[str]
    can_create_tags: bool


def preview(
    tx: Transaction, caller: Caller, minutes: int, project: SimpleProject | None, description: str
) -> EntryPreview:
    """Preview an entry, with at most one statement."""
    resolved = tagging.resolve(tx, caller, description)
    new = [(hashtag.name, not hashtag.is_starred) for hashtag in resolved.missing]
    known = [(tag.name, tag.billable) for tag in resolved.known.values()]
    return EntryPreview(
        minutes=round_up(minutes, project),
        is_in_unbillable_project=project is not None and not project.billable,
        unbillable_tags=[format_name(name, billable) for name, billable in (*known, *new) if not billable],
        new_tags=[format_name(name, billable) for name, billable in new],
        can_create_tags=tagging.can_create(caller),
    )
