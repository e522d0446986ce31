"""Create, rename, merge and delete tags.

A merge completes within its request, so no tag is ever ``locked``.
"""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, delete, update

from hourhook.clock import format_timestamp
from hourhook.domain import hashtags
from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, Id, IdList, Inputs, Name, UnsetType, ValidationErrors
from hourhook.domain.inputs.lists import ListField
from hourhook.domain.inputs.texts import TextField
from hourhook.domain.invoices import side_effects
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleTag, summarize
from hourhook.domain.tags import reading, removing, rewriting, tagging
from hourhook.domain.tags.representations import Tag
from hourhook.store.schema import tags
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

# Any text is accepted; names that are not valid tags are skipped.
TagNames = Annotated[list[str], ListField(TextField(65_535))]

_NAME_MESSAGE = f"name must be 1 to {hashtags.MAX_LENGTH} letters, digits, _ or -, and may end with *."


class TagsCreate(Inputs):
    """Tags to create."""

    required: ClassVar = ("names",)
    names: (
        Annotated[
            TagNames, "A trailing `*` makes a tag unbillable. Existing tags and names that cannot be a tag are skipped."
        ]
        | UnsetType
    ) = UNSET


class TagUpdate(Inputs):
    """Changes to a tag."""

    name: Annotated[Name, "A trailing `*` makes the tag unbillable; without one it becomes billable."] | UnsetType = (
        UNSET
    )


class TagMerge(Inputs):
    """The tag to merge into the other one; it is deleted."""

    required: ClassVar = ("tag_id",)
    tag_id: Id | UnsetType = UNSET


class TagIds(Inputs):
    """The tags of a bulk action."""

    tag_ids: Annotated[IdList, "Unknown ones are skipped."] | UnsetType | None = UNSET


def create_many(tx: Transaction, caller: Caller, params: TagsCreate, errors: ValidationErrors) -> list[Tag]:
    """Create tags; returns the new ones, in the order of the request."""
    caller.require_role(caller.tag_creation_role)
    errors.raise_if_any()
    requested: dict[str, tuple[str, bool]] = {}
    for text in params.names or []:
        parsed = hashtags.parse_name(text)
        if parsed is not None:
            name, is_starred = parsed
            requested.setdefault(search_key(name), (name, not is_starred))
    for key in tagging.find_by_keys(tx, caller, [*requested]):
        del requested[key]
    created = tagging.create(tx, caller, [*requested.values()])
    for tag in created:
        recording.record_creation(tx, "tag", tag)
    return created


def rename(tx: Transaction, caller: Caller, id: int, params: TagUpdate, errors: ValidationErrors) -> Tag:
    """Change a tag's name or billability, and the hashtag in its entries."""
    before = _find_editable(tx, caller, id)
    name, billable = before.name, before.billable
    if params.name:
        parsed = hashtags.parse_name(params.name)
        if parsed is None:
            errors.add("name", "invalid", _NAME_MESSAGE)
        else:
            name, billable = parsed[0], not parsed[1]
            if any(tag.id != id for tag in tagging.find_by_keys(tx, caller, [search_key(name)]).values()):
                errors.add("name", "already_exists")
    errors.raise_if_any()
    if (name, billable) == (before.name, before.billable):
        return before
    after = msgspec.structs.replace(
        before,
        name=name,
        billable=billable,
        formatted_name=hashtags.format_name(name, billable),
        updated_at=format_timestamp(tx.event_time),
    )
    recalculated = {}
    if billable != before.billable:
        recalculated = side_effects.recalculate_as_if_tags(tx, [id], billable=billable)
    recording.record_update(tx, "tag", before, after)
    rewriting.rewrite(tx, caller, summarize(SimpleTag, before), summarize(SimpleTag, after))
    tx.execute(
        _RENAME,
        account=caller.account_id,
        id=id,
        name=name,
        name_key=search_key(name),
        billable=billable,
        now=tx.event_time,
    )
    side_effects.record_events(tx, caller, recalculated)
    return after


def merge(tx: Transaction, caller: Caller, id: int, params: TagMerge, errors: ValidationErrors) -> None:
    """Merge another tag into this one: its entries and hashtags become this one's, and it is deleted."""
    before = _find_editable(tx, caller, id)
    source = reading.find(tx, caller, params.tag_id) if params.tag_id else None
    if params.tag_id == id:
        errors.add("tag_id", "invalid", "A tag cannot be merged into itself: send the id of another one.")
    elif params.tag_id and source is None:
        errors.add("tag_id", "missing")
    errors.raise_if_any()
    assert source is not None
    recalculated = {}
    if source.billable != before.billable:
        recalculated = side_effects.recalculate_as_if_tags(tx, [source.id], billable=before.billable)
    rewriting.rewrite(tx, caller, summarize(SimpleTag, source), summarize(SimpleTag, before))
    side_effects.record_events(tx, caller, recalculated)
    after = reading.show(tx, caller, id)
    recording.record_update(tx, "tag", before, after)
    recording.record_deletion(tx, "tag", msgspec.structs.replace(source, entries=0), "merged")
    tx.execute(_DELETE, account=caller.account_id, id=source.id)


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a tag; its entries are kept, with the hashtags turned into plain words."""
    removing.remove(tx, caller, [_find_editable(tx, caller, id)])


def remove_many(tx: Transaction, caller: Caller, params: TagIds, errors: ValidationErrors) -> None:
    """Delete tags, in ascending id; unknown ones are skipped."""
    _require_permission(caller)
    errors.raise_if_any()
    for found in reading.find_in_batches(tx, caller, params.tag_ids or []):
        removing.remove(tx, caller, found)


def _find_editable(tx: Transaction, caller: Caller, id: int) -> Tag:
    tag = reading.show(tx, caller, id)
    _require_permission(caller)
    return tag


def _require_permission(caller: Caller) -> None:
    caller.require_role("leader")
    caller.require_role(caller.tag_creation_role)


_OF_ID = (tags.c.account_id == bindparam("account"), tags.c.id == bindparam("id"))

_RENAME = Statement(
    update(tags)
    .where(*_OF_ID)
    .values(
        name=bindparam("name"),
        name_key=bindparam("name_key"),
        billable=bindparam("billable"),
        updated_at=bindparam("now"),
    )
)

_DELETE = Statement(delete(tags).where(*_OF_ID))
