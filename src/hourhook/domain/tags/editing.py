"""Creating, renaming, merging and deleting tags (contract, tags.md).

A merge is done within its request, so that no tag is ever found ``locked``.
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
from hourhook.domain.invoices import recalculation
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleTag, summarise
from hourhook.domain.tags import reading, removing, rewriting, tagging
from hourhook.domain.tags.representations import Tag
from hourhook.store.schema import tags
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

# Any text may be sent, since what cannot be a tag is skipped.
TagNames = Annotated[list[str], ListField(TextField(65_535))]


class NewTags(Inputs):
    """Tags to be created."""

    required: ClassVar = ("names",)
    names: (
        Annotated[
            TagNames, "A trailing `*` makes a tag unbillable. Existing tags and names that cannot be a tag are skipped."
        ]
        | UnsetType
    ) = UNSET


class TagChanges(Inputs):
    """What is to change of a tag."""

    name: Annotated[Name, "A trailing `*` makes the tag unbillable; without one it becomes billable."] | UnsetType = (
        UNSET
    )


class SwallowedTag(Inputs):
    """The tag that disappears in another."""

    required: ClassVar = ("tag_id",)
    tag_id: Id | UnsetType = UNSET


class TagIds(Inputs):
    """Which tags it is about."""

    tag_ids: Annotated[IdList, "Unknown ones are skipped."] | UnsetType | None = UNSET


def create_many(tx: Transaction, caller: Caller, params: NewTags, errors: ValidationErrors) -> list[Tag]:
    """Create tags; returns those that this made, in the order given."""
    caller.require_role(caller.tag_creation_role)
    errors.raise_if_any()
    wanted: dict[str, tuple[str, bool]] = {}
    for text in params.names or []:
        read = hashtags.parse_name(text)
        if read is not None:
            name, is_starred = read
            wanted.setdefault(search_key(name), (name, not is_starred))
    for key in tagging.find_by_keys(tx, caller, [*wanted]):
        del wanted[key]
    created = tagging.create(tx, caller, [*wanted.values()])
    for tag in created:
        recording.record_creation(tx, "tag", tag)
    return created


def rename(tx: Transaction, caller: Caller, id: int, params: TagChanges, errors: ValidationErrors) -> Tag:
    """Give a tag another name or billability, and its entries the new hashtag."""
    before = _find_editable(tx, caller, id)
    name, billable = before.name, before.billable
    if params.name:
        read = hashtags.parse_name(params.name)
        if read is None:
            errors.add("name", "invalid")
        else:
            name, billable = read[0], not read[1]
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
    if billable != before.billable:
        recalculation.recalculate_as_if_tags(tx, [id], billable=billable)
    recording.record_update(tx, "tag", before, after)
    rewriting.rewrite(tx, caller, summarise(SimpleTag, before), summarise(SimpleTag, after))
    tx.execute(
        _RENAME,
        account=caller.account_id,
        id=id,
        name=name,
        name_key=search_key(name),
        billable=billable,
        now=tx.event_time,
    )
    return after


def merge(tx: Transaction, caller: Caller, id: int, params: SwallowedTag, errors: ValidationErrors) -> None:
    """Fold another tag into this one: its entries and hashtags become this one's, and it is gone."""
    before = _find_editable(tx, caller, id)
    swallowed = reading.find(tx, caller, params.tag_id) if params.tag_id else None
    if params.tag_id == id:
        errors.add("tag_id", "invalid")
    elif params.tag_id and swallowed is None:
        errors.add("tag_id", "missing")
    errors.raise_if_any()
    assert swallowed is not None
    if swallowed.billable != before.billable:
        recalculation.recalculate_as_if_tags(tx, [swallowed.id], billable=before.billable)
    rewriting.rewrite(tx, caller, summarise(SimpleTag, swallowed), summarise(SimpleTag, before))
    after = reading.show(tx, caller, id)
    recording.record_update(tx, "tag", before, after)
    recording.record_deletion(tx, "tag", msgspec.structs.replace(swallowed, entries=0), "merged")
    tx.execute(_DELETE, account=caller.account_id, id=swallowed.id)


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a tag; the entries stay, and its hashtags become plain words."""
    removing.remove(tx, caller, [_find_editable(tx, caller, id)])


def remove_many(tx: Transaction, caller: Caller, params: TagIds, errors: ValidationErrors) -> None:
    """Delete tags, in ascending id; unknown ones are skipped."""
    _require_right(caller)
    errors.raise_if_any()
    for found in reading.find_in_batches(tx, caller, params.tag_ids or []):
        removing.remove(tx, caller, found)


def _find_editable(tx: Transaction, caller: Caller, id: int) -> Tag:
    tag = reading.show(tx, caller, id)
    _require_right(caller)
    return tag


def _require_right(caller: Caller) -> None:
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
