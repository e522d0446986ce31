"""``/v2/tags``: tags, which come from the hashtags of descriptions (``docs/api/tags.md``)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.tags import editing, reading
from hourhook.domain.tags.editing import TagIds, TagMerge, TagsCreate, TagUpdate
from hourhook.domain.tags.reading import TagFilters
from hourhook.domain.tags.representations import Tag

endpoints = Endpoints(
    "Tags",
    resource="Tag",
    description="The hashtags of descriptions, which decide whether time is billable.",
)


@endpoints.get("/v2/tags")
def index(call: Call, params: TagFilters, errors: ValidationErrors) -> Page[Tag]:
    """List tags by name.

    Contractors see the tags used in their projects.
    """
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.post("/v2/tags")
def create_many(call: Call, params: TagsCreate, errors: ValidationErrors) -> Created[list[Tag]]:
    """Create tags.

    Returns the created ones. An account setting determines which roles may do this. Raises `tag.created` for each.
    """
    return Created(editing.create_many(call.tx, call.caller, params, errors), None)


@endpoints.get("/v2/tags/{tag_id}")
def show(call: Call, tag_id: int) -> Tag:
    """Show a tag."""
    return reading.show(call.tx, call.caller, tag_id)


@endpoints.put("/v2/tags/delete", role="leader")
def remove_many(call: Call, params: TagIds, errors: ValidationErrors) -> None:
    """Delete several tags.

    Raises the same events as deleting each one.
    """
    editing.remove_many(call.tx, call.caller, params, errors)


@endpoints.put("/v2/tags/{tag_id}", role="leader")
def rename(call: Call, tag_id: int, params: TagUpdate, errors: ValidationErrors) -> Tag:
    """Rename a tag, or make it billable or unbillable.

    Rewrites its hashtags in descriptions. Raises `tag.updated`, and `entry.updated` for each entry whose text changed.
    """
    return editing.rename(call.tx, call.caller, tag_id, params, errors)


@endpoints.put("/v2/tags/{tag_id}/merge", role="leader")
def merge(call: Call, tag_id: int, params: TagMerge, errors: ValidationErrors) -> None:
    """Merge another tag into this one (irreversible).

    Raises `entry.updated` for each entry of the other, `tag.updated` for this tag if its entries changed, and
    `tag.deleted` and `tag.deleted.merged` for the other.
    """
    editing.merge(call.tx, call.caller, tag_id, params, errors)


@endpoints.delete("/v2/tags/{tag_id}", role="leader")
def remove(call: Call, tag_id: int) -> None:
    """Delete a tag.

    Its hashtags in descriptions become plain words. Raises `entry.updated` for each of its entries, and `tag.deleted`.
    """
    editing.remove(call.tx, call.caller, tag_id)
